"""Which rows pages link to in the label page: those, and only those, that it opens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import image_sets
from image_sets import coco, save_image
from jumok.errors import JumokError
from jumok.experiment import read_experiment
from jumok.experiment.labelled import labelled_split
from jumok.labelling.opening import open_experiment
from jumok.reporting.label_links import label_command, link_to
from small_experiments import write_table

WORD, PHOTO = {"word": {"kind": "text"}}, {"photo": {"kind": "image", "size": 64}}
LABEL = {"pet": {"kind": "label"}}
SPLIT_OFF = {"valid": 0.5}


def words(folder: Path, columns: tuple[str, ...] = ("word", "pet")) -> None:
    for part in ("train", "valid"):
        rows = [[f"{name}{number}" for name in columns] for number in range(4)]
        write_table(folder / f"{part}.tsv", rows, columns)


def tables(folder: Path) -> dict[str, Any]:
    words(folder)
    data = {part: {"table": f"{part}.tsv"} for part in ("train", "valid")}
    return {"inputs": WORD, "outputs": LABEL, "data": data}


def split_off(folder: Path) -> dict[str, Any]:
    words(folder)
    return {
        "inputs": WORD,
        "outputs": LABEL,
        "data": {"train": {"table": "train.tsv"}, "split": SPLIT_OFF},
    }


def boxes(folder: Path) -> dict[str, Any]:
    coco(folder)
    source = {"coco": "instances.json"}
    return {
        "inputs": PHOTO,
        "outputs": {"pets": {"kind": "boxes"}},
        "data": {"train": source, "valid": source},
    }


def box_table(folder: Path) -> dict[str, Any]:
    image_sets.box_table(folder)
    source = {"boxes": "boxes.csv"}
    return {
        "inputs": PHOTO,
        "outputs": {"pets": {"kind": "boxes"}},
        "data": {"train": source, "valid": source},
    }


def arrays(folder: Path) -> dict[str, Any]:
    np.savez(folder / "a.npz", x=np.zeros((4, 8, 1)), y=np.array(["up", "down", "up", "down"]))
    source = {"arrays": "a.npz", "columns": {"motion": "x", "pet": "y"}}
    series = {"motion": {"kind": "series", "channels": 1, "rate": 10}}
    return {"inputs": series, "outputs": LABEL, "data": {"train": source, "valid": source}}


def lines(folder: Path) -> dict[str, Any]:
    for name in ("a", "b"):
        (folder / name).write_text("one\ntwo\n")
    source = {"lines": {"word": "a", "other": "b"}}
    return {
        "inputs": WORD,
        "outputs": {"other": {"kind": "text"}},
        "data": {"train": source, "valid": source},
    }


def two_images(folder: Path) -> dict[str, Any]:
    save_image(folder / "a.png")
    rows = [("a.png", "a.png", "cat")] * 2
    write_table(folder / "train.tsv", rows, ("photo", "other", "pet"))
    source = {"table": "train.tsv"}
    inputs = {**PHOTO, "other": PHOTO["photo"]}
    return {"inputs": inputs, "outputs": LABEL, "data": {"train": source, "valid": source}}


def several_columns(folder: Path) -> dict[str, Any]:
    write_table(folder / "train.tsv", [("a", "1", "2")] * 4, ("word", "one", "two"))
    source = {"table": "train.tsv", "columns": {"count": ["one", "two"]}}
    outputs = {"count": {"kind": "values"}}
    return {"inputs": WORD, "outputs": outputs, "data": {"train": source, "valid": source}}


OPENED = {tables: "valid", split_off: "train", boxes: "valid", box_table: "valid"}
NOT_OPENED = (arrays, lines, two_images, several_columns)


@pytest.mark.parametrize("make", [*OPENED, *NOT_OPENED])
def test_what_is_linked_is_what_the_label_page_opens(tmp_path, make: Callable[[Path], dict[str, Any]]):
    file = tmp_path / "x.yaml"
    file.write_text(yaml.safe_dump(make(tmp_path)))
    found = labelled_split(read_experiment(file), "valid")
    assert found == OPENED.get(make)
    if found is not None:
        assert open_experiment(file, found).store.items()
        return
    with pytest.raises(JumokError):
        open_experiment(file, "valid").store.items()


def test_links_and_commands_are_escaped():
    assert link_to("night & day/b #1.png", "valid").endswith(
        "#key=night%20%26%20day/b%20%231.png&split=valid"
    )
    assert (
        label_command("my x.yaml", "runs/a", "test") == "jumok label 'my x.yaml' --model runs/a --split test"
    )
    assert label_command("x.yaml", "runs/a", "train") == "jumok label x.yaml --model runs/a"
