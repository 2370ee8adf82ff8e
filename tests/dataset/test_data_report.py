"""What `jumok check` finds in the data."""

import json
from pathlib import Path

import pytest

from jumok.dataset import prepare
from jumok.dataset.report import Report, report
from small_experiments import small_experiment, write_table


def look(folder: Path, *overrides: str) -> Report:
    said: list[str] = []
    found = report(prepare(small_experiment(folder, *overrides), said.append, tolerant=True))
    assert said == []  # it tells by what it gives
    json.dumps(found.to_json(), allow_nan=False)
    return found


def test_clean_data(tmp_path):
    found = look(tmp_path)
    assert found.fault_count == 0 and found.faults == found.fatal == []
    assert {name: part.examples for name, part in found.splits.items()} == {
        "train": 300,
        "valid": 40,
        "test": 40,
    }
    lengths = found.splits["train"].lengths["source"]
    assert (lengths.min, lengths.max) == (2, 6)  # letters and the end mark
    assert lengths.total == sum(len(line) + 1 for line in inputs_of(tmp_path / "train.tsv"))
    assert found.fields == {"source": "10 tokens (characters)", "target": "10 tokens (characters)"}


def inputs_of(file: Path) -> list[str]:
    return [line.split("\t")[0] for line in file.read_text().splitlines()[1:]]


def test_duplicates_answers_leaks_and_coverage(tmp_path):
    small_experiment(tmp_path)
    write_table(tmp_path / "train.tsv", [("ab", "x"), ("ab", "x"), ("ab", "y"), ("c", "x"), ("ab", "x")])
    write_table(tmp_path / "valid.tsv", [("q", "x"), ("c", "xxz"), ("ab", "y"), ("qa", "x")])
    write_table(tmp_path / "test.tsv", [("b", "y")])
    parts = look(tmp_path).splits
    train, valid, test = parts["train"], parts["valid"], parts["test"]
    assert (train.examples, train.duplicates, train.several_answers) == (5, 2, 1)
    assert (train.leaked, valid.leaked, test.leaked) == (0, 2, 0)
    assert valid.leak == f"{tmp_path / 'valid.tsv'}:3 is {tmp_path / 'train.tsv'}:5: 'c'"
    assert valid.unknown["source"] == 2 / (2 + 2 + 3 + 3)  # q twice, end marks count as known
    assert valid.unknown["target"] == 1 / (2 + 4 + 2 + 2)
    assert train.unknown == test.unknown == {"source": 0.0, "target": 0.0}


def test_parts_that_are_split_off_do_not_leak(tmp_path):
    small_experiment(tmp_path)
    write_table(tmp_path / "train.tsv", [(word, word) for word in "aabbccddeeff"])
    data = "data={train: {table: train.tsv}, split: {valid: 2}, tokens: {kind: characters}}"
    parts = look(tmp_path, data).splits
    assert parts["valid"].examples == 4 and parts["valid"].duplicates == 2
    assert parts["valid"].leaked == 0


def test_every_fault_is_listed(tmp_path):
    small_experiment(tmp_path)
    rows = [("ab", "ba"), ("a", "b", "c"), ("", "x"), ("ab", "b" * 9), ("c", "c")]
    write_table(tmp_path / "train.tsv", rows)
    write_table(tmp_path / "valid.tsv", [("a", "a"), ("a",)])
    found = look(tmp_path, "data.max_tokens=8")
    places = [(Path(fault.file).name, fault.line, fault.kind) for fault in found.faults]
    assert places == [
        ("train.tsv", 3, "column_count"),
        ("train.tsv", 4, "empty_side"),
        ("valid.tsv", 3, "column_count"),
        ("train.tsv", 5, "too_long"),
    ]
    assert found.fault_count == 4 and not found.fatal
    assert found.splits["train"].examples == 2


def test_more_faults_than_are_kept_are_counted(tmp_path):
    small_experiment(tmp_path)
    rows = [("a", "a")] + [("a",)] * 1200 + [("b" * 9, "b")] * 1100
    write_table(tmp_path / "train.tsv", rows)
    found = look(tmp_path, "data.max_tokens=8")
    assert found.fault_count == 2300 and len(found.faults) == 2000


@pytest.mark.parametrize("part", ["train", "valid"])
def test_a_missing_file_is_a_fault_among_the_others(tmp_path, part):
    small_experiment(tmp_path)
    write_table(tmp_path / "test.tsv", [("a", "a"), ("a",)])
    found = look(tmp_path, f"data.{part}.table=gone.tsv")
    assert [(Path(fault.file).name, fault.kind) for fault in found.faults] == [
        ("gone.tsv", "missing_file"),
        ("test.tsv", "column_count"),
    ]
    assert len(found.fatal) == 1 and found.splits == {}


def test_a_part_of_long_rows_alone(tmp_path):
    small_experiment(tmp_path)
    write_table(tmp_path / "test.tsv", [("a" * 9, "a")] * 3)
    found = look(tmp_path, "data.max_tokens=8")
    assert found.splits["test"].examples == 0 and found.fault_count == 3
