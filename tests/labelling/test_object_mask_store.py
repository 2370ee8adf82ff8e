"""Folders of one mask for each object: what is not changed keeps its bytes, the rest is painted as it was drawn."""

import errno
import json
import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edited_objects import edits, new_box, new_outline
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, PngImagePlugin

from image_sets import save_image, save_object_mask
from jumok import files
from jumok.data.annotations.masks.object_masks import read_object_masks
from jumok.data.annotations.segmentation import covered, polygon_bounds
from jumok.data.annotations.shapes import painted_bounds
from jumok.errors import DataError, RunError
from jumok.experiment.sources import SourceOptions
from jumok.labelling.contract import LabelConflict
from jumok.labelling.files import changes as file_changes
from jumok.labelling.files.changes import LIST_NAME
from jumok.labelling.files.guarded_file import ChangedMeanwhile
from jumok.labelling.masks.outlines import outline_of_mask
from jumok.labelling.object_masks.store import ObjectMaskStore, object_mask_store
from jumok.labelling.objects.annotation_store import same_marks
from jumok.labelling.objects.marks import objects_from_json
from jumok.labelling.opening import open_folder
from label_files import write_beside

KINDS = ("own", "flat")
TRIANGLE = [10, 10, 30, 10, 30, 30.5]


def made(kind: str, folder: Path) -> Path:
    """a: two objects and a cat; b: empty; c: no masks; d: an object with a hole, in a mask of another mode."""
    masks = {name: folder / (f"{name}/masks" if kind == "own" else "masks") for name in "abcd"}
    for seed, name in enumerate("abcd"):
        images = folder / (f"{name}/images" if kind == "own" else "images")
        save_image(images / f"{name}.png", seed=seed)
    begin = "" if kind == "own" else "a_"
    save_object_mask(masks["a"] / f"{begin}1.png", (2, 3, 12, 8))
    save_object_mask(masks["a"] / f"{begin}2.png", (30, 20, 34, 28), (50, 1, 60, 2))
    save_object_mask(masks["a"] / "cat" / f"{begin}1.png", (30, 20, 34, 28))
    (masks["b"] / ("" if kind == "own" else "b")).mkdir(parents=True, exist_ok=True)
    (masks["d"]).mkdir(exist_ok=True)
    mask = np.zeros((48, 64), np.uint8)
    mask[5:20, 5:20] = 7
    mask[8:12, 8:12] = 0
    said = PngImagePlugin.PngInfo()
    said.add_text("seen", "twice")
    image = Image.fromarray(mask).convert("P")
    image.putpalette([0, 0, 0] * 7 + [200, 30, 30])
    image.save(masks["d"] / ("x.png" if kind == "own" else "d_x.png"), pnginfo=said)
    return folder


def opened(kind: str, folder: Path) -> ObjectMaskStore:
    return object_mask_store(made(kind, folder))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()
    }


def marks_of(store: ObjectMaskStore, key: str) -> list[dict[str, Any]]:
    return json.loads(json.dumps(store.read(key).marks))["objects"]


def write(store: ObjectMaskStore, key: str, objects: list[dict[str, Any]]):
    return store.write(key, store.read(key).version, {"objects": objects})


def pixels(objects: list[dict[str, Any]]) -> list[tuple[str, bytes]]:
    """What objects are painted as."""
    return sorted(
        (one["class"], covered(tuple(map(tuple, one["polygons"])), 64, 48).tobytes()) for one in objects
    )


def trained(folder: Path, key: str) -> list[tuple[str, bytes]]:
    """What training reads of an image; nothing may be wrong with the folder."""
    data = read_object_masks(folder)
    assert not data.faults
    (image,) = [one for one in data.images if one.name == key]
    return sorted((one.name, covered(one.segmentation, 64, 48).tobytes()) for one in image.annotations)


@settings(max_examples=300, deadline=None)
@given(mask=arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))).filter(np.any))
def test_an_outline_is_painted_as_the_same_pixels_and_as_wide(mask):
    found = outline_of_mask(mask)
    assert (covered(found, mask.shape[1], mask.shape[0]) == mask).all()
    assert polygon_bounds([value for one in found for value in one]) == painted_bounds(mask)


def test_a_round_object_has_few_corners_and_a_rectangle_four():
    y, x = np.mgrid[:100, :120]
    (found,) = outline_of_mask((x - 60) ** 2 / 30**2 + (y - 50) ** 2 / 22**2 < 1)
    assert len(found) // 2 < 60  # of 208 steps along its pixels
    assert outline_of_mask(np.ones((3, 5), bool)) == ((0, 0, 5, 0, 5, 3, 0, 3),)


@pytest.mark.parametrize("kind", KINDS)
def test_items_states_and_classes(tmp_path, kind):
    store = opened(kind, tmp_path)
    states = {one.key: (one.state, one.classes) for one in store.items()}
    assert states == {
        "a.png": ("labelled", ("object", "cat") if kind == "flat" else states["a.png"][1]),
        "b.png": ("empty", ()),
        "c.png": ("unlabelled", ()),
        "d.png": ("labelled", ("object",)),
    }
    assert store.classes() == ("cat", "object") and store.format == "object_masks" and store.outlines
    for key in "ad":
        assert pixels(marks_of(store, f"{key}.png")) == trained(tmp_path, f"{key}.png")
    assert store.read("c.png").version == "" != store.read("b.png").version
    assert store.inputs("c.png")["image"].name == "c.png"
    with pytest.raises(DataError, match="there is no image 'x.png'"):
        store.read("x.png")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_change_is_read_as_it_was_sent_and_undone_to_the_byte(tmp_path_factory, kind, data):
    folder = tmp_path_factory.mktemp("masks")
    store = opened(kind, folder)
    before, was = contents(folder), marks_of(store, "a.png")
    sent = data.draw(edits(was, parts=2, acts=("keep", "drop", "name", "outline")))
    sent = [one for one in sent if covered(tuple(map(tuple, one["polygons"])), 64, 48).any()]
    sent = [{**one, "class": "object" if one["class"] == "dog" else one["class"]} for one in sent]
    answer = write(store, "a.png", sent)
    assert same_marks(objects_from_json(answer.marks), objects_from_json({"objects": sent}))
    assert answer.state == ("labelled" if sent else "empty") and not store.changed()
    fresh = object_mask_store(folder)
    assert pixels(marks_of(fresh, "a.png")) == pixels(sent) == trained(folder, "a.png")
    assert fresh.read("a.png").version == answer.version
    left = contents(folder)
    assert all(
        left[name] == old for name, old in before.items() if "a" not in Path(name).parts and "a_" not in name
    )
    same = {one["id"] for one in sent if one in was}
    begin = "a/masks/" if kind == "own" else "masks/"
    assert all(left[begin + name] == before[begin + name] for name in same)
    write(store, "a.png", was)
    assert contents(folder) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_mask_keeps_its_mode_its_values_and_what_it_says(tmp_path, kind):
    store = opened(kind, tmp_path)
    (one,) = marks_of(store, "d.png")
    write(store, "d.png", [{**one, "polygons": [TRIANGLE]}])
    (file,) = [path for path in tmp_path.rglob("*x.png") if "masks" in path.parts]
    with Image.open(file) as image:
        assert (
            image.mode == "P"
            and image.text == {"seen": "twice"}
            and image.getpalette()[21:24] == [200, 30, 30]
        )
        assert (np.asarray(image) == 7 * covered((tuple(TRIANGLE),), 64, 48)).all()
    write(store, "d.png", [new_outline("object", [1, 1, 9, 1, 9, 9])])
    (new,) = {*file.parent.glob("*1.png")} - {*file.parent.glob("a_1.png")}
    with Image.open(new) as image:
        assert image.mode == "P" and set(np.unique(np.asarray(image))) == {0, 7}


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_image_and_one_with_nothing_on_it(tmp_path, kind):
    store = opened(kind, tmp_path)
    assert store.write("c.png", "", {"objects": []}).state == "empty" and trained(tmp_path, "c.png") == []
    written = write(store, "c.png", [new_outline("object", TRIANGLE), new_outline("cat", TRIANGLE)])
    assert written.state == "labelled" and trained(tmp_path, "c.png") == pixels(marks_of(store, "c.png"))
    assert store.add_class("sea lion") == ("cat", "object", "sea lion")
    write(store, "c.png", [{**one, "class": "sea lion"} for one in marks_of(store, "c.png")])
    assert {name for name, _ in trained(tmp_path, "c.png")} == {"sea lion"}
    for name in (".hidden", "a/b", "x" * 300):
        with pytest.raises((DataError, RunError)):
            store.add_class(name)
            write(store, "c.png", [new_outline(name, TRIANGLE)])
    assert {name for name, _ in trained(tmp_path, "c.png")} == {"sea lion"}


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_stores_none_overwrites_the_other(tmp_path, kind):
    store, other = opened(kind, tmp_path), object_mask_store(tmp_path)
    version = store.read("a.png").version
    write(other, "b.png", [new_outline("cat", TRIANGLE)])
    assert store.changed() == {"b.png"} and store.changed() == frozenset() == other.changed()
    written = write(store, "a.png", marks_of(store, "a.png")[:1])
    with pytest.raises(LabelConflict) as caught:
        other.write("a.png", version, {"objects": []})
    assert caught.value.current.version == written.version
    same = {"objects": json.loads(json.dumps(written.marks))["objects"]}
    assert other.write("a.png", version, same).version == written.version
    file = next(path for path in tmp_path.rglob("*x.png") if "masks" in path.parts)
    marks_of(store, "d.png")
    held = file.read_bytes()
    with file.open("r+b") as opened_file:  # the same name and inode, as editors without care write
        opened_file.write(held + b"\0")
    assert "d.png" in store.changed()


@pytest.mark.parametrize("kind", KINDS)
def test_refusals_change_nothing(tmp_path, kind):
    store = opened(kind, tmp_path)
    before = contents(tmp_path)
    bad = {
        "there is no class 'horse'; add it first": new_outline("horse", TRIANGLE),
        "reaches beyond the image": new_outline("cat", [5, 2, 70, 30, 5, 30]),
        "only a box; draw its outline": new_box("cat", 5, 2, 20, 30),
        "no place for difficult": {**new_outline("cat", TRIANGLE), "difficult": True},
        "holds the centre of no pixel": new_outline("cat", [5, 2, 20, 2, 20, 2.25]),
    }
    for sentence, one in bad.items():
        with pytest.raises(DataError, match=sentence):
            write(store, "a.png", [*marks_of(store, "a.png"), one])
    assert contents(tmp_path) == before
    named = object_mask_store(tmp_path, classes=("cat", "object"))
    with pytest.raises(DataError, match="the experiment file names the classes .cat, object.; add 'dog'"):
        named.add_class("dog")


def test_a_mask_that_cannot_be_read_is_told_and_stays(tmp_path):
    store = opened("own", tmp_path)
    bad = save_object_mask(tmp_path / "a/masks/bad.png", (1, 1, 3, 3), size=(10, 10))
    found = store.read("a.png")
    assert "bad.png: is 10 × 10, but its image is 64 × 48" in found.problems[0] and len(found.problems) == 1
    assert write(store, "a.png", []).state == "labelled" and bad.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_changes_nothing(tmp_path, kind, monkeypatch):
    store = opened(kind, tmp_path)
    before, objects = contents(tmp_path), [new_outline("cat", TRIANGLE), new_outline("object", TRIANGLE)]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        for some in (objects, [*marks_of(store, "a.png"), objects[0]]):
            with pytest.raises(RunError, match="No space left on device"):
                write(store, "a.png", some)
    assert contents(tmp_path) == before
    write(store, "a.png", objects)
    assert trained(tmp_path, "a.png") == pixels(objects)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", (1, 2))
def test_a_program_that_writes_at_the_same_moment_is_not_written_over(tmp_path, kind, count, monkeypatch):
    store = opened(kind, tmp_path)
    before, objects = contents(tmp_path), marks_of(store, "a.png")
    for one in objects[:count]:
        one["polygons"] = [TRIANGLE]
    changed = write_beside(monkeypatch, tmp_path, 1)
    monkeypatch.setattr(file_changes, "write_synced", files.write_synced)
    with pytest.raises(ChangedMeanwhile):
        write(store, "a.png", objects)
    assert contents(tmp_path) == {**before, changed[0]: before[changed[0]] + b"\n"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_several_masks_is_made_as_a_whole_wherever_it_is_killed(tmp_path, kind, monkeypatch):
    class Killed(BaseException):
        """Stands for the end of the process: nothing is tidied up."""

    steps = 0
    for stop in range(1, 40):
        folder = tmp_path / str(stop)
        store = opened(kind, folder)
        was = pixels(marks_of(store, "a.png"))
        sent = [*marks_of(store, "a.png")[1:], new_outline("cat", TRIANGLE), new_outline("object", TRIANGLE)]
        sent[0]["polygons"] = [TRIANGLE]
        steps = 0

        def counted(real, stop=stop):
            def call(*given, **more):
                nonlocal steps
                steps += 1
                if steps == stop:
                    raise Killed
                return real(*given, **more)

            return call

        with monkeypatch.context() as patch:
            for name in ("replace", "chmod"):
                patch.setattr(os, name, counted(getattr(os, name)))
            patch.setattr(file_changes, "write_synced", counted(file_changes.write_synced))
            patch.setattr(file_changes, "sync_folder", counted(file_changes.sync_folder))
            patch.setattr(Path, "unlink", counted(Path.unlink))
            with suppress(Killed):
                write(store, "a.png", sent)
        again = object_mask_store(folder)
        assert pixels(marks_of(again, "a.png")) in (was, pixels(sent))
        assert trained(folder, "a.png") == pixels(marks_of(again, "a.png"))
        assert not (folder / LIST_NAME).exists()
        if steps < stop:
            assert pixels(marks_of(again, "a.png")) == pixels(sent)
            return
    raise AssertionError(f"more than {steps} steps")


def test_a_snapshot_is_a_source_of_what_is_annotated(tmp_path):
    store = opened("own", tmp_path / "data")
    (tmp_path / "copy").mkdir()
    data = SourceOptions.model_validate(store.snapshot(tmp_path / "copy")).read()
    assert not data.faults
    assert {one.path.name: len(one.annotations) for one in data.images} == {
        "a.png": 3,
        "b.png": 0,
        "d.png": 1,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_is_opened_in_place(tmp_path, kind):
    store = open_folder(made(kind, tmp_path), "boxes", (), None).store
    assert store.format == "object_masks" and len(marks_of(store, "a.png")) == 3


def test_images_of_one_name_are_told_apart(tmp_path):
    for name in ("one", "two"):
        save_image(tmp_path / name / "images" / "image.png", seed=len(name))
        save_object_mask(tmp_path / name / "masks" / "1.png", (2, 3, 12, 8))
    store = object_mask_store(tmp_path)
    assert [one.key for one in store.items()] == ["one/images/image.png", "two/images/image.png"]
    write(store, "two/images/image.png", [])
    assert (tmp_path / "one/masks/1.png").exists() and not (tmp_path / "two/masks/1.png").exists()


@pytest.mark.parametrize("mode", ("1", "L", "P", "RGB", "RGBA", "LA", "I;16"))
def test_masks_of_any_mode_are_painted_in_it(tmp_path, mode):
    save_image(tmp_path / "a/images/a.png")
    mask = np.zeros((48, 64), np.uint8)
    mask[3:9, 4:11] = 1 if mode == "P" else 255
    file = tmp_path / "a/masks/1.png"
    file.parent.mkdir()
    image = Image.fromarray(mask)
    if mode == "P":
        image = image.convert("P")
    elif mode != "L":
        image = Image.fromarray(mask.astype(np.uint16)) if mode == "I;16" else image.convert(mode)
    image.save(file)
    (tmp_path / "b/images").mkdir(parents=True)
    Image.open(BytesIO((tmp_path / "a/images/a.png").read_bytes())).save(tmp_path / "b/images/b.png")
    store = object_mask_store(tmp_path)
    (one,) = marks_of(store, "a.png")
    write(store, "a.png", [{**one, "polygons": [TRIANGLE]}, new_outline("object", [1, 1, 9, 1, 9, 9])])
    assert trained(tmp_path, "a.png") == pixels(marks_of(store, "a.png"))
    with Image.open(file) as image:
        assert image.mode == mode
