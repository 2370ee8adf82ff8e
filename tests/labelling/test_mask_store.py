"""Masks that are labelled: pixels get other values where they were painted, and all else stays to the byte."""

import base64
import errno
import io
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image, ImageOps, PngImagePlugin

from jumok import files
from jumok.data.annotations.masks.class_masks import mask_classes
from jumok.errors import DataError, RunError
from jumok.experiment import read_experiment
from jumok.experiment.sources import SourceOptions
from jumok.labelling.contract import LabelConflict
from jumok.labelling.files.png_chunks import chunks_of
from jumok.labelling.masks.store import MaskStore, open_mask_folder, open_masks

NAMES = ("background", "cat", "dog")
SIZE = (6, 4)  # width and height
CLASSES = np.arange(24, dtype=np.uint8).reshape(4, 6) % 3


def loaded(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(path.read_bytes()))


def pixels_of(marks: Mapping[str, Any]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(marks["mask"]))))


def as_marks(classes: np.ndarray) -> dict[str, Any]:
    out = io.BytesIO()
    Image.fromarray(classes.astype(np.uint8)).save(out, "PNG")
    return {"mask": base64.b64encode(out.getvalue()).decode()}


def paint(store: MaskStore, key: str, classes: np.ndarray) -> None:
    store.write(key, store.read(key).version, as_marks(classes))


def palette_image(values: np.ndarray, count: int = 256) -> Image.Image:
    image = Image.frombytes("P", values.shape[::-1], values.astype(np.uint8).tobytes())
    image.putpalette([7 * n % 256 for n in range(3 * count)])
    return image


COLOURS = {"background": (0, 0, 0), "cat": (250, 10, 10), "dog": (10, 20, 250)}
LOOKED_UP = np.array(list(COLOURS.values()), np.uint8)
MODES: dict[str, tuple[Any, Callable[[np.ndarray], Image.Image]]] = {
    "gray": (NAMES, Image.fromarray),
    "values": (
        {"background": 10, "cat": 200, "dog": 30},
        lambda c: Image.fromarray(np.array([10, 200, 30], np.uint8)[c]),
    ),
    "palette": (NAMES, palette_image),
    "short palette": (NAMES, lambda c: palette_image(c % 2, 2)),
    "gray as RGB": (NAMES, lambda c: Image.fromarray(np.stack([c] * 3, -1))),
    "gray with transparency": (NAMES, lambda c: Image.fromarray(np.stack([c, c + 100], -1), "LA")),
    "16 bits": (NAMES, lambda c: Image.fromarray(c.astype(np.uint16))),
    "colours": (COLOURS, lambda c: Image.fromarray(LOOKED_UP[c])),
    "colours with transparency": (COLOURS, lambda c: Image.fromarray(np.dstack([LOOKED_UP[c], c * 9]))),
    "colours of a palette": (COLOURS, lambda c: Image.fromarray(LOOKED_UP[c]).quantize(8)),
    "one bit": (NAMES[:2], lambda c: Image.fromarray(c == 1)),
    "black and white": (NAMES[:2], lambda c: Image.fromarray((c == 1).astype(np.uint8) * 255)),
}


def make(folder: Path, mode: str = "gray", count: int = 2) -> SourceOptions:
    classes, draw = MODES[mode]
    for number in range(count):
        for name in ("images", "masks"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", SIZE, (9 * number, 8, 7)).save(folder / "images" / f"{number}.jpg")
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", "drawn by hand")
        draw(CLASSES).save(folder / "masks" / f"{number}.png", pnginfo=info, dpi=(72, 72))
    return SourceOptions(masks=folder / "masks", images=folder / "images", classes=classes)


def as_training_reads(source: SourceOptions, path: Path) -> np.ndarray:
    data = source.read()
    return mask_classes(path, data.classes, data.ignore)


@pytest.mark.parametrize("mode", MODES)
def test_a_mask_keeps_its_mode_its_chunks_and_the_values_of_other_pixels(tmp_path: Path, mode: str):
    source = make(tmp_path, mode)
    store, path = open_masks(source), tmp_path / "masks" / "0.png"
    before, raw = path.read_bytes(), loaded(path)
    was = np.asarray(raw)
    classes = pixels_of(store.read("0.jpg").marks)
    assert store.write("0.jpg", store.read("0.jpg").version, as_marks(classes)).state == "labelled"
    assert path.read_bytes() == before, "what is not changed is not written"
    new = classes.copy()
    new[1, 2:5] = 1
    new[3, 0] = len(source.classes or ()) - 1
    after = store.write("0.jpg", store.read("0.jpg").version, as_marks(new))
    assert (pixels_of(after.marks) == new).all() and after.version == store.read("0.jpg").version
    assert (pixels_of(store.read("0.jpg").marks) == new).all()
    now = loaded(path)
    assert now.mode == raw.mode and now.info["Comment"] == "drawn by hand"
    assert (np.asarray(now)[new == classes] == was[new == classes]).all()
    texts = {chunk.raw for chunk in chunks_of(before) if chunk.type in (b"tEXt", b"pHYs")}
    assert texts <= {chunk.raw for chunk in chunks_of(path.read_bytes())} and len(texts) == 2
    if mode != "black and white":  # which readers recognize by all masks together
        assert (as_training_reads(source, path) == new).all()
    assert (tmp_path / "masks" / "1.png").read_bytes() == before
    paint(store, "0.jpg", classes)
    assert (np.asarray(loaded(path)) == was).all()


@pytest.mark.parametrize("turn", range(2, 9))
def test_masks_and_images_that_are_stored_turned_are_labelled_as_shown(tmp_path: Path, turn: int):
    source = make(tmp_path, count=1)
    exif = Image.Exif()
    exif[0x0112] = turn
    image, mask = tmp_path / "images" / "0.jpg", tmp_path / "masks" / "0.png"
    for path in (image, mask):
        loaded(path).save(path, exif=exif)
    store = open_masks(source)
    shown = np.asarray(ImageOps.exif_transpose(loaded(mask)))
    assert (pixels_of(store.read("0.jpg").marks) == shown).all()
    new = shown.copy()
    new[0, 1:] = 2
    paint(store, "0.jpg", new)
    assert (np.asarray(ImageOps.exif_transpose(loaded(mask))) == new).all()
    assert loaded(mask).size == SIZE and (as_training_reads(source, mask) == new).all()


def test_pixels_without_a_class_are_told_apart_from_those_of_a_class(tmp_path: Path):
    store, path = open_masks(make(tmp_path)), tmp_path / "masks" / "0.png"
    new = CLASSES.copy()
    new[0] = 255
    paint(store, "0.jpg", new)
    assert (np.asarray(loaded(path)) == new).all()
    assert (pixels_of(store.read("0.jpg").marks) == new).all()
    store = open_masks(
        SourceOptions(masks=path.parent, images=tmp_path / "images", classes=NAMES, ignore=None)
    )
    with pytest.raises(DataError, match="ignore: null"):
        paint(store, "1.jpg", new)
    odd = np.array(loaded(path))
    odd[1, 1] = 77  # of no class
    Image.fromarray(odd).save(path)
    assert pixels_of(store.read("0.jpg").marks)[1, 1] == 255
    odd[2, 2] = 1
    marks = pixels_of(store.read("0.jpg").marks).copy()
    marks[2, 2] = 1
    paint(store, "0.jpg", marks)
    assert (np.asarray(loaded(path)) == odd).all(), "a value that nobody knows stays"


def test_states_are_told_by_what_is_painted(tmp_path: Path):
    store = open_masks(make(tmp_path, count=3))
    paint(store, "0.jpg", np.zeros_like(CLASSES))
    paint(store, "1.jpg", np.full_like(CLASSES, 255))
    told = [("empty", ("background",)), ("unlabelled", ()), ("labelled", NAMES)]
    assert [(item.state, item.classes) for item in store.items()][:2] == told[:2]
    store.looks.wait()
    assert [(item.state, item.classes) for item in store.items()] == told
    assert store.changed() == {"2.jpg"} and store.changed() == frozenset(), "what was found out is news, once"
    again = open_masks(SourceOptions(masks=store.place, images=tmp_path / "images", classes=NAMES))
    assert again.items()[2].state == "labelled"  # until it is known
    again.looks.wait()
    assert [(item.state, item.classes) for item in again.items()] == told
    assert again.changed() == {"0.jpg", "1.jpg", "2.jpg"}, "the classes of each mask are news"


def test_an_image_without_a_mask_gets_one_like_the_others(tmp_path: Path):
    for mode in ("palette", "gray", "colours"):
        source = make(tmp_path / mode, mode)
        masks = tmp_path / mode / "masks"
        for number in range(2):
            os.rename(masks / f"{number}.png", masks / f"{number}_mask.png")
        Image.new("RGB", SIZE).save(tmp_path / mode / "images" / "new.png")
        store = open_masks(source)
        assert [item.state for item in store.items()] == ["labelled", "labelled", "unlabelled"]
        assert store.read("new.png").version == "" and store.read("new.png").marks == {"mask": None}
        paint(store, "new.png", CLASSES)
        one, other = loaded(masks / "0_mask.png"), loaded(masks / "new_mask.png")
        assert one.mode == other.mode and one.getpalette() == other.getpalette()
        assert [image.name for image in source.read().images] == ["0.jpg", "1.jpg", "new.png"]
        assert not source.read().faults
        assert (as_training_reads(source, masks / "new_mask.png") == CLASSES).all()
        store.write("new.png", store.read("new.png").version, {"mask": None})
        assert not (masks / "new_mask.png").exists()
        with pytest.raises(DataError, match="not removed"):
            store.write("0.jpg", store.read("0.jpg").version, {"mask": None})


@pytest.mark.parametrize("separator", [" ", "\t", ", "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_gets_a_line_for_a_new_mask(tmp_path: Path, separator: str, end: str):
    make(tmp_path, count=3)
    listed = tmp_path / "train.txt"
    lines = [f"images/{n}.jpg{separator}masks/{n}.png" for n in range(2)]
    listed.write_bytes(b"\xef\xbb\xbf" + end.join(["", *lines]).encode())
    os.remove(tmp_path / "masks" / "2.png")
    Image.new("RGB", SIZE, "red").save(tmp_path / "images" / "with blank.png")
    source = SourceOptions(masks=listed, classes=NAMES)
    store = open_masks(source, excluded=[tmp_path / "images" / "other.jpg"])
    assert [(item.key, item.state) for item in store.items()] == [
        ("images/0.jpg", "labelled"),
        ("images/1.jpg", "labelled"),
        ("images/2.jpg", "unlabelled"),
        ("images/with blank.png", "unlabelled"),
    ]
    store.looks.wait()
    before = listed.read_bytes()
    paint(store, "images/2.jpg", CLASSES)
    paint(store, "images/with blank.png", CLASSES)
    paint(store, "images/2.jpg", np.zeros_like(CLASSES))
    added = listed.read_bytes().removeprefix(before)
    assert added.startswith(f"{end}images/2.jpg{separator.strip() or separator}masks/2.png".encode())
    assert added.count(b"\n") == 2 and not added.endswith(b"\n")
    data = source.read()
    assert not data.faults and [image.path.name for image in data.images][2:] == ["2.jpg", "with blank.png"]
    store.write("images/2.jpg", store.read("images/2.jpg").version, {"mask": None})
    assert [image.path.name for image in source.read().images] == ["0.jpg", "1.jpg", "with blank.png"]
    assert store.items()[-1].key == "images/2.jpg"


def test_what_others_change_is_noticed_and_not_overwritten(tmp_path: Path):
    source = make(tmp_path)
    one, two = open_masks(source), open_masks(source)
    version = two.read("0.jpg").version
    paint(one, "0.jpg", np.zeros_like(CLASSES))
    with pytest.raises(LabelConflict) as raised:
        two.write("0.jpg", version, as_marks(CLASSES))
    assert (pixels_of(raised.value.current.marks) == 0).all()
    assert two.changed() == {"0.jpg"} and one.changed() == frozenset()
    assert (
        two.write("0.jpg", version, as_marks(np.zeros_like(CLASSES))).state == "empty"
    )  # a page that sends it twice
    Image.new("RGB", SIZE).save(tmp_path / "images" / "late.jpg")
    os.remove(tmp_path / "masks" / "1.png")
    assert two.changed() == {"1.jpg", "late.jpg"}
    assert {item.key: item.state for item in two.items()}["1.jpg"] == "unlabelled"


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = open_masks(make(tmp_path))
    before, version = (tmp_path / "masks" / "0.png").read_bytes(), store.read("0.jpg").version

    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(RunError, match="No space left"):
        patch.setattr(files, "write_synced", full)
        store.write("0.jpg", version, as_marks(np.zeros_like(CLASSES)))
    assert (tmp_path / "masks" / "0.png").read_bytes() == before
    assert sorted(os.listdir(tmp_path / "masks")) == ["0.png", "1.png"]
    assert store.write("0.jpg", version, as_marks(np.zeros_like(CLASSES))).state == "empty"


def test_what_does_not_fit_is_refused_in_a_sentence(tmp_path: Path):
    source = make(tmp_path)
    store = open_masks(source)
    version = store.read("0.jpg").version
    for marks, why in (
        (as_marks(CLASSES[:2]), "gray of 6 × 4"),
        (as_marks(CLASSES + 1), "there are 3"),
        ({"mask": "!"}, "base64"),
        ({}, "PNG or null"),
    ):
        with pytest.raises(DataError, match=why):
            store.write("0.jpg", version, marks)
    Image.new("L", (3, 3)).save(tmp_path / "masks" / "1.png")
    assert "is 3 × 3, but its image is 6 × 4" in store.read("1.jpg").problems[0]
    with pytest.raises(DataError, match="3 × 3"):
        store.write("1.jpg", store.read("1.jpg").version, as_marks(CLASSES))
    with pytest.raises(DataError, match="classes:"):
        store.add_class("bird")
    with pytest.raises(DataError, match="no image"):
        store.read("../secret.png")
    with pytest.raises(DataError, match="instances"):
        open_masks(SourceOptions(masks=tmp_path / "masks", classes=["cell"], instances=True))
    bits = make(tmp_path / "bits", "one bit")
    with pytest.raises(DataError, match="more bits"):
        paint(open_masks(bits.model_copy(update={"classes": NAMES})), "0.jpg", np.full_like(CLASSES, 2))


@pytest.mark.parametrize("inner", ["images", "."])
def test_a_new_folder_is_found_by_a_new_experiment_and_training_reads_it(tmp_path: Path, inner: str, jumok):
    folder = tmp_path / "photos"
    (folder / inner).mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", SIZE, (90 * number, 8, 7)).save(folder / inner / f"{number}.jpg")
    store = open_mask_folder(folder, ["cat"])
    assert store.classes() == ("background", "cat") and store.add_class("dog") == NAMES
    keys = [item.key for item in store.items()]
    assert {item.state for item in store.items()} == {"unlabelled"} and len(keys) == 3
    for key in keys[:2]:
        paint(store, key, CLASSES)
    again = open_mask_folder(folder, ["cat", "dog"])
    assert [again.read(key).state for key in keys] == ["labelled", "labelled", "unlabelled"]
    made = jumok("new", tmp_path / "x.yaml", "--data", folder)
    assert made.status == 0, made.talk
    said = yaml.safe_load((tmp_path / "x.yaml").read_text())["data"]["train"]
    assert said["masks"] == "photos/train.txt" and len(said["classes"]) == 3
    experiment = read_experiment(tmp_path / "x.yaml")
    data = experiment.data.train.read()
    assert not data.faults and len(data.images) == 2
    assert (mask_classes(data.images[0].mask, data.classes, data.ignore) == CLASSES).all()
    source = store.snapshot(tmp_path / "shot")
    data = SourceOptions(**source).read()
    assert not data.faults and len(data.images) == 2
    assert (mask_classes(data.images[1].mask, data.classes, data.ignore) == CLASSES).all()


def test_a_mask_whose_line_was_not_written_any_more_is_shown_and_kept(tmp_path: Path):
    for number in range(2):
        Image.new("RGB", SIZE).save(tmp_path / f"{number}.jpg")
    store = open_mask_folder(tmp_path, ["cat", "dog"])
    paint(store, "0.jpg", CLASSES)
    os.remove(tmp_path / "train.txt")  # as if it had been killed before
    again = open_mask_folder(tmp_path, ["cat", "dog"])
    marks = again.read("0.jpg")
    assert marks.state == "unlabelled" and (pixels_of(marks.marks) == CLASSES).all()
    with pytest.raises(LabelConflict):
        again.write("0.jpg", "", as_marks(np.zeros_like(CLASSES)))
    assert again.write("0.jpg", marks.version, marks.marks).state == "labelled"
    assert (tmp_path / "train.txt").read_text() == "0.jpg\tmasks/0.png\n"


def test_ten_thousand_masks_open_and_are_written_in_little_time(tmp_path: Path):
    source = make(tmp_path, count=1)
    for number in range(1, 10_000):
        for name in ("images/0.jpg", "masks/0.png"):
            place = tmp_path / name
            os.link(place, place.with_stem(str(number)))
    began = time.process_time()
    store = open_masks(source)
    assert len(store.items()) == 10_000
    version, opening = store.read("77.jpg").version, time.process_time() - began
    store.write("77.jpg", version, as_marks(np.zeros_like(CLASSES)))
    written = time.process_time() - began - opening
    assert opening < 5 and written < 0.5


def test_camvid_goes_through_byte_for_byte(tmp_path: Path):
    camvid = Path(__file__).parents[2] / "data" / "camvid"
    if not camvid.exists():
        pytest.skip("the data set is not here")
    lines = (camvid / "val.txt").read_text().splitlines(keepends=True)[:6]
    for name in (name for line in lines for name in line.split()):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(camvid / name, tmp_path / name)
    (tmp_path / "val.txt").write_text("".join(lines[:5]))
    classes = ["sky", *(f"class {number}" for number in range(1, 11))]
    store = open_masks(SourceOptions(masks=tmp_path / "val.txt", classes=classes, ignore=11))
    keys = [item.key for item in store.items()]
    assert keys == [line.split()[0] for line in lines]
    for key in keys[:5]:
        marks = store.read(key)
        assert (
            marks.state == "labelled"
            and store.write(key, marks.version, marks.marks).version == marks.version
        )
    assert (tmp_path / "val.txt").read_text() == "".join(lines[:5])
    for line in lines:
        mask = line.split()[1]
        assert (tmp_path / mask).read_bytes() == (camvid / mask).read_bytes()
    store.write(keys[5], store.read(keys[5]).version, store.read(keys[5]).marks)
    assert (tmp_path / "val.txt").read_text() == "".join(lines)
    assert (tmp_path / lines[5].split()[1]).read_bytes() == (camvid / lines[5].split()[1]).read_bytes()
