"""`jumok check`: every fault by name, and what is good to know."""

import json
from pathlib import Path

import pytest

from small_experiments import small_experiment, write_table


@pytest.fixture
def file(tmp_path) -> Path:
    small_experiment(tmp_path)
    for times, part in enumerate(("train", "valid", "test"), start=2):
        write_table(tmp_path / f"{part}.tsv", [(times * letter, letter) for letter in "abcdef"])
    return tmp_path / "x.yaml"


def test_clean_data(jumok, file):
    ended = jumok("check", file)
    assert ended.status == 0 and ended.output == ""
    *_, faults, model = ended.talk.splitlines()
    assert faults == "no faults" and model.startswith("the model: ") and "parameters; a batch of" in model
    assert "source: 10 tokens (characters), target: 10 tokens (characters)" in ended.talk


def test_every_fault_is_named(jumok, file, tmp_path):
    write_table(tmp_path / "train.tsv", [("ab", "ba"), ("a", "b", "c"), ("", "x"), ("ab", "b" * 9)])
    (tmp_path / "valid.tsv").write_bytes(b"source\ttarget\nab\tba\n\xff\tb\n")
    ended = jumok("check", file, "--set", "data.max_tokens=8")
    assert ended.status == 2 and ended.output == ""
    faults = [line.removeprefix("fault: ") for line in ended.talk.splitlines() if line.startswith("fault: ")]
    assert [fault.removeprefix(f"{tmp_path}/").split("; ")[0] for fault in faults] == [
        "train.tsv:3: has 3 columns, expected 2",
        "train.tsv:4: column 'source' is empty",
        "valid.tsv:3: is not valid UTF-8 at byte 1 of the line (0xff)",
        "train.tsv:5: target has 10 tokens, at most 8 are allowed",
    ]
    assert ended.talk.splitlines()[-1].startswith(
        "error: faulty rows: 4; fix them, or set data.on_bad_rows: skip"
    )


def test_the_line_number_100_is_no_emoji(jumok, file, tmp_path):
    write_table(tmp_path / "train.tsv", [("a", "b")] * 98 + [("a", "b", "[red]c")])
    assert "train.tsv:100: has 3 columns" in jumok("check", file).talk


def test_faults_that_training_skips_are_told_and_are_no_failure(jumok, file, tmp_path):
    write_table(tmp_path / "train.tsv", [("ab", "ba"), ("a",)])
    ended = jumok("check", file, "--set", "data.on_bad_rows=skip")
    assert ended.status == 0 and "train.tsv:3: has 1 column, expected 2" in ended.talk


@pytest.mark.parametrize("rows", ["error", "skip"])
def test_a_missing_file_is_a_failure_always(jumok, file, rows):
    words = ("--set", f"data.on_bad_rows={rows}", "--set", "data.train.table=tain.tsv")
    ended = jumok("check", file, *words)
    assert ended.status == 2
    assert "tain.tsv: does not exist; did you mean 'train.tsv'?" in ended.talk
    assert ended.talk.splitlines()[-1] == "error: faults that cannot be skipped: 1; fix them first"


def test_only_some_faults_are_shown(jumok, file, tmp_path):
    write_table(tmp_path / "train.tsv", [("ab", "ba"), *[("a",)] * 5])
    talk = jumok("check", file, "--faults", 2).talk
    assert talk.count("fault: ") == 2 and "... and 3 more faults" in talk


def test_repetitions_answers_and_leaks(jumok, file, tmp_path):
    write_table(tmp_path / "train.tsv", [("a", "x"), ("a", "x"), ("a", "y")])
    write_table(tmp_path / "valid.tsv", [("a", "x")])
    ended = jumok("check", file)
    assert ended.status == 0
    assert "train: 1 row is equal to an earlier row" in ended.talk
    assert "train: 1 row gives a further answer to an input that stands before" in ended.talk
    assert (
        f"valid: 1 row has inputs that are in train too, so its scores flatter; first: {tmp_path}"
        in ended.talk
    )


def test_json(jumok, file, tmp_path):
    write_table(tmp_path / "train.tsv", [("ab", "ba"), ("a",)])
    ended = jumok("check", file, "--json")
    assert ended.status == 2
    document = json.loads(ended.output)
    assert document["fault_count"] == 1 and document["fatal_count"] == 0
    fault = {"file": str(tmp_path / "train.tsv"), "line": 3, "kind": "column_count"}
    assert fault.items() <= document["faults"][0].items()
    assert document["splits"]["train"]["examples"] == 1
    assert document["splits"]["train"]["lengths"]["source"]["max"] == 3


def test_faults_that_cannot_be_skipped_are_shown_behind_others(jumok, file, tmp_path):
    """They are fixed first, so they must not be among the “more faults”."""
    write_table(tmp_path / "train.tsv", [("ab", "ba"), *[("a",)] * 5])
    ended = jumok("check", file, "--faults", "2", "--set", f"data.valid.table={tmp_path / 'none.tsv'}")
    assert ended.status == 2 and "faults that cannot be skipped: 1" in ended.talk
    assert ended.talk.count("fault: ") == 3 and "none.tsv: does not exist" in ended.talk
    assert "... and 3 more faults" in ended.talk


def test_a_fault_of_a_file_that_two_splits_name_is_told_once(jumok, file, tmp_path):
    place = f"table={tmp_path / 'none.tsv'}"
    ended = jumok("check", file, "--set", f"data.train.{place}", "--set", f"data.valid.{place}")
    assert ended.status == 2 and ended.talk.count("none.tsv: does not exist") == 1
    assert "faults that cannot be skipped: 1" in ended.talk
