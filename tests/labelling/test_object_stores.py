"""Stores of objects: what is written is what training reads, and all else keeps its bytes, in every format."""

import copy
import errno
import json
import random
import threading
from pathlib import Path

import pytest

from jumok import files
from jumok.errors import DataError, RunError
from jumok.labelling.contract import LabelConflict
from jumok.labelling.files.guarded_file import ChangedMeanwhile
from jumok.labelling.opening import OpenedLabels
from jumok.workbench.labelling.desk import LabelDesk
from label_files import BOXES, CLASSES, FORMATS, SIZE, LabelFiles, by_name, file_bytes, write_beside

WHOLE = ("set.json", "set.csv")  # files that hold all images


@pytest.fixture(params=list(FORMATS))
def form(request: pytest.FixtureRequest, tmp_path: Path) -> LabelFiles:
    FORMATS[request.param].make(tmp_path)
    return FORMATS[request.param]


def marks_of(store, key: str) -> tuple[str, dict]:
    """The version and the marks of an image, as a page would hold them."""
    found = store.read(key)
    return found.version, json.loads(json.dumps(found.marks))


def said(marks: dict, flags: tuple[str, ...]) -> list[tuple]:
    """What marks say, without ids."""
    rounded = [(one["class"], *(round(x, 6) for x in one["box"])) for one in marks["objects"]]
    return sorted(
        (*shape, *(one.get(flag, False) for flag in flags))
        for shape, one in zip(rounded, marks["objects"], strict=True)
    )


def read_back(form: LabelFiles, folder: Path, key: str) -> list[tuple]:
    """What training reads of an image; nothing may be wrong with it."""
    data = form.read(folder)
    assert not data.faults
    objects = by_name(data)[key].annotations
    return sorted(
        (one.name, *(round(x, 6) for x in one.box), *(getattr(one, flag) for flag in form.flags))
        for one in objects
    )


def untouched(folder: Path, key: str) -> list[str]:
    """The texts of all records but those of an image."""
    found = []
    for name, data in sorted(file_bytes(folder).items()):
        if name == "set.json":
            document = json.loads(data)
            own = [one["id"] for one in document["images"] if one["file_name"] == key]
            text = data.decode()
            kept = [one for one in document["annotations"] if one["image_id"] not in own]
            # a record stands in the file as it was written first: two levels deep, with two spaces each
            texts = [json.dumps(one, indent=2).replace("\n", "\n    ") for one in kept]
            assert all(one in text for one in texts)
            found += [*texts, text[: text.index('"images"')], text[text.index('"categories"') :]]
        elif name == "set.csv":
            found += [line for line in data.decode().split("\r\n") if key not in line]
        elif Path(name).stem != Path(key).stem and not name.endswith("train.txt"):
            found.append(data.decode())
    return found


def test_what_is_shown_is_what_training_reads(form: LabelFiles, tmp_path: Path):
    store, images = form.open(tmp_path), by_name(form.read(tmp_path))
    assert store.classes() == tuple(sorted(CLASSES[:2])) or store.classes() == CLASSES
    items = {item.key: item for item in store.items()}
    assert [item.state for item in items.values()] == ["labelled", "labelled", "empty", "unlabelled"]
    assert list(items) == ["a.png", "b.png", "c.png", "d.png"]
    assert items["a.png"].classes == ("cat", "dog") and items["a.png"].image == images["a.png"].path
    for name in BOXES:
        found = store.read(f"{name}.png")
        assert not found.problems
        shown = [(one["class"], tuple(one["box"])) for one in found.marks["objects"]]
        assert shown == [(one.name, one.box) for one in images[f"{name}.png"].annotations]


def test_writing_what_was_read_changes_no_byte(form: LabelFiles, tmp_path: Path):
    store, before = form.open(tmp_path), file_bytes(tmp_path)
    for name in BOXES:
        version, marks = marks_of(store, f"{name}.png")
        assert store.write(f"{name}.png", version, marks).version == version
        for one in marks["objects"]:
            one["id"] = None  # as after the restart of a page
        assert store.write(f"{name}.png", version, marks).version == version
    assert file_bytes(tmp_path) == before


def random_edit(rng: random.Random, marks: dict, flags: tuple[str, ...]) -> dict:
    """Marks with one change as a page makes it."""
    marks = copy.deepcopy(marks)
    objects = marks["objects"]
    kind = rng.choice(["add", "add", "move", "class", "flag", "delete", "clear", "shuffle"])
    edges = ((0, 30), (0, 20), (33, SIZE[0]), (23, SIZE[1]))
    box = [round(rng.uniform(*edge), 3) for edge in edges]
    one = rng.choice(objects) if objects else None
    if kind == "add" or one is None:
        objects.insert(
            rng.randint(0, len(objects)), {"id": None, "class": rng.choice(CLASSES[:2]), "box": box}
        )
    elif kind == "move":
        one["box"] = box
    elif kind == "class":
        one["class"] = rng.choice(CLASSES[:2])
    elif kind == "flag" and flags:
        flag = rng.choice(flags)
        one[flag] = not one.get(flag, False)
    elif kind == "delete":
        objects.remove(one)
    elif kind == "clear":
        objects.clear()
    else:
        rng.shuffle(objects)
    return marks


@pytest.mark.parametrize("seed", range(6))
def test_any_edits_are_read_back_and_leave_others_alone(form: LabelFiles, tmp_path: Path, seed: int):
    rng, store = random.Random(seed), form.open(tmp_path)
    for _ in range(25):
        key = f"{rng.choice('abcd')}.png"
        before = untouched(tmp_path, key)
        version, marks = marks_of(store, key)
        wanted = random_edit(rng, marks, form.flags)
        written = store.write(key, version, wanted)
        assert said(written.marks, form.flags) == said(wanted, form.flags)
        assert [one["class"] for one in written.marks["objects"]] == [
            one["class"] for one in wanted["objects"]
        ]
        assert read_back(form, tmp_path, key) == said(wanted, form.flags)
        assert untouched(tmp_path, key) == before
        assert written.state == ("labelled" if wanted["objects"] else "empty")
        other = form.open(tmp_path)  # another process finds the same
        assert other.read(key).version == written.version and not store.changed()
        assert [(one.key, one.state, one.classes) for one in other.items()] == [
            (one.key, one.state, one.classes) for one in store.items()
        ]


@pytest.mark.parametrize("seed", range(6))
def test_undoing_every_edit_leaves_the_same_bytes(form: LabelFiles, tmp_path: Path, seed: int):
    rng, store = random.Random(seed), form.open(tmp_path)
    done = []
    for _ in range(12):
        key = f"{rng.choice('abc')}.png"
        version, marks = marks_of(store, key)
        done.append((key, marks, file_bytes(tmp_path)))
        store.write(key, version, random_edit(rng, marks, form.flags))
    for key, marks, before in reversed(done):
        for one in marks["objects"]:
            one["id"] = None if rng.random() < 0.5 else one["id"]
        store.write(key, store.read(key).version, marks)
        assert {name: data for name, data in file_bytes(tmp_path).items() if name in before} == before


def test_fields_that_jumok_does_not_know_stay_in_a_changed_record(form: LabelFiles, tmp_path: Path):
    store = form.open(tmp_path)
    version, marks = marks_of(store, "a.png")
    marks["objects"][1] |= {"class": "cat", "box": [2, 3, 40, 41]}
    store.write("a.png", version, marks)
    texts = {name: data.decode() for name, data in file_bytes(tmp_path).items()}
    if "set.json" in texts:
        (one,) = [
            one for one in json.loads(texts["set.json"])["annotations"] if one["bbox"] == [2, 3, 38, 38]
        ]
        assert one["track"] == {"id": [2, 1.5]} and one["attributes"]["colour"] == "r\u00f6t"
        assert one["area"] == 38 * 38 and one["category_id"] == 1 and "\\u00f6" in texts["set.json"]
    elif "Annotations/a.xml" in texts:
        assert texts["Annotations/a.xml"].count("<part><name>ear</name></part>") == 3
        assert texts["Annotations/a.xml"].count("<!-- seen -->") == 3


def test_a_new_image_is_read_by_training(form: LabelFiles, tmp_path: Path):
    store = form.open(tmp_path)
    assert store.read("d.png").version == "" and store.read("d.png").state == "unlabelled"
    nothing = store.write("d.png", "", {"objects": []})
    assert nothing.state == "empty" and read_back(form, tmp_path, "d.png") == []
    written = store.write("d.png", nothing.version, {"objects": [{"class": "dog", "box": [0, 0, 5, 5.5]}]})
    assert read_back(form, tmp_path, "d.png") == said(written.marks, form.flags)
    assert store.items()[-1].classes == ("dog",) and not store.changed()


def test_two_tabs_do_not_overwrite_each_other(form: LabelFiles, tmp_path: Path):
    one, two = form.open(tmp_path), form.open(tmp_path)
    one.items(), two.items()
    version, marks = marks_of(one, "b.png")
    marks["objects"][0]["box"] = [1, 1, 9, 9]
    one.write("b.png", version, marks)
    assert two.changed() == {"b.png"} and two.changed() == frozenset() == one.changed()
    assert (
        two.write("b.png", version, marks).version == one.read("b.png").version
    )  # the same again: no conflict
    with pytest.raises(LabelConflict, match="b.png was changed by somebody else") as caught:
        two.write("b.png", version, {"objects": []})
    assert caught.value.current.marks["objects"][0]["box"] == [1, 1, 9, 9]
    assert two.write("b.png", caught.value.current.version, {"objects": []}).state == "empty"


def test_threads_that_label_different_images_all_win(form: LabelFiles, tmp_path: Path):
    shared, faults = form.open(tmp_path), []

    def label(store, key: str, count: int) -> None:
        try:
            for number in range(count):
                version, marks = marks_of(store, key)
                marks["objects"].append({"class": "cat", "box": [number, 0, number + 9, 10]})
                store.write(key, version, marks)
        except Exception as error:
            faults.append(error)

    stores = [
        (form.open(tmp_path), "a.png"),
        (form.open(tmp_path), "b.png"),
        (shared, "c.png"),
        (shared, "d.png"),
    ]
    threads = [threading.Thread(target=label, args=(store, key, 8)) for store, key in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    counts = {name: len(image.annotations) for name, image in by_name(form.read(tmp_path)).items()}
    assert counts == {"a.png": 11, "b.png": 9, "c.png": 8, "d.png": 8}
    assert not form.read(tmp_path).faults


def of_image(folder: Path, name: str) -> Path:
    """The file that holds the objects of an image."""
    return next(path for path in folder.rglob("*") if path.name in (f"{name}.txt", f"{name}.xml", *WHOLE))


def test_a_file_that_another_program_changes_is_noticed_and_kept(form: LabelFiles, tmp_path: Path):
    store = form.open(tmp_path)
    store.items()
    version, marks = marks_of(store, "a.png")
    file = of_image(tmp_path, "a")
    good = file.read_bytes()
    changed = (
        good.replace(b"28.25", b"28.75")
        .replace(b">30.25", b">30.75")
        .replace(b" 1 ", b" 2 ")
        .replace(b"30.25,", b"30.75,")
    )
    with file.open("r+b") as opened:  # the same inode, as editors without care write
        opened.write(changed)
        opened.truncate()
    assert "a.png" in store.changed()
    with pytest.raises(LabelConflict):
        store.write("a.png", version, {"objects": []})
    assert file.read_bytes() == changed
    version, marks = marks_of(store, "a.png")
    marks["objects"].pop()
    store.write("a.png", version, marks)
    assert read_back(form, tmp_path, "a.png") == said(marks, form.flags)


def test_nothing_is_written_over_a_broken_file(form: LabelFiles, tmp_path: Path):
    store, file = form.open(tmp_path), of_image(tmp_path, "a")
    version, marks = marks_of(store, "a.png")
    good = file.read_bytes()
    broken = b"\xff\n" + good if file.name == "set.csv" else good[: len(good) // 2] + b"\xff"
    file.write_bytes(broken)
    with pytest.raises(DataError, match=file.name):
        store.write("a.png", store.read("a.png").version if file.name not in WHOLE else version, marks)
    assert file.read_bytes() == broken
    if file.name in WHOLE:
        for call in (store.items, store.classes, store.changed, lambda: store.read("b.png")):
            with pytest.raises(DataError, match=r"set.(json|csv):\d+: is not valid UTF-8"):
                call()
    else:
        shown = store.read("a.png")
        assert file.name in shown.problems[0] and shown.state == "labelled" and not shown.marks["objects"]
    file.write_bytes(good)
    assert store.write("a.png", version, {"objects": []}).state == "empty"


def test_a_full_disk_changes_nothing(form: LabelFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store, before = form.open(tmp_path), file_bytes(tmp_path)
    version, marks = marks_of(store, "a.png")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(RunError, match="No space left on device") as caught:
            store.write("a.png", version, {"objects": []})
        assert isinstance(caught.value.__cause__, OSError)
        with pytest.raises(RunError, match="No space left on device"):
            store.write("d.png", "", {"objects": []})
    assert file_bytes(tmp_path) == before
    assert store.read("a.png").version == version and store.read("d.png").state == "unlabelled"
    marks["objects"].pop()
    store.write("a.png", version, marks)
    assert read_back(form, tmp_path, "a.png") == said(marks, form.flags)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class": "fish"}, "there is no class 'fish'; add it first"),
        ({"box": [5, 5, 5, 9]}, "has no area"),
        ({"box": [5, 5, 90, 9]}, "reaches beyond the image .64 × 48."),
        ({"box": [5, 5, 9]}, "has 3 numbers"),
        ({"box": [5, 5, 9, None]}, "expected numbers"),
        ({"class": ""}, "expected the name of one"),
    ],
)
def test_marks_that_would_be_faulty_are_refused(form: LabelFiles, tmp_path: Path, change: dict, message: str):
    store, before = form.open(tmp_path), file_bytes(tmp_path)
    version, marks = marks_of(store, "a.png")
    marks["objects"][0] |= change
    with pytest.raises(DataError, match=message):
        store.write("a.png", version, marks)
    assert file_bytes(tmp_path) == before


def test_a_class_is_added_once_and_its_objects_are_read(form: LabelFiles, tmp_path: Path):
    store = form.open(tmp_path)
    known = store.classes()
    assert store.add_class(" sea  lion ") == (*known, "sea lion") == store.add_class("sea lion")
    before = untouched(tmp_path, "b.png")
    version, marks = marks_of(store, "b.png")
    marks["objects"][0]["class"] = "sea lion"
    store.write("b.png", version, marks)
    if "coco" in store.format:
        before = untouched(tmp_path, "b.png")
    assert untouched(tmp_path, "b.png") == before
    assert {one.name for one in by_name(form.read(tmp_path))["b.png"].annotations} == {"sea lion"}
    with pytest.raises(DataError, match="cannot be the name of a class"):
        store.add_class("\n")


def test_a_snapshot_holds_what_somebody_has_looked_at(form: LabelFiles, tmp_path: Path):
    from jumok.experiment.sources import SourceOptions

    store = form.open(tmp_path)
    folder = tmp_path / "snapshot"
    folder.mkdir()
    source = SourceOptions(**store.snapshot(folder))
    data = source.read()
    assert not data.faults and not data.remarks
    images = by_name(form.read(tmp_path))
    shown = {
        image.path.resolve(): [(one.name, one.box) for one in image.annotations] for image in data.images
    }
    assert shown == {
        images[f"{name}.png"].path.resolve(): [
            (one.name, one.box) for one in images[f"{name}.png"].annotations
        ]
        for name in BOXES
    }


def test_an_unknown_image_is_an_error(form: LabelFiles, tmp_path: Path):
    store = form.open(tmp_path)
    for call in (lambda: store.read("no.png"), lambda: store.write("../a.png", "", {"objects": []})):
        with pytest.raises(DataError, match="there is no image"):
            call()
    assert store.inputs("a.png")["image"].name == "a.png"


def test_a_program_that_writes_at_the_same_moment_is_not_written_over(
    form: LabelFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = form.open(tmp_path)
    version, marks = marks_of(store, "a.png")
    marks["objects"].pop()
    before, changed = file_bytes(tmp_path), write_beside(monkeypatch, tmp_path, 1)
    with pytest.raises(ChangedMeanwhile, match="another program"):
        store.write("a.png", version, marks)
    now = file_bytes(tmp_path)
    assert len(changed) == 1 and now == {**before, changed[0]: before[changed[0]] + b"\n"}


def test_a_change_is_made_anew_on_what_another_program_has_just_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    form = FORMATS["coco"]
    form.make(tmp_path)
    store = form.open(tmp_path)
    desk = LabelDesk(OpenedLabels("set", store))
    version, marks = marks_of(store, "a.png")
    marks["objects"].pop()
    changed = write_beside(monkeypatch, tmp_path, 2)
    written = desk.write("a.png", version, marks)
    assert changed == ["set.json"] * 2 and file_bytes(tmp_path)["set.json"].endswith(b"\n\n")
    assert len(written.marks["objects"]) == len(marks["objects"])
    changed = write_beside(monkeypatch, tmp_path, 9)
    with pytest.raises(ChangedMeanwhile):
        desk.write("a.png", written.version, {"objects": []})
