import pytest
from pydantic import ValidationError

from image_sets import (
    box_table,
    coco,
    cvat,
    labelme,
    labelstudio,
    object_masks,
    save_image,
    voc,
    voc_object,
    yolo,
)
from jumok.experiment.sources import SourceOptions


def test_each_format_is_read(tmp_path):
    objects = voc_object("dog", 1, 1, 9, 9)
    save_image(tmp_path / "images" / "a.png")
    save_image(tmp_path / "masks" / "a.png")
    colours = {"sky": [1, 2, 3]}
    given = [
        {"voc": voc(tmp_path / "voc", objects), "split": "train"},
        {"voc": tmp_path / "voc", "split": "train", "classes": ["cat", "dog"]},
        {"coco": coco(tmp_path / "coco")},
        {"coco": tmp_path / "coco" / "instances.json", "images": tmp_path / "coco"},
        {"yolo": yolo(tmp_path / "yolo", {"a": "0 0.5 0.5 0.5 0.5\n"}), "split": "train"},
        {"labelme": labelme(tmp_path / "labelme"), "classes": ["bird", "cat"]},
        {"cvat": cvat(tmp_path / "cvat"), "images": tmp_path / "images"},
        {"labelstudio": labelstudio(tmp_path / "studio"), "classes": ["bird", "cat"]},
        {"object_masks": object_masks(tmp_path / "objects"), "classes": ["nucleus"]},
        {"boxes": box_table(tmp_path / "table"), "images": tmp_path / "images"},
        {"masks": tmp_path / "masks", "images": tmp_path / "images", "classes": colours, "ignore": None},
    ]
    read = [SourceOptions.model_validate(options).read() for options in given]
    assert [data.faults for data in read] == [()] * 11
    assert [len(data.classes) for data in read] == [1, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1]
    assert read[-1].classes[0].colour == (1, 2, 3) and read[-1].ignore is None


REFUSED = {
    "recordings or windows; got none of them": {},
    "got voc and coco": {"voc": "a", "coco": "b", "split": "train"},
    "say which split of the yolo data": {"yolo": "a"},
    "belongs to coco and voc and labelme and cvat and labelstudio and boxes and masks and object_masks; this is yolo": {
        "yolo": "a",
        "split": "train",
        "images": "x",
    },
    "belongs to masks; this is coco": {"coco": "a", "ignore": 3},
    "masks need the names of their classes": {"masks": "a"},
    "no option splt; did you mean 'split'?": {"voc": "a", "splt": "train"},
    "less than or equal to 255": {"masks": "a", "classes": {"sky": [0, 0, 256]}},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_refusals(sentence):
    with pytest.raises(ValidationError) as caught:
        SourceOptions.model_validate(REFUSED[sentence])
    assert sentence in str(caught.value)
