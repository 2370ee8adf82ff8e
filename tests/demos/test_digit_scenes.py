"""The scenes of `jumok demo digits`: annotations say what is painted, and test scenes hold handwriting never seen."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import yaml
from PIL import Image

from jumok.data.annotations.coco.reading import read_coco
from jumok.data.images.mask_images import read_mask
from jumok.demos import digits
from jumok.demos.scenes import BRIGHTNESS, render_digit
from jumok.experiment.sources import SourceOptions
from read_sources import check_annotations

OUTPUTS = ["boxes", "mask", "text"]
FEW = {"train": 12, "valid": 3, "test": 4}
each_output = pytest.mark.parametrize("output", OUTPUTS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder for each output, with a few scenes."""
    folder = tmp_path_factory.mktemp("digits")
    tasks = {name: replace(task, scenes=FEW) for name, task in digits.TASKS.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits, "TASKS", tasks)
        return {output: digits.write(folder / output, output).parent for output in OUTPUTS}


@pytest.fixture
def few_scenes(monkeypatch):
    tasks = {name: replace(task, scenes=FEW) for name, task in digits.TASKS.items()}
    monkeypatch.setattr(digits, "TASKS", tasks)


def annotated(folder):
    """The parts as the experiment file names them."""
    options = yaml.safe_load((folder / "experiment.yaml").read_text(encoding="utf-8"))["data"]
    paths = ("coco", "masks", "images")
    return {
        part: SourceOptions(
            **{name: folder / value if name in paths else value for name, value in source.items()}
        ).read()
        for part, source in options.items()
    }


def table(folder, part):
    header, *lines = (folder / "data" / f"{part}.tsv").read_text(encoding="utf-8").splitlines()
    assert header == "scene\tnumber"
    return [line.split("\t") for line in lines]


def test_the_handwriting_is_there():
    writing = digits.handwriting()
    assert writing.grey.shape == (1797, 8, 8) and writing.grey.min() == 0 and writing.grey.max() == 1
    assert set(writing.labels.tolist()) == set(range(10))
    brightness = [writing.grey[writing.labels == label].mean(0) for label in range(10)]
    assert brightness[0][3:5, 3:5].max() < 0.2 < brightness[1][3:5, 3:5].min(), "a 0 is open, a 1 is not"


def test_no_handwriting_is_in_two_parts():
    labels = digits.handwriting().labels
    parts = digits.split_rows(labels)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(1797))
    for name, rows in parts.items():
        counts = Counter(labels[rows].tolist())
        assert all(
            abs(counts[label] - digits.SPLIT_SHARES[name] * (labels == label).sum()) <= 1
            for label in range(10)
        )


def test_scenes_are_painted_with_the_handwriting_of_their_part(monkeypatch, few_scenes):
    writing, shown = digits.handwriting(), []
    monkeypatch.setattr(
        "jumok.demos.scenes.render_digit", lambda grey, *rest: shown.append(grey) or render_digit(grey, *rest)
    )
    parts = digits.split_rows(writing.labels)
    for output in OUTPUTS:
        for part, rows in parts.items():
            shown.clear()
            list(digits.scenes(output, part))
            known = {writing.grey[row].tobytes() for row in rows}
            assert shown and {grey.tobytes() for grey in shown} <= known


@each_output
def test_there_are_enough_scenes(output):
    counts = digits.TASKS[output].scenes
    assert counts["train"] >= 1000 and counts["valid"] >= 200 and counts["test"] >= 300


@each_output
def test_the_same_seed_gives_the_same_scenes(output, few_scenes):
    first, second = list(digits.scenes(output, "test")), list(digits.scenes(output, "test"))
    assert all(np.array_equal(one.pixels, other.pixels) for one, other in zip(first, second, strict=True))
    assert [digits.number_in(one) for one in first] == [digits.number_in(one) for one in second]
    other = list(digits.scenes(output, "test", seed=2))
    assert not any(np.array_equal(one.pixels, two.pixels) for one, two in zip(first, other, strict=True))
    valid = list(digits.scenes(output, "valid"))
    assert not np.array_equal(first[0].pixels, valid[0].pixels)


@each_output
def test_digits_stand_out_and_do_not_touch(output, few_scenes):
    height, width = digits.TASKS[output].size
    for scene in digits.scenes(output, "train"):
        assert scene.pixels.shape == (height, width, 3) and scene.pixels.dtype == np.uint8
        assert digits.TASKS[output].digits[0] <= len(scene.digits) <= digits.TASKS[output].digits[1]
        assert (scene.mask > 0).sum() == sum(digit.covered.sum() for digit in scene.digits)
        brightness = scene.pixels @ BRIGHTNESS
        for digit in scene.digits:
            x1, y1, x2, y2 = digit.box
            assert 0 < x1 < x2 < width and 0 < y1 < y2 < height
            assert all(digit.covered.any(axis)[[0, -1]].all() for axis in (0, 1)), "a box is tight"
            around = brightness[y1:y2, x1:x2][scene.mask[y1:y2, x1:x2] == 0]
            ink = brightness[y1:y2, x1:x2][digit.covered]
            assert abs(np.median(ink) - np.median(around)) > 30


def test_boxes_surround_the_digits(folders, few_scenes):
    for part, count in FEW.items():
        data = read_coco(folders["boxes"] / "data" / f"{part}.json", folders["boxes"] / "data" / "images")
        assert data.names == tuple("0123456789") and len(data.images) == count
        for image, scene in zip(data.images, digits.scenes("boxes", part), strict=True):
            assert np.array_equal(np.asarray(Image.open(image.path)), scene.pixels)
            assert [one.box for one in image.annotations] == [digit.box for digit in scene.digits]
            for one in image.annotations:
                x1, y1, x2, y2 = map(int, one.box)
                inside = scene.mask[y1:y2, x1:x2] == int(one.name) + 1
                assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


def test_masks_agree_with_boxes(folders, few_scenes):
    data = annotated(folders["mask"])["test"]
    assert data.names == ("background", *"0123456789")
    for image, scene in zip(data.images, digits.scenes("mask", "test"), strict=True):
        mask = read_mask(image.mask).copy()
        for digit in scene.digits:
            x1, y1, x2, y2 = digit.box
            assert (mask[y1:y2, x1:x2][digit.covered] == digit.label + 1).all()
            mask[y1:y2, x1:x2][digit.covered] = 0
        assert not mask.any()


def test_texts_are_the_digits_from_left_to_right(folders, few_scenes):
    for part, count in FEW.items():
        rows = table(folders["text"], part)
        assert len(rows) == count
        for (path, number), scene in zip(rows, digits.scenes("text", part), strict=True):
            assert np.array_equal(np.asarray(Image.open(folders["text"] / "data" / path)), scene.pixels)
            ordered = sorted(scene.digits, key=lambda digit: digit.left)
            assert number == "".join(str(digit.label) for digit in ordered)
            edges = [edge for digit in ordered for edge in (digit.box[0], digit.box[2])]
            assert edges == sorted(edges) and 1 <= len(number) <= 5


@pytest.mark.parametrize("output", ["boxes", "mask"])
def test_annotations_have_no_faults(folders, output):
    assert check_annotations(annotated(folders[output])) == ([], [])


@each_output
def test_writing_again_keeps_what_the_user_changed(folders, output, tmp_path):
    file = tmp_path / "experiment.yaml"
    file.write_text("# mine\n", encoding="utf-8")
    assert digits.write(tmp_path, output) == file and file.read_text(encoding="utf-8") == "# mine\n"


def test_numbers_for_testing_are_of_all_lengths(monkeypatch):
    tasks = {"text": replace(digits.TASKS["text"], scenes={"train": 100, "valid": 0, "test": 100})}
    monkeypatch.setattr(digits, "TASKS", tasks)
    counts = {
        part: Counter(len(scene.digits) for scene in digits.scenes("text", part))
        for part in tasks["text"].scenes
    }
    assert all(12 <= counts["test"][length] <= 40 for length in range(1, 5)), counts
    assert counts["train"][1] >= 33 and min(counts["train"].values()) >= 4, counts
