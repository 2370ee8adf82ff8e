"""What the stores of labelme, CVAT and Label Studio promise: what is not changed keeps its bytes, the rest is read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edited_objects import edits, new_box
from hypothesis import given, settings
from hypothesis import strategies as st

from image_sets import (
    labelme,
    labelme_shape,
    save_image,
    studio_box,
    studio_region,
    studio_task,
)
from jumok.data.annotations.labelstudio.brush_rle import brush_code
from jumok.data.annotations.splits.reading import read_splits
from jumok.errors import DataError
from jumok.experiment.sources import SourceOptions
from jumok.labelling.contract import LabelConflict
from jumok.labelling.files.guarded_file import ChangedMeanwhile
from jumok.labelling.objects.annotation_store import AnnotationStore, same_marks
from jumok.labelling.objects.marks import objects_from_json
from jumok.labelling.opening import open_folder
from jumok.labelling.opening_objects import open_object_source
from jumok.labelling.tools.cvat_store import cvat_store
from jumok.labelling.tools.labelme_store import labelme_store
from jumok.labelling.tools.labelstudio_store import labelstudio_store
from label_files import write_beside

CORNERS = ((4, 5), (20, 5), (20, 30))


def square_mask() -> np.ndarray:
    mask = np.zeros((48, 64), bool)
    mask[10:16, 20:28] = True
    return mask


def made_labelme(folder: Path) -> Path:
    """a: box, two parts, a point and a circle; b: empty; c: no file."""
    labelme(
        folder,
        labelme_shape("cat", (4, 5), (20, 30), flags={"blurred": True}, description="seen twice"),
        labelme_shape("dog", *CORNERS, kind="polygon", group_id=7),
        labelme_shape("eye", (1, 2), kind="point"),
        labelme_shape("dog", (40, 5), (50, 5), (50, 40), kind="polygon", group_id=7),
        labelme_shape("cat", (30, 20), (33, 24), kind="circle"),
        labelme_shape("cat", (1, 1), kind="polygon"),
        version="5.5.0",
    )
    (folder / "b.json").write_text('{"shapes": [], "imagePath": "b.png"}')
    return folder


def made_cvat(folder: Path) -> Path:
    """a: the same shapes, with attributes; b: empty; c: not listed."""
    text = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><labels>
      <label><name>cat</name></label>
      <label><name>dog</name></label>
  </labels></task></meta>
  <image id="0" name="a.png" width="64" height="48">
    <box label="cat" source="manual" occluded="0" xtl="4.00" ytl="5.00" xbr="20.00" ybr="30.00" z_order="2">
      <attribute name="mood">calm &amp; 고요</attribute>
    </box>
    <polygon label="dog" points="4.00,5.00;20.00,5.00;20.00,30.00" group_id="7"/>
    <points label="eye" points="1.0,2.0"/>
    <polygon label="dog" points="40,5;50,5;50,40" group_id="7"/>
    <ellipse label="cat" cx="30" cy="20" rx="5" ry="5"/>
    <mask label="cat" rle="0, 48" left="20" top="10" width="8" height="6"></mask>
    <polygon label="cat" points="1,1"/>
  </image>
  <image id="1" name="b.png" width="64" height="48"/>
</annotations>
"""
    folder.mkdir(exist_ok=True)
    (folder / "annotations.xml").write_text(text)
    return folder / "annotations.xml"


def made_studio(folder: Path) -> Path:
    """a: the same shapes, with a text of an object; b: empty; d: predictions only; c: not listed."""
    shape = {"x": 6.25, "y": 10, "width": 25, "height": 50, "rotation": 0}
    points = [[6.25, 10], [31.25, 10], [31.25, 62.5]]
    results = [
        studio_region(
            "rectanglelabels", {**shape, "rectanglelabels": ["cat"]}, meta={"text": ["seen twice"]}
        ),
        studio_region("textarea", {**shape, "text": ["blurred"]}, from_name="note"),
        studio_region(
            "polygonlabels", {"points": points, "polygonlabels": ["dog"]}, id="r2", from_name="outline"
        ),
        {
            "id": "mood",
            "type": "choices",
            "from_name": "mood",
            "to_name": "img",
            "value": {"choices": ["고요"]},
        },
        studio_region(
            "brushlabels",
            {"format": "rle", "rle": brush_code(square_mask()), "brushlabels": ["cat"]},
            id="r3",
        ),
        studio_region("rectangle", shape, id="r4"),
        studio_region("labels", {**shape, "labels": ["dog"]}, id="r4"),
        studio_box("cat", 400, 1, 1, 1, id="bad"),
    ]
    tasks = [
        studio_task(1, *results, file_upload="1a2b3c4d-a.png"),
        studio_task(2, image="b.png"),
        studio_task(4, image="d.png", annotations=[], predictions=[{"result": [studio_box()]}]),
    ]
    folder.mkdir(exist_ok=True)
    lines = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in tasks)
    (folder / "project.json").write_text(f"[\n  {lines}\n]\n")
    labels = '<Label value="cat"/><Label value="dog"/>'
    (folder / "label_config.xml").write_text(f"<View><RectangleLabels>{labels}</RectangleLabels></View>")
    return folder / "project.json"


MAKE = {"labelme": made_labelme, "cvat": made_cvat, "labelstudio": made_studio}
OPEN = {"labelme": labelme_store, "cvat": cvat_store, "labelstudio": labelstudio_store}
KINDS = tuple(MAKE)


def place_of(kind: str, folder: Path) -> Path:
    for seed, name in enumerate("abc" + "d" * (kind == "labelstudio")):
        save_image(folder / f"{name}.png", seed=seed)
    return MAKE[kind](folder)


def opened(kind: str, folder: Path) -> AnnotationStore:
    return OPEN[kind](place_of(kind, folder))


def contents(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in sorted(folder.iterdir()) if one.is_file()}


def marks_of(store: AnnotationStore, key: str) -> list[dict[str, Any]]:
    return json.loads(json.dumps(store.read(key).marks))["objects"]


def write(store: AnnotationStore, key: str, objects: list[dict[str, Any]]):
    return store.write(key, store.read(key).version, {"objects": objects})


@pytest.mark.parametrize("kind", KINDS)
def test_items_states_classes_and_problems(tmp_path, kind):
    store = opened(kind, tmp_path)
    states = {one.key: one.state for one in store.items()}
    bare = {"d.png": "unlabelled"} if kind == "labelstudio" else {}
    assert states == {"a.png": "labelled", "b.png": "empty", "c.png": "unlabelled", **bare}
    assert store.classes() == ("cat", "dog") and store.format == kind
    found = store.read("a.png")
    (problem,) = found.problems
    line = {"labelme": ":7: shape", "cvat": ":17: polygon", "labelstudio": ":2: task 1, region bad"}[kind]
    assert line in problem
    objects = objects_from_json(found.marks)
    assert [one.fixed for one in objects].count(True) == (kind != "labelme")
    assert any(len(one.polygons or ()) == 2 for one in objects) == (kind != "labelstudio")
    assert store.inputs("c.png") == {"image": tmp_path / "c.png"}
    with pytest.raises(DataError, match="there is no image 'x.png'"):
        store.read("x.png")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_as_it_was_read_keeps_all_bytes(tmp_path, kind):
    store = opened(kind, tmp_path)
    before = contents(tmp_path)
    for key in ("a.png", "b.png"):
        write(store, key, marks_of(store, key))
        write(store, key, [{**one, "id": None} for one in reversed(marks_of(store, key))])
    assert contents(tmp_path) == before


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_change_is_read_as_it_was_sent_and_undone_to_the_byte(tmp_path_factory, kind, data):
    folder = tmp_path_factory.mktemp("store")
    store = opened(kind, folder)
    before, was = contents(folder), marks_of(store, "a.png")
    sent = data.draw(edits(was, parts=1 if kind == "labelstudio" else 2))
    answer = write(store, "a.png", sent)
    assert same_marks(objects_from_json(answer.marks), objects_from_json({"objects": sent}))
    fresh = OPEN[kind](store.place)
    assert fresh.read("a.png").marks == store.read("a.png").marks
    assert fresh.read("a.png").version == answer.version and len(answer.problems) == 1
    for key in ("b.png", "c.png"):
        assert fresh.read(key) == OPEN[kind](place_of(kind, folder / "other")).read(key)
    left = {**contents(folder), "": b""}
    assert all(
        left[name] == bytes_ for name, bytes_ in before.items() if name not in ("a.json", store.place.name)
    )
    write(store, "a.png", was)
    assert contents(folder) == before


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_text_of_the_image_changes(tmp_path, kind):
    store = opened(kind, tmp_path)
    file = tmp_path / "a.json" if kind == "labelme" else store.place
    before = file.read_text()
    objects = marks_of(store, "a.png")
    objects[0]["class"] = "dog"
    write(store, "a.png", objects)
    after = file.read_text()
    same = [one == two for one, two in zip(before.splitlines(), after.splitlines(), strict=True)]
    assert same.count(False) == 1
    assert (
        len(after) == len(before) and sum(a != b for a, b in zip(before, after, strict=True)) == 3
    )  # cat, dog


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_image_gets_a_record_that_others_read(tmp_path, kind):
    store = opened(kind, tmp_path)
    square = [[10, 10, 30, 10, 30, 30.5]]
    sent = [
        new_box("cat", 1, 2, 20, 30, difficult=True),
        {**new_box("dog", 10, 10, 30, 30.5), "polygons": square},
    ]
    answer = store.write("c.png", "", {"objects": sent})
    assert answer.state == "labelled"
    (data,) = read_splits(store.place).values()
    image = next(one for one in data.images if one.name == "c.png")
    assert [(one.name, one.box, one.difficult) for one in image.annotations] == [
        ("cat", (1, 2, 20, 30), True),
        ("dog", (10, 10, 30, 30.5), False),
    ]
    assert image.annotations[1].segmentation == ((10, 10, 30, 10, 30, 30.5),) and image.size == (64, 48)
    assert write(store, "c.png", []).state == "empty"
    if kind == "labelstudio":
        assert write(store, "d.png", []).state == "empty"


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_stores_none_overwrites_the_other(tmp_path, kind):
    store = opened(kind, tmp_path)
    other = OPEN[kind](store.place)
    version = store.read("a.png").version
    write(other, "b.png", [new_box("cat", 1, 2, 20, 30)])
    written = write(store, "a.png", marks_of(store, "a.png")[:1])
    assert store.changed() == {"b.png"} and store.changed() == frozenset()
    assert other.changed() == {"a.png"} and len(marks_of(other, "b.png")) == 1
    with pytest.raises(LabelConflict) as caught:
        other.write("a.png", version, {"objects": []})
    assert caught.value.current == written
    same = {"objects": json.loads(json.dumps(written.marks))["objects"]}
    assert other.write("a.png", version, same) == written  # what another has written already is no conflict


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_damaged_meanwhile_is_told_and_never_overwritten(tmp_path, kind):
    store = opened(kind, tmp_path)
    file = tmp_path / "a.json" if kind == "labelme" else store.place
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=file.name):
        write(store, "a.png", [])
    assert file.read_bytes() == whole[: len(whole) // 2]
    file.write_bytes(whole)
    assert write(store, "a.png", []).state == "empty"


@pytest.mark.parametrize("kind", KINDS)
def test_refusals(tmp_path, kind):
    store = opened(kind, tmp_path)
    before = contents(tmp_path)
    bad = {
        "there is no class 'horse'; add it first": [new_box("horse", 1, 2, 20, 30)],
        "has no area": [new_box("cat", 5, 2, 5, 30)],
        "reaches beyond the image": [new_box("cat", 5, 2, 70, 30)],
    }
    fixed = [{**one, "box": [1, 1, 9, 9]} for one in marks_of(store, "a.png") if one["fixed"]]
    bad |= {"cannot be edited; delete it": fixed} if fixed else {}
    for sentence, objects in bad.items():
        with pytest.raises(DataError, match=sentence):
            write(store, "a.png", objects)
    assert contents(tmp_path) == before
    assert store.add_class(" horse ") == ("cat", "dog", "horse")
    assert write(store, "a.png", [new_box("horse", 1, 2, 20, 30)]).state == "labelled"
    assert OPEN[kind](store.place).classes() == ("cat", "dog", "horse")


@pytest.mark.parametrize("kind", KINDS)
def test_a_snapshot_is_a_source_of_what_is_annotated(tmp_path, kind):
    store = opened(kind, tmp_path / "data")
    write(store, "a.png", [new_box("cat", 1, 2, 20, 30)])
    (tmp_path / "copy").mkdir()
    data = SourceOptions.model_validate(store.snapshot(tmp_path / "copy")).read()
    assert {one.path: len(one.annotations) for one in data.images} == {
        tmp_path / "data" / "a.png": 1,
        tmp_path / "data" / "b.png": 0,
    }


def test_other_files_are_refused_by_a_sentence(tmp_path):
    file = made_studio(tmp_path)
    file.write_text('{"images": [], "annotations": [], "categories": []}')
    with pytest.raises(DataError, match="is a file of COCO; name it under coco:"):
        labelstudio_store(file)
    xml = tmp_path / "annotations.xml"
    xml.write_bytes("<?xml version='1.0' encoding='cp949'?><annotations></annotations>".encode("cp949"))
    with pytest.raises(DataError, match="is in cp949; save it as UTF-8"):
        cvat_store(xml)


def test_one_subset_of_cvat_is_shown_and_the_others_keep_their_bytes(tmp_path):
    file = made_cvat(tmp_path)
    text = file.read_text().replace('name="a.png"', 'name="a.png" subset="Train"')
    file.write_text(text.replace('name="b.png"', 'name="b.png" subset="Val"'))
    for seed, place in enumerate(("Train/a.png", "Val/b.png", "Train/c.png")):
        save_image(tmp_path / "images" / place, seed=seed)
    store = cvat_store(tmp_path, split="train")
    assert [(one.key, one.state) for one in store.items()] == [("a.png", "labelled"), ("c.png", "unlabelled")]
    store.write("c.png", "", {"objects": [new_box("cat", 1, 2, 20, 30)]})
    splits = read_splits(file)
    assert {name: [one.name for one in data.images] for name, data in splits.items()} == {
        "Train": ["a.png", "c.png"],
        "Val": ["b.png"],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_sources_and_folders_are_opened_in_place(tmp_path, kind):
    place = place_of(kind, tmp_path)
    by_source = open_object_source(SourceOptions.model_validate({kind: place, "classes": ["dog", "cat"]}))
    by_path = open_folder(tmp_path, "boxes", (), None).store
    assert by_source.format == by_path.format == kind
    assert by_source.classes() == ("dog", "cat") and by_path.classes() == ("cat", "dog")
    assert by_source.read("a.png").marks == by_path.read("a.png").marks


def test_what_is_no_annotation_is_not_opened():
    with pytest.raises(
        DataError, match="objects are not labelled in a source of masks; name annotated images"
    ):
        open_object_source(SourceOptions(masks="masks", classes=["background", "cat"]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_that_writes_at_the_same_moment_is_not_written_over(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = opened(kind, tmp_path)
    before = contents(tmp_path)
    changed = write_beside(monkeypatch, tmp_path, 1)
    version, objects = store.read("a.png").version, marks_of(store, "a.png")[1:]
    with pytest.raises(ChangedMeanwhile, match="another program"):
        store.write("a.png", version, {"objects": objects})
    assert contents(tmp_path) == {**before, changed[0]: before[changed[0]] + b"\n"}
