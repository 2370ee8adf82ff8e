"""`jumok convert`: any format from any other, and what gets lost."""

import json

import pytest

from image_sets import (
    box_table,
    coco,
    labelstudio,
    object_masks,
    save_image,
    studio_box,
    studio_task,
    voc,
    voc_object,
    yolo,
)

POLYGON = [[2.0, 2.0, 9.0, 2.0, 9.0, 8.0, 2.0, 8.0]]


@pytest.fixture
def blood(tmp_path):
    """A VOC folder of two splits."""
    flags = "<truncated>1</truncated>"
    voc(tmp_path / "blood", voc_object("RBC", 3, 3, 9, 9, flags=flags) + voc_object("WBC", 1, 1, 64, 48))
    return voc(tmp_path / "blood", voc_object("RBC", 3, 3, 9, 9), "b", "val")


def test_voc_to_yolo(jumok, blood, tmp_path):
    ended = jumok("convert", blood, tmp_path / "new" / "cells.yaml")
    assert ended.status == 0 and ended.output == f"{tmp_path / 'new' / 'cells.yaml'}\n"
    assert "YOLO cannot say, so these are left out: truncated flags (1)" in ended.talk
    assert "train: 1 image, 2 annotations" in ended.talk
    lines = (tmp_path / "new" / "labels" / "train" / "a.txt").read_text().splitlines()
    assert lines == [
        "0 0.0859375 0.11458333333333 0.109375 0.14583333333333",
        "1 0.500000 0.500000 1.000000 1.000000",
    ]
    assert (tmp_path / "new" / "images" / "val" / "b.png").is_file()
    assert (
        "train: images/train\nval: images/val\nnames:\n  0: RBC\n"
        in (tmp_path / "new" / "cells.yaml").read_text()
    )


def test_voc_to_one_coco_file(jumok, refused, blood, tmp_path):
    assert "choose one with --split" in refused("convert", blood, tmp_path / "x.json")
    ended = jumok("convert", blood, tmp_path / "x.json", "--split", "val", "--json")
    assert json.loads(ended.output) == {
        "written": str(tmp_path / "x.json"),
        "splits": {"val": {"images": 1, "annotations": 1}},
        "not_expressible": {},
    }
    assert json.loads((tmp_path / "x.json").read_text())["annotations"][0]["bbox"] == [2, 2, 7, 7]
    assert (
        "exists already" in refused("convert", blood, tmp_path / "x.json", "--split", "val").splitlines()[-1]
    )


def test_a_folder_needs_a_format(refused, blood, tmp_path):
    assert "say the format of the folder, like --to voc" in refused("convert", blood, tmp_path / "x")
    assert "has no split 'tset'" in refused("convert", blood, tmp_path / "x.json", "--split", "tset")
    assert "does not exist" in refused("convert", tmp_path / "no", tmp_path / "x.json")
    assert "is a file; to have images" in refused(
        *("convert", blood, tmp_path / "x.json", "--split", "val", "--images", "copy")
    )


def test_faults_stop_a_conversion_unless_they_are_skipped(jumok, tmp_path):
    source = yolo(tmp_path / "y", {"a": "0 0.5 0.5 0.5\n1 0.5 0.5 0.5 0.5\n"})
    ended = jumok("convert", source, tmp_path / "x.json")
    assert ended.status == 2 and not (tmp_path / "x.json").exists()
    assert "a.txt:1: has 4 values" in ended.talk and "or pass --skip" in ended.talk
    assert jumok("convert", source, tmp_path / "x.json", "--skip").status == 0
    assert len(json.loads((tmp_path / "x.json").read_text())["annotations"]) == 1


def test_names_that_lead_elsewhere_and_images_that_are_missing(refused, blood, tmp_path):
    (blood / "JPEGImages" / "b.png").unlink()
    assert "b.png, which does not exist; fix it, or pass --images none" in refused(
        *("convert", blood, tmp_path / "x", "--to", "coco")
    )
    assert not (tmp_path / "x").exists()
    voc(tmp_path / "blood", voc_object("RBC", 3, 3, 9, 9), "../c", "train")
    assert "leads out of the folder" in refused("convert", blood, tmp_path / "x", "--to", "voc")


def test_masks_are_painted_of_outlines_alone(jumok, refused, tmp_path):
    good = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [2, 2, 7, 6], "segmentation": POLYGON}
    source = coco(tmp_path / "coco", annotations=[good])
    ended = jumok("convert", source, tmp_path / "m", "--to", "masks", "--images", "none")
    assert ended.status == 0 and (tmp_path / "m" / "masks" / "instances" / "a.png").is_file()
    assert json.loads((tmp_path / "m" / "classes.json").read_text()) == ["background", "cat", "dog"]
    bare = coco(tmp_path / "bare")
    assert "'dog' has a box but no outline (like 2 annotations" in refused(
        "convert", bare, tmp_path / "n", "--to", "masks"
    )


def test_masks_become_no_boxes(refused, tmp_path):
    save_image(tmp_path / "masks" / "a.png")
    sentence = refused("convert", tmp_path / "masks", tmp_path / "x.json")
    assert "boxes cannot be made of them" in sentence


def test_help_shows_an_example(jumok):
    assert "jumok convert bccd blood/data.yaml" in jumok("convert", "--help").output


def test_damaged_images_can_be_skipped(jumok, tmp_path):
    source = yolo(tmp_path / "y", dict.fromkeys("abc", "0 0.5 0.5 0.5 0.5\n"))
    (tmp_path / "y" / "images" / "train" / "b.png").write_bytes(b"nothing")
    ended = jumok("convert", source, tmp_path / "v", "--to", "voc")
    assert ended.status == 2 and "b.png" in ended.talk and not (tmp_path / "v").exists()
    ended = jumok("convert", source, tmp_path / "v", "--to", "voc", "--skip")
    assert ended.status == 0 and "left out 1 image that cannot be read, like" in ended.talk
    assert "train: 2 images, 2 annotations" in ended.talk
    assert (tmp_path / "v" / "ImageSets" / "Main" / "train.txt").read_text() == "a\nc\n"


def test_how_something_was_found_is_said(jumok, tmp_path):
    file = box_table(tmp_path / "t", "/home/somebody/a.png,64,48,cat,4,5,20,30")
    ended = jumok("convert", file, tmp_path / "x.json")
    assert (
        ended.status == 0 and "remark: " in ended.talk and "they were found by their own names" in ended.talk
    )


def test_what_is_not_known_is_told(refused, tmp_path):
    save_image(tmp_path / "photos" / "a.jpg")
    told = refused("convert", tmp_path / "photos", tmp_path / "x.json")
    assert "holds 1 image but no annotations" in told and "a folder of labelme" in told


@pytest.mark.parametrize("kind", ["labelme", "cvat", "labelstudio"])
def test_to_the_tools_and_back(jumok, blood, tmp_path, kind):
    ended = jumok("convert", blood, tmp_path / "tool", "--to", kind)
    assert ended.status == 0
    jumok("convert", blood, tmp_path / "before", "--to", "coco")
    assert jumok("convert", tmp_path / "tool", tmp_path / "after", "--to", "coco").status == 0
    before, after = (json.loads((tmp_path / one / "train.json").read_text()) for one in ("before", "after"))
    assert [one["bbox"] for one in before["annotations"]] == [one["bbox"] for one in after["annotations"]]
    assert [one["file_name"] for one in before["images"]] == [one["file_name"] for one in after["images"]]


def test_label_studio_and_masks_of_objects_are_converted_and_remarks_are_said(jumok, tmp_path):
    skipped = studio_task(2, annotations=[{"result": [], "was_cancelled": True}], data={"image": "b.png"})
    file = labelstudio(tmp_path / "s", studio_task(1, studio_box()), skipped)
    ended = jumok("convert", file, tmp_path / "x.json")
    assert ended.status == 0 and "left out: 1 task skipped by annotators" in ended.talk
    ended = jumok("convert", object_masks(tmp_path / "o"), tmp_path / "m", "--to", "masks")
    assert ended.status == 0 and "all: 2 images, 4 annotations" in ended.talk
