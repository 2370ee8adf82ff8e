"""Texts beside annotated images: fields of a COCO file, and a table that names the images."""

import json
from pathlib import Path
from typing import Any

import pytest

from image_sets import coco, save_image, yolo
from jumok.dataset import Prepared, prepare
from jumok.errors import ConfigurationError, DataError
from jumok.experiment import read_experiment

BOX = {"kind": "boxes", "head": {"kind": "dense", "layers": 1}}
PHOTO = {"kind": "image", "size": 32, "encoder": {"backbone": "convolutional"}}


def write_experiment(folder: Path, source: dict[str, Any], optional: bool = False, **outputs: Any) -> Path:
    options = {
        "inputs": {"asked": {"kind": "text", "optional": optional}, "photo": PHOTO},
        "outputs": {"found": BOX, **outputs},
        "data": {"train": source, "valid": source, "tokens": {"kind": "words"}},
        "training": {"select": "found.AP"} if outputs else {},
    }
    file = folder / "x.yaml"
    file.write_text(json.dumps(options))
    return file


def prepared_of(folder: Path, source: dict[str, Any], **changes: Any) -> Prepared:
    experiment = read_experiment(write_experiment(folder, source, **changes))
    return prepare(experiment, lambda _: None, splits=("train", "valid"))


def asked_twice(folder: Path, *texts: str | None) -> Path:
    """A COCO file of two records of one image, each with its own text and box."""
    images = [
        {"id": number, "file_name": "a.png", "width": 64, "height": 48, **({"caption": text} if text else {})}
        for number, text in enumerate(texts, start=1)
    ]
    boxes = [
        {"id": n, "image_id": n, "category_id": 3, "bbox": [5 * n, 2, 10, 20]}
        for n in range(1, len(texts) + 1)
    ]
    return coco(folder, images=images, annotations=boxes, categories=[{"id": 3, "name": "cat"}])


def rows_of(prepared: Prepared, *names: str) -> list[tuple[str, ...]]:
    split = prepared.splits["train"]
    return [tuple(split.text(name, i) for name in names) for i in range(len(split))]


def test_records_of_one_image_with_different_texts_are_examples_of_their_own(tmp_path):
    asked_twice(tmp_path, "left  ", "right")
    source = {"coco": "instances.json", "columns": {"asked": "caption"}}
    prepared = prepared_of(tmp_path, source)
    assert rows_of(prepared, "photo", "asked") == [("a.png", "left"), ("a.png", "right")]
    boxes = [json.loads(found)["objects"][0]["box"][0] for (found,) in rows_of(prepared, "found")]
    assert boxes == [5, 10]
    assert prepared.faults["train"].summary.images == 1


def test_an_image_without_its_text_is_a_fault_unless_the_input_is_optional(tmp_path):
    file = asked_twice(tmp_path, "left", None)
    source = {"coco": "instances.json", "columns": {"asked": "caption"}}
    with pytest.raises(DataError, match=f"{file}:4: the image 'a.png' has no field 'asked'"):
        prepared_of(tmp_path, source)
    assert rows_of(prepared_of(tmp_path, source, optional=True), "asked") == [("left",), ("",)]
    with pytest.raises(
        DataError, match=r"no image has a field 'asked'; write one .* columns: \{asked: FIELD\}"
    ):
        prepared_of(tmp_path, {"coco": "instances.json"})


def test_a_table_of_texts_goes_beside_any_format(tmp_path):
    yolo(tmp_path, {"a": "0 0.5 0.5 0.5 0.5\n", "b": "1 0.5 0.5 0.5 0.5\n"})
    (tmp_path / "texts.tsv").write_text(
        "photo\tasked\tsaid\nb.png\tdog\tyes\na.png\tcat\tyes\na.png\tdog\tno\n"
    )
    source = {"yolo": "data.yaml", "split": "train", "texts": "texts.tsv"}
    prepared = prepared_of(tmp_path, source, said={"kind": "text"})
    assert rows_of(prepared, "photo", "asked", "said") == [
        ("images/train/b.png", "dog", "yes"),
        ("images/train/a.png", "cat", "yes"),
        ("images/train/a.png", "dog", "no"),
    ]
    (tmp_path / "texts.tsv").write_text("photo\tasked\tsaid\na.png\tcat\tyes\nb.png\tdog\tno\n")
    again = prepared_of(tmp_path, source, said={"kind": "text"})
    assert rows_of(again, "said") == [("yes",), ("no",)]  # the cache knows that the table changed


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (
            "photo\tasked\na.png\tcat\nc.png\tdog\n",
            r"texts.tsv:3: names the image 'c.png', which has no annot",
        ),
        ("photo\tasked\na.png\tcat\n", r"'night/b.png' has no row in .*texts.tsv; add one, or remove"),
        ("photo\tasked\na.png\t\nb.png\tdog\n", r"texts.tsv:2: column 'asked' is empty"),
        ("photo\tsaid\na.png\tcat\n", r"texts.tsv.*asked"),
    ],
)
def test_faults_of_a_table_of_texts_are_named(tmp_path, texts, sentence):
    coco(tmp_path)
    (tmp_path / "texts.tsv").write_text(texts)
    with pytest.raises(DataError, match=sentence):
        prepared_of(tmp_path, {"coco": "instances.json", "texts": "texts.tsv"})


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            {"voc": "."},
            "annotations give images, boxes and masks, but asked is text; name a table of it by texts",
        ),
        ({"coco": "instances.json", "columns": {"photo": "x"}}, "'photo' is none"),
        ({"table": "t.tsv", "texts": "t.tsv"}, "belongs to voc and coco"),
    ],
)
def test_sources_without_such_texts_are_refused(tmp_path, source, sentence):
    save_image(tmp_path / "a.png")
    with pytest.raises(ConfigurationError, match=sentence):
        read_experiment(write_experiment(tmp_path, source))
