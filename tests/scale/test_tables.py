"""Parquet in and out of `jumok predict --processes`: a row for each input, found again by its number."""

import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from jumok.errors import DataError
from jumok.predictor import load
from jumok.scale.tables import parquet_lines

WORDS = ["abc", "fed", "", "cab"]


def test_a_table_gives_the_answers_to_its_rows(jumok, reversal, tmp_path):
    parquet.write_table(pa.table({"id": [4, 3, 2, 1], "source": WORDS}), tmp_path / "in.parquet")
    call = ["predict", reversal / "run", "--file", tmp_path / "in.parquet", "--processes", 1]
    assert jumok(*call, "--output", tmp_path / "out.parquet").status == 0
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    predicted = load(reversal / "run").predict(WORDS)
    assert [one["number"] for one in rows] == [1, 2, 3, 4] and [one["input"] for one in rows] == WORDS
    assert [one["text"] for one in rows] == [one.text for one in predicted]
    assert all(one["error"] is None for one in rows)
    assert [json.loads(one["answer"])["text"] for one in rows] == [one.text for one in predicted]


def test_several_inputs_are_columns(tmp_path):
    parquet.write_table(
        pa.table({"two": [1, None], "more": [0, 0], "one": ["a", "b"]}), tmp_path / "x.parquet"
    )
    lines = list(parquet_lines(tmp_path / "x.parquet", ["one", "two"]))
    assert list(map(json.loads, lines)) == [{"one": "a", "two": "1"}, {"one": "b", "two": None}]


def test_the_only_column_is_the_only_input(tmp_path):
    parquet.write_table(pa.table({"text": ["a", None]}), tmp_path / "x.parquet")
    assert list(parquet_lines(tmp_path / "x.parquet", ["source"])) == ["a", ""]


def test_what_is_no_table_or_lacks_a_column_is_refused(tmp_path):
    (tmp_path / "x.parquet").write_text("abc\n")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        list(parquet_lines(tmp_path / "x.parquet", ["source"]))
    parquet.write_table(pa.table({"a": ["a"], "b": ["b"]}), tmp_path / "y.parquet")
    with pytest.raises(DataError, match="has no column 'source'; it has a, b, and the model reads source"):
        list(parquet_lines(tmp_path / "y.parquet", ["source"]))
