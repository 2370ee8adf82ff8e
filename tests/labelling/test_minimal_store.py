"""JSON-MIN of Label Studio and single annotations: what is not changed keeps its bytes, the rest is read as sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from edited_objects import edits, new_box, new_outline
from hypothesis import given, settings
from hypothesis import strategies as st

from image_sets import save_image, studio_box, studio_task
from jumok.data.annotations.labelstudio.reading import read_labelstudio
from jumok.errors import DataError
from jumok.experiment.sources import SourceOptions
from jumok.labelling.contract import LabelConflict
from jumok.labelling.objects.annotation_store import AnnotationStore, same_marks
from jumok.labelling.objects.marks import objects_from_json
from jumok.labelling.tools.labelstudio_store import labelstudio_store

SIZE = {"original_width": 64, "original_height": 48}


def made(folder: Path) -> Path:
    """a: boxes, an outline, a region without label, a mood; b: nothing; c: not listed."""
    for seed, name in enumerate("abc"):
        save_image(folder / f"{name}.png", seed=seed)
    place = {"x": 6.25, "y": 10, "width": 25, "height": 50, "rotation": 0}
    points = [[6.25, 10], [31.25, 10], [31.25, 62.5]]
    tasks = [
        {
            "image": "/data/upload/1/1a2b3c4d-a.png",
            "id": 1,
            "tag": [
                {**place, "rectanglelabels": ["cat"], **SIZE, "note": "고요"},
                {**place, "rectanglelabels": ["dog"], **SIZE, "x": 12.5},
                {**place, "width": 400, "rectanglelabels": ["dog"], **SIZE},
            ],
            "outline": [{"points": points, "closed": True, "polygonlabels": ["dog"], **SIZE}],
            "mood": {"choices": ["calm", "new"]},
            "annotator": 1,
            "annotation_id": 7,
            "lead_time": 2.5,
        },
        {"image": "b.png", "id": 2, "annotator": 1, "annotation_id": 8},
    ]
    lines = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in tasks)
    text = f"[\n  {lines}\n]\n".replace("2.5}", "2.50}")
    (folder / "project.json").write_text(text, encoding="utf-8")
    return folder / "project.json"


def marks_of(store: AnnotationStore, key: str) -> list[dict[str, Any]]:
    return json.loads(json.dumps(store.read(key).marks))["objects"]


def write(store: AnnotationStore, key: str, objects: list[dict[str, Any]]):
    return store.write(key, store.read(key).version, {"objects": objects})


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_change_is_read_as_it_was_sent_and_undone_to_the_byte(tmp_path_factory, data):
    file = made(tmp_path_factory.mktemp("minimal"))
    store, before = labelstudio_store(file), file.read_bytes()
    was = marks_of(store, "a.png")
    sent = data.draw(edits(was, 1, ("keep", "drop", "name", "move", "outline")))
    answer = write(store, "a.png", sent)
    assert same_marks(objects_from_json(answer.marks), objects_from_json({"objects": sent}))
    assert len(answer.problems) == 1
    fresh = labelstudio_store(file)
    assert fresh.read("a.png") == store.read("a.png") and fresh.read("b.png").state == "empty"
    task, other = json.loads(file.read_text(encoding="utf-8"))
    first = json.loads(before)
    assert other == first[1] and {**task, "tag": 0, "outline": 0} == {**first[0], "tag": 0, "outline": 0}
    assert file.read_bytes().count(b"\n") == before.count(b"\n") and b"2.50}" in file.read_bytes()
    kept = [one for one in sent if one["id"] == "#1" and one in was]
    assert not kept or b'"note": "\xea\xb3\xa0\xec\x9a\x94"' in file.read_bytes()
    write(store, "a.png", was)
    assert file.read_bytes() == before


def test_new_regions_and_images_are_read_without_a_remark(tmp_path):
    file = made(tmp_path)
    text = file.read_text(encoding="utf-8")
    broken = json.dumps({"x": 6.25, "y": 10, "width": 400}, ensure_ascii=False)[1:-1]
    file.write_text(text.replace(broken, broken.replace("400", "20")), encoding="utf-8")
    store = labelstudio_store(file)
    objects = [new_box("cat", 1, 2, 20, 30), new_outline("dog", [10, 10, 30, 10, 30, 30.5])]
    for key in ("b.png", "c.png"):
        assert write(store, key, objects).state == "labelled"
    task = json.loads(file.read_text(encoding="utf-8"))[2]
    assert task["image"].endswith("c.png") and [*task] == ["id", "image", "tag", "outline"]
    assert [*task["tag"][0]] == ["x", "y", "width", "height", "rotation", "rectanglelabels", *SIZE]
    assert write(store, "c.png", []).state == "empty"
    data = read_labelstudio(file)
    assert not data.faults and [len(one.annotations) for one in data.images] == [4, 2, 0]
    assert not [name for name in data.dropped_fields if "mood" not in name]
    assert data.images[1].annotations[1].segmentation == ((10, 10, 30, 10, 30, 30.5),)


def test_one_label_changes_one_line(tmp_path):
    file = made(tmp_path)
    store, before = labelstudio_store(file), file.read_text(encoding="utf-8")
    objects = marks_of(store, "a.png")
    objects[0]["class"] = "dog"
    write(store, "a.png", objects)
    assert file.read_text(encoding="utf-8") == before.replace('["cat"]', '["dog"]')


def test_flags_are_refused_and_of_two_stores_none_overwrites_the_other(tmp_path):
    file = made(tmp_path)
    store, other, before = labelstudio_store(file), labelstudio_store(file), file.read_bytes()
    with pytest.raises(DataError, match="files of Label Studio's JSON-MIN have no place for occluded"):
        write(store, "a.png", [{**new_box("cat", 1, 2, 20, 30), "occluded": True}])
    assert file.read_bytes() == before
    version = store.read("a.png").version
    write(other, "a.png", [])
    assert store.changed() == {"a.png"} and store.read("a.png").marks == {"objects": []}
    with pytest.raises(LabelConflict):
        store.write("a.png", version, {"objects": [new_box("cat", 1, 2, 20, 30)]})


def test_a_snapshot_is_a_source_of_what_is_annotated(tmp_path):
    store = labelstudio_store(made(tmp_path))
    (tmp_path / "copy").mkdir()
    data = SourceOptions.model_validate(store.snapshot(tmp_path / "copy")).read()
    assert {one.path.name: len(one.annotations) for one in data.images} == {"a.png": 3, "b.png": 0}


def test_an_annotation_with_its_task_in_it_is_changed_in_place(tmp_path):
    save_image(tmp_path / "a.png")
    task = {name: one for name, one in studio_task(1).items() if name in ("id", "data")}
    file = tmp_path / "one.json"
    file.write_text(json.dumps({"id": 5, "result": [studio_box("cat", 1, 2, 20, 30)], "task": task}))
    store = labelstudio_store(file)
    (one,) = marks_of(store, "a.png")
    store.add_class("dog")
    write(store, "a.png", [{**one, "class": "dog"}, new_box("cat", 1, 2, 20, 30)])
    (image,) = read_labelstudio(file).images
    assert [one.name for one in image.annotations] == ["dog", "cat"]
    assert json.loads(file.read_text())["task"] == task
