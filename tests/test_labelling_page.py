"""docs/labelling.md and its Korean sister: the commands work, and the table of what formats keep is measured."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from image_sets import (
    NOWHERE,
    box_table,
    coco,
    cvat,
    labelme,
    labelstudio,
    object_masks,
    save_image,
    voc,
    voc_object,
)
from jumok.classes import Class
from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet, Annotation
from jumok.data.annotations.segmentation import merge_polygons
from jumok.data.annotations.shapes import run_lengths
from jumok.data.annotations.splits.reading import read_splits
from jumok.data.annotations.splits.writing import write_splits
from jumok.data.images.reading import Size

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "labelling.md", "ko": DOCS / "labelling.ko.md"}
COMMAND = re.compile(r"^\$ (jumok convert .*)$", re.MULTILINE)
FORMATS = {
    "COCO": "coco",
    "YOLO": "yolo",
    "VOC": "voc",
    "labelme": "labelme",
    "CVAT": "cvat",
    "Label Studio": "labelstudio",
}
ANSWERS = {
    "en": {"yes": True, "no": False, "joined": "joined"},
    "ko": {"예": True, "아니요": False, "이어짐": "joined"},
}
SQUARE, OTHER = (4.0, 5.0, 20.5, 5.0, 20.5, 30.25), (40.0, 5.0, 50.0, 5.0, 50.0, 40.0)


def made_set(folder: Path) -> AnnotatedSet:
    """Everything that a row of the table is about."""
    mask = np.zeros((48, 64), bool)
    mask[10:14, 5:9] = True
    marks = (
        Annotation((1.12345678, 2, 30.5, 40), "cat", NOWHERE, id=50),
        Annotation((4, 5, 20.5, 30.25), "cat", NOWHERE, segmentation=(SQUARE,), id=70),
        Annotation((4, 5, 50, 40), "cat", NOWHERE, segmentation=(SQUARE, OTHER), id=80),
        Annotation((5, 10, 9, 14), "cat", NOWHERE, segmentation=run_lengths(mask), id=90),
        Annotation((1, 2, 9, 9), "dog", NOWHERE, difficult=True, truncated=True, occluded=True, id=91),
        Annotation((1, 2, 9, 9), "dog", NOWHERE, crowd=True, id=99),
    )
    images = [
        AnnotatedImage(
            save_image(folder / f"{name}.png", seed=seed), f"{name}.png", NOWHERE, Size(64, 48), ones, id=id
        )
        for seed, (name, ones, id) in enumerate((("a", marks, 30), ("b", (), 10)))
    ]
    return AnnotatedSet(tuple(Class(name) for name in ("dog", "horse", "cat")), tuple(images))


def kept(before: AnnotatedSet, after: AnnotatedSet) -> list[object]:
    """What each row of the table says, as it is after a round trip."""
    old, new = before.images[0].annotations, after.images[0].annotations
    flags = [(one.difficult, one.truncated, one.occluded) for one in new]
    joined = (merge_polygons((SQUARE, OTHER)),)
    parts = new[2].segmentation
    return [
        [one.box for one in new] == [one.box for one in old],
        new[1].segmentation == old[1].segmentation,
        "joined" if parts == joined else parts == old[2].segmentation,
        new[3].segmentation == old[3].segmentation,
        flags == [(one.difficult, one.truncated, one.occluded) for one in old],
        [one.crowd for one in new] == [one.crowd for one in old],
        [len(one.annotations) for one in after.images] == [6, 0],
        after.names == before.names,
        [one.id for one in after.images] == [30, 10],
        [one.id for one in new] == [one.id for one in old],
    ]


def told(language: str) -> dict[str, list[object]]:
    """The columns of the table of what comes back."""
    text = PAGES[language].read_text(encoding="utf-8")
    table = re.search(r"^\| \| COCO .*?\n\n", text, re.MULTILINE | re.DOTALL)
    assert table is not None
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].strip().splitlines()]
    columns = list(zip(*([row[1:] for row in (rows[0], *rows[2:])]), strict=True))
    return {name: [ANSWERS[language][cell] for cell in cells] for name, *cells in columns}


@pytest.mark.parametrize("name", FORMATS)
def test_what_formats_keep_is_what_the_table_says(tmp_path, name):
    data = made_set(tmp_path / "old")
    write_splits({"train": data}, tmp_path / "new", FORMATS[name], "copy")
    (after,) = read_splits(tmp_path / "new", wanted=["train"]).values()
    order = {one.name.rpartition("/")[2]: one for one in after.images}
    after = replace(after, images=(order["a.png"], order["b.png"]))
    assert kept(data, after) == told("en")[name] == told("ko")[name]


@pytest.mark.parametrize("language", PAGES)
def test_the_commands_work_in_their_order(jumok, tmp_path, monkeypatch, language):
    polygon = {
        "id": 1,
        "image_id": 7,
        "category_id": 3,
        "bbox": [2, 2, 7, 6],
        "segmentation": [[2, 2, 9, 2, 9, 8]],
    }
    coco(tmp_path, annotations=[polygon])
    voc(tmp_path / "bccd", voc_object("RBC", 1, 1, 9, 9))
    labelme(tmp_path / "photos_labelme")
    labelstudio(tmp_path)
    cvat(tmp_path)
    object_masks(tmp_path / "nuclei")
    box_table(tmp_path)
    monkeypatch.chdir(tmp_path)
    commands = COMMAND.findall(PAGES[language].read_text(encoding="utf-8"))
    assert len(commands) == 12
    for line in commands:
        said = shlex.split(line, comments=True)[1:]
        ended = jumok(*said)
        assert ended.status == 0, (line, ended.talk)
        assert Path(said[2]).exists()


def test_both_pages_show_the_same_commands():
    english, korean = (
        [line.split("#")[0].strip() for line in COMMAND.findall(page.read_text(encoding="utf-8"))]
        for page in PAGES.values()
    )
    assert english == korean
