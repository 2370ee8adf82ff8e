"""Whatever a file holds, reading it ends in faults, never in a traceback."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_sets import box_table, coco, cvat, labelme, labelme_shape, voc, voc_object, yolo
from jumok.data.annotations.box_tables.reading import read_box_table
from jumok.data.annotations.coco.reading import read_coco
from jumok.data.annotations.cvat.reading import read_cvat
from jumok.data.annotations.labelme.reading import read_labelme
from jumok.data.annotations.voc.reading import read_voc
from jumok.data.annotations.yolo.reading import read_yolo
from read_sources import check_annotations

EXAMPLES = 50
MARKS = [
    "",
    "-",
    "9" * 400,
    "1e999",
    "null",
    "[",
    "}",
    '"',
    "<",
    ">",
    "\x00",
    "\\ud800",
    "é",
    "\n",
    "true",
    "../",
    "{}",
    "x",
]

FILES = {
    "coco": (lambda folder: coco(folder), "instances.json", read_coco),
    "voc": (
        lambda folder: voc(folder, voc_object("dog", 1, 2, 3, 4)),
        "Annotations/a.xml",
        lambda f: read_voc(f, "train"),
    ),
    "voc list": (lambda folder: voc(folder, ""), "ImageSets/Main/train.txt", lambda f: read_voc(f, "train")),
    "yolo": (lambda folder: yolo(folder / "y", {"a": ""}), "y/data.yaml", lambda f: read_yolo(f, "train")),
    "labels": (
        lambda folder: yolo(folder / "y", {"a": "0 0.5 0.5 0.5 0.5\n1 0 0 1 0 1 1\n"}),
        "y/labels/train/a.txt",
        lambda f: read_yolo(f, "train"),
    ),
    "obj.data": (lambda folder: darknet(folder / "d"), "d/obj.data", lambda f: read_yolo(f, "train")),
    "a list of obj.data": (
        lambda folder: darknet(folder / "d"),
        "d/train.txt",
        lambda f: read_yolo(f, "train"),
    ),
    "labelme": (
        lambda folder: labelme(
            folder, labelme_shape("a", (1, 2), (3, 9), (9, 9), kind="polygon", group_id=1)
        ),
        "a.json",
        read_labelme,
    ),
    "cvat": (
        lambda folder: cvat(
            folder,
            '<box label="a" xtl="1" ytl="2" xbr="9" ybr="8" rotation="9"/>',
            '<mask label="a" rle="1,2" left="1" top="2" width="3" height="1" group_id="1"/>',
        ),
        "annotations.xml",
        read_cvat,
    ),
    "boxes": (box_table, "boxes.csv", read_box_table),
}


def darknet(folder: Path) -> Path:
    yolo(folder, {"a": "0 0.5 0.5 0.5 0.5\n"})
    (folder / "obj.data").write_text("classes = 1\ntrain = data/train.txt\nnames = data/obj.names\n")
    (folder / "obj.names").write_text("cat\n")
    (folder / "train.txt").write_text("data/images/train/a.png\n")
    return folder / "obj.data"


@pytest.fixture(scope="module", params=FILES)
def file(request, tmp_path_factory):
    """What to read, the file to damage, and how to read it."""
    make, damaged, read = FILES[request.param]
    folder = tmp_path_factory.mktemp("damaged")
    return make(folder), folder / damaged, read


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_damage_is_a_fault(file, data):
    source, damaged, read = file
    whole = damaged.read_text()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 6)))
    mark = data.draw(st.sampled_from(MARKS))
    try:
        damaged.write_text(whole[:start] + mark + whole[end:])
        check_annotations({"train": read(source)})
    finally:
        damaged.write_text(whole)
