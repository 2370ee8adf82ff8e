"""Several columns of a table, or entries of an array, that are one answer: values by name, marks of classes, steps."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import yaml

from jumok.dataset.prepare import prepare
from jumok.dataset.split import Split
from jumok.errors import ConfigurationError, DataError
from jumok.experiment import Experiment, read_experiment
from jumok.predictor import load
from jumok.training import train
from small_experiments import write_table

ROWS = [("ab", "1", "0", "3.5"), ("bc", "1", "1", "4"), ("ca", "0", "1", "-2")]
HEAD = ("word", "is a", "is b", "size")
VALUES: dict[str, Any] = {"counts": {"kind": "values"}}


def experiment_of(
    folder: Path, outputs: dict[str, Any], source: dict[str, Any], inputs: dict[str, Any] | None = None
) -> Experiment:
    """An experiment whose splits are all one source."""
    options = {
        "inputs": inputs or {"word": {"kind": "text"}},
        "outputs": outputs,
        "data": {"train": source, "valid": source, "test": source, "tokens": {"kind": "characters"}},
        "model": {"width": 8, "heads": 2},
        "training": {"steps": 2, "evaluate_every": 2, "precision": "fp32"},
    }
    (folder / "x.yaml").write_text(yaml.safe_dump(options, sort_keys=False))
    return read_experiment(folder / "x.yaml")


def table_split(folder: Path, outputs: dict[str, Any], columns: dict[str, Any], rows: Any = ROWS) -> Split:
    write_table(folder / "all.tsv", rows, HEAD)
    source = {"table": "all.tsv", "columns": columns}
    return prepare(experiment_of(folder, outputs, source), lambda _: None).splits["train"]


def test_values_of_several_columns_are_called_as_these(tmp_path):
    split = table_split(tmp_path, VALUES, {"counts": ["is a", "size"]})
    about = split.outputs["counts"].head.about
    assert about.names == ("is a", "size") and about.state.center == pytest.approx((2 / 3, 5.5 / 3))
    named = {"counts": {"kind": "values", "names": ["x", "y"]}}
    assert table_split(tmp_path, named, {"counts": ["is a", "size"]}).outputs["counts"].head.about.names == (
        "x",
        "y",
    )


def test_names_stay_in_the_run_its_scores_and_its_answers(tmp_path):
    write_table(tmp_path / "all.tsv", ROWS * 4, HEAD)
    source = {"table": "all.tsv", "columns": {"counts": ["is a", "size"]}}
    train(experiment_of(tmp_path, VALUES, source), tmp_path / "run")
    scores = json.loads((tmp_path / "run" / "evaluation.json").read_text())["metrics"]
    assert {"mae/is a", "mae/size"} <= scores.keys()
    (answer,) = load(tmp_path / "run").predict(["ab"])
    assert [one["name"] for one in answer["counts"].to_json()["values"]] == ["is a", "size"]
    assert "is a" in (tmp_path / "run" / "report.html").read_text()


def test_marks_of_several_columns_are_labels(tmp_path):
    several: dict[str, Any] = {"letters": {"kind": "label", "several": True}}
    split = table_split(tmp_path, several, {"letters": ["is a", "is b"]})
    assert [one.name for one in split.outputs["letters"].classes.classes] == ["is a", "is b"]
    assert [split.columns["letters"][row] for row in range(3)] == [(0,), (0, 1), (1,)]
    one: dict[str, Any] = {"letters": {"kind": "label", "classes": ["a", "b"]}}
    rows = [ROWS[0], ROWS[2]]
    split = table_split(tmp_path, one, {"letters": ["is a", "is b"]}, rows)
    assert [split.columns["letters"][row] for row in range(2)] == [(0,), (1,)]


LABEL: dict[str, Any] = {"counts": {"kind": "label"}}
MARKS = [("ab", "1", "0", "1"), ("bc", "0", "1", "1")]


@pytest.mark.parametrize(
    ("outputs", "columns", "row", "said"),
    [
        (
            VALUES,
            ["is a", "size"],
            ("zz", "1", "0", "3,5"),
            "counts holds '3,5', a number with a comma, for 'size'; ",
        ),
        (
            VALUES,
            ["is a", "size"],
            ("zz", "1", "0", "many"),
            "counts holds 'many', which is no number, for 'size'; ",
        ),
        (
            VALUES,
            ["is a", "size"],
            ("zz", "1", "0", "inf"),
            "counts holds 'inf', which is not finite, for 'size'; ",
        ),
        (
            VALUES,
            ["is a", "size"],
            ("zz", "", "0", "1"),
            "column 'is a' is empty; fill it in or remove the row",
        ),
        (
            LABEL,
            ["is a", "is b"],
            ("zz", "1", "2", "1"),
            "column 'is b' holds '2', expected 0 or 1 for the class; ",
        ),
        (
            LABEL,
            ["is a", "is b"],
            ("zz", "0", "0", "1"),
            "marks no class, expected exactly one of is a, is b; correct it, or say several: true for the label",
        ),
    ],
)
def test_a_faulty_cell_is_named_with_file_and_line(tmp_path, outputs, columns, row, said):
    with pytest.raises(DataError) as error:
        table_split(tmp_path, outputs, {"counts": columns}, [*MARKS, row])
    assert str(error.value).startswith(f"{tmp_path}/all.tsv:4: {said}")


@pytest.mark.parametrize(
    ("outputs", "columns", "said"),
    [
        (
            {"counts": {"kind": "values", "names": ["x", "y", "z"]}},
            ["is a", "size"],
            "counts has 2 columns, but",
        ),
        ({"counts": {"kind": "text"}}, ["is a", "size"], "of kind values or label; counts is text"),
        (VALUES, [2, 4], "counts has columns by number, which give no names"),
        (VALUES, ["size"], "columns.counts"),
    ],
)
def test_columns_that_are_no_answer_are_refused(tmp_path, outputs, columns, said):
    write_table(tmp_path / "all.tsv", ROWS, HEAD)
    word = 1 if columns == [2, 4] else "word"
    source = {"table": "all.tsv", "columns": {"word": word, "counts": columns}}
    with pytest.raises(ConfigurationError, match=said):
        experiment_of(tmp_path, outputs, source)


def test_several_columns_belong_to_tables_and_arrays(tmp_path):
    with pytest.raises(
        ConfigurationError, match="several columns, which belong to table and arrays; this is"
    ):
        experiment_of(tmp_path, VALUES, {"recordings": "a.csv", "columns": {"id": "n", "counts": ["a", "b"]}})


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_objects_of_values_may_stand_in_formats_that_have_objects(tmp_path, form):
    rows = [{"word": "ab", "counts": {"y": 1.5, "x": 2}}, {"word": "b", "counts": {"x": 4, "y": 2.5}}]
    if form == "jsonl":
        (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "all.parquet")
    outputs: dict[str, Any] = {"counts": {"kind": "values", "names": ["x", "y"]}}
    experiment = experiment_of(tmp_path, outputs, {"table": f"all.{form}"})
    split = prepare(experiment, lambda _: None).splits["train"]
    assert split.outputs["counts"].head.about.state.center == pytest.approx((3.0, 2.0))
    with pytest.raises(DataError, match="column 'counts'"):  # one number is no object
        prepare(experiment_of(tmp_path, VALUES, {"table": f"all.{form}"}), lambda _: None)


SERIES: dict[str, Any] = {
    "motion": {"kind": "series", "encoder": {"kind": "patches", "patch": 2, "stride": 2}}
}


def arrays_split(folder: Path, outputs: dict[str, Any], columns: dict[str, Any], **arrays: Any) -> Split:
    motion = np.random.default_rng(0).normal(size=(6, 8, 2))
    np.savez(folder / "all.npz", motion=motion, **arrays)
    source = {"arrays": "all.npz", "columns": columns}
    return prepare(experiment_of(folder, outputs, source, SERIES), lambda _: None).splits["train"]


def test_arrays_of_several_entries_are_values_and_marks(tmp_path):
    sizes = np.arange(12.0, dtype=np.float32).reshape(6, 2) / 10
    outputs: dict[str, Any] = {"sizes": {"kind": "values", "names": ["a", "b"]}}
    found = arrays_split(tmp_path, outputs, {}, sizes=sizes).outputs["sizes"].head.about.state
    assert found.center == pytest.approx(sizes.mean(0).tolist())
    split = arrays_split(
        tmp_path, {"tags": {"kind": "label", "several": True}}, {}, tags=np.eye(6, 3, dtype=bool)
    )
    assert [split.columns["tags"][row] for row in range(6)] == [(0,), (1,), (2,), (), (), ()]
    split = arrays_split(tmp_path, {"tag": {"kind": "label"}}, {}, tag=np.eye(3)[[0, 1, 2, 2, 1, 0]])
    assert [split.columns["tag"][row] for row in range(6)] == [(0,), (1,), (2,), (2,), (1,), (0,)]


def test_several_arrays_are_values_and_a_column_of_one_is_a_number(tmp_path):
    outputs: dict[str, Any] = {"sizes": {"kind": "values"}}
    columns = {"sizes": ["a", "b"]}
    found = arrays_split(tmp_path, outputs, columns, a=np.arange(6), b=np.ones((6, 1)))
    about = found.outputs["sizes"].head.about
    assert about.names == ("a", "b") and about.state.center == pytest.approx((2.5, 1.0))


def test_steps_to_come_are_a_series_of_an_array(tmp_path):
    outputs: dict[str, Any] = {"next": {"kind": "forecast", "horizon": 3}}
    ahead = np.arange(36.0).reshape(6, 3, 2)
    split = arrays_split(tmp_path, outputs, {}, next=ahead)
    assert len(split.rows) == 6
    with pytest.raises(DataError, match="4 time steps|4 steps"):
        arrays_split(tmp_path, outputs, {}, next=np.zeros((6, 4, 2)))


@pytest.mark.parametrize(
    ("outputs", "shape", "said"),
    [
        (
            {"y": {"kind": "values"}},
            (6, 3),
            "array 'y' has shape (6, 3) of float64, 3 values for each example",
        ),
        (
            {"y": {"kind": "values", "names": ["a", "b"]}},
            (6, 3),
            "array 'y' has shape (6, 3) of float64, expected 2 values (a, b); correct the names of y",
        ),
        (
            {"y": {"kind": "label"}},
            (6, 3, 2),
            "array 'y' has shape (6, 3, 2) of float64, expected one number or text for each example, (N,), or 0 and 1 "
            "for each class, (N, K); name another array",
        ),
        (
            {"y": {"kind": "text"}},
            (6, 3),
            "expected one number or text for each example, (N,); name another array",
        ),
        (
            {"y": {"kind": "label"}},
            (6, 2),
            "all.npz:1: column '0' holds '0.5', expected 0 or 1 for the class; ",
        ),
    ],
)
def test_other_arrays_are_refused_in_one_sentence(tmp_path, outputs, shape, said):
    with pytest.raises(DataError) as error:
        arrays_split(tmp_path, outputs, {}, y=np.full(shape, 0.5))
    assert said in str(error.value)


@pytest.mark.parametrize("cell", ["1e300", "9" * 400])
def test_a_number_too_large_is_refused_and_shown_short(tmp_path, cell):
    with pytest.raises(DataError) as error:
        table_split(tmp_path, {"size": {"kind": "values"}}, {}, [*MARKS, ("zz", "1", "0", cell)])
    said = str(error.value)
    assert said.startswith(f"{tmp_path}/all.tsv:4: size holds '{cell[:60]}") and "9" * 61 not in said
    assert ("does not fit into 32 bits" if cell == "1e300" else "is not finite") in said
