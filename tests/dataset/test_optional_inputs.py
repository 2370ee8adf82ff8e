"""Tables whose rows lack an optional input: null or an empty cell; a missing input is no fault, a missing row is."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

import jumok
from jumok.dataset import Prepared, prepare
from jumok.dataset.batch_image import draw_batch
from jumok.dataset.report import report
from jumok.errors import DataError
from jumok.experiment import read_experiment
from jumok.predictor.jobs.events import Answered, EmptyInputs
from jumok.predictor.jobs.stream import answer_lines
from jumok.training import NullReporter, train
from jumok.values import PartialBatch
from jumok.workbench.examples import examples_of

ROWS = [("a.png", "ab", "x"), ("b.png", None, "y"), ("a.png", "cd", "xy"), (None, "ab", "yx")]
NAMES = ("photo", "note", "said")
PRESENT = {"photo": [True, True, True, False], "note": [True, False, True, True]}


def write_rows(file: Path, rows: list[tuple[str | None, ...]]) -> None:
    for number, name in enumerate("ab"):
        pixels = np.full((16 + 8 * number, 24, 3), 100 * number, np.uint8)
        Image.fromarray(pixels).save(file.parent / f"{name}.png")
    if file.suffix == ".jsonl":
        file.write_text("".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows))
    elif file.suffix == ".parquet":
        pyarrow.parquet.write_table(pa.table(dict(zip(NAMES, zip(*rows, strict=True), strict=True))), file)
    else:
        mark = "\t" if file.suffix == ".tsv" else ","
        lines = [NAMES, *([one or "" for one in row] for row in rows)]
        file.write_text("".join(mark.join(line) + "\n" for line in lines))


def prepared_of(file: Path, optional: tuple[str, ...] = ("photo", "note")) -> Prepared:
    source = {"table": file.name}
    photo: dict[str, Any] = {"kind": "image", "size": 32, "encoder": {"backbone": "convolutional"}}
    inputs = {"photo": photo, "note": {"kind": "text"}}
    options = {
        "inputs": {name: one | {"optional": name in optional} for name, one in inputs.items()},
        "outputs": {"said": {"kind": "text"}},
        "data": {"train": source, "valid": source, "tokens": {"kind": "characters"}},
    }
    experiment = file.with_suffix(".yaml")
    experiment.write_text(json.dumps(options))
    return prepare(read_experiment(experiment), lambda _: None, splits=("train", "valid"))


@pytest.mark.parametrize("suffix", [".jsonl", ".tsv", ".csv", ".parquet"])
def test_a_row_may_lack_an_optional_input(tmp_path, suffix):
    write_rows(tmp_path / f"t{suffix}", ROWS)
    prepared = prepared_of(tmp_path / f"t{suffix}")
    train = prepared.splits["train"]
    assert len(train) == 4
    for name, present in PRESENT.items():
        assert train.present(name).tolist() == present
        assert [train.value(name, i) is not None for i in range(4)] == present
    batch = train.batch(range(4), np.random.default_rng(1))
    for name, present in PRESENT.items():
        assert isinstance(batch.inputs[name], PartialBatch)
        assert batch.inputs[name].present.tolist() == present
    assert len(batch.inputs["photo"].values.pixels) == len(batch.inputs["note"].values.values) == 3
    assert train.inputs["photo"].summary == "up to 32 × 32 pixels"
    assert report(prepared).splits["train"].lengths["note"].min == 3
    assert draw_batch(prepared, 0) is not None


def test_whole_rows_make_the_batches_of_old(tmp_path):
    write_rows(tmp_path / "t.jsonl", ROWS)
    train = prepared_of(tmp_path / "t.jsonl").splits["train"]
    write_rows(tmp_path / "whole.jsonl", [ROWS[0], ROWS[2]])
    strict = prepared_of(tmp_path / "whole.jsonl", optional=()).splits["train"]
    batch = train.batch([0, 2], np.random.default_rng(1))
    expected = strict.batch([0, 1], np.random.default_rng(1))
    assert batch.inputs["photo"].pixels.equal(expected.inputs["photo"].pixels)
    assert batch.inputs["note"].valid.equal(expected.inputs["note"].valid)


def test_a_row_that_lacks_every_input_is_a_fault(tmp_path):
    write_rows(tmp_path / "t.jsonl", [*ROWS, (None, None, "x")])
    with pytest.raises(DataError, match=r"t.jsonl:5: has no input, all of photo, note are empty"):
        prepared_of(tmp_path / "t.jsonl")


def test_an_input_that_is_not_optional_must_be_there(tmp_path):
    write_rows(tmp_path / "t.tsv", ROWS)
    with pytest.raises(DataError, match="t.tsv:3: column 'note' is empty"):
        prepared_of(tmp_path / "t.tsv", optional=("photo",))
    with pytest.raises(DataError, match="t.tsv:5: column 'photo' is empty"):
        prepared_of(tmp_path / "t.tsv", optional=("note",))


def test_an_input_that_no_row_has_cannot_be_learned(tmp_path):
    write_rows(tmp_path / "t.tsv", [(photo, None, said) for photo, _, said in ROWS[:3]])
    with pytest.raises(DataError, match="no row of train has note"):
        prepared_of(tmp_path / "t.tsv")


def prepared_lines(folder: Path, optional: tuple[str, ...], **files: str) -> Prepared:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    source = {"lines": {name: f"{name}.txt" for name in files}}
    *inputs, output = files
    options = {
        "inputs": {name: {"kind": "text", "optional": name in optional} for name in inputs},
        "outputs": {output: {"kind": "text"}},
        "data": {"train": source, "valid": source, "tokens": {"kind": "characters"}},
    }
    (folder / "x.yaml").write_text(json.dumps(options))
    return prepare(read_experiment(folder / "x.yaml"), lambda _: None, splits=("train", "valid"))


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
def test_an_empty_line_of_an_optional_file_is_a_missing_input(tmp_path, end):
    both = ("word", "note")
    train = prepared_lines(
        tmp_path, both, word="ab\n\ncd" + end, note="\nx\n\n" + end, said="1\n2\n3\n"
    ).splits["train"]
    assert train.present("word").tolist() == [True, False, True]
    assert train.present("note").tolist() == [False, True, False]
    assert [train.value("word", i) for i in range(3)] == ["ab", None, "cd"]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {"word": "ab\n\ncd\n", "note": "\n\nx\n"},
            r"word.txt:2: has no input, the lines of all of word, note",
        ),
        ({"word": "ab\ncd\n", "note": "x\n\ny\n"}, "word.txt: has 2 lines, but .*note.txt has 3;"),
        ({"word": "ab\ncd\nef\ngh\n", "note": "x\n\ny\n"}, "note.txt: has 3 lines, but .*word.txt has 4"),
    ],
)
def test_lines_of_optional_files_still_belong_together(tmp_path, files, sentence):
    with pytest.raises(DataError, match=sentence):
        prepared_lines(tmp_path, ("word", "note"), **files, said="1\n2\n3\n")
    with pytest.raises(DataError, match="note.txt:1: is empty"):
        prepared_lines(tmp_path, ("word",), word="a\nb\nc\n", note="\nx\ny\n", said="1\n2\n3\n")


def test_a_training_scores_and_answers_rows_that_lack_inputs(tmp_path):
    write_rows(tmp_path / "t.jsonl", ROWS)
    prepared_of(tmp_path / "t.jsonl")  # writes t.yaml
    changes = ("training.steps=3", "model.width=16", "inputs.photo.encoder.channels=[8,8,8]")
    run = tmp_path / "run"
    train(read_experiment(tmp_path / "t.yaml", changes), run, NullReporter())
    scored = [json.loads(line)["inputs"] for line in (run / "predictions.jsonl").read_text().splitlines()]
    assert {"photo": "b.png", "note": ""} in scored and {"photo": "", "note": "ab"} in scored
    predictor = jumok.load(run)
    assert all(field.is_optional for field in predictor.inputs.values())
    lines = ['{"photo": null, "note": "ab"}', '{"note": "ab"}', '{"photo": null, "note": null}']
    events = list(answer_lines(predictor, lines))
    first, second, empty = (event.answer.text for event in events if isinstance(event, Answered))
    assert first == second and empty == ""
    assert [str(event) for event in events if isinstance(event, EmptyInputs)] == [
        "1 empty input(s) got an empty answer (first: number 3)"
    ]
    shown = [
        example.to_json(0)["inputs"] for example in examples_of(run, predictor.inputs, predictor.outputs)
    ]
    assert any("photo" not in inputs for inputs in shown) and any("note" not in inputs for inputs in shown)
