"""A new kind is one package and one line in the catalogue: one from outside trains, answers and is looked into."""

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[1] / "outside_kinds"
EXPERIMENT = """
inputs:
  counts: {kind: tally}
outputs:
  total: {kind: tally}
data:
  train: {table: train.tsv}
  valid: {table: valid.tsv}
  test: {table: test.tsv}
model: {width: 16, heads: 2}
training: {steps: 150, batch_tokens: 256, evaluate_every: 50, precision: fp32}
"""


@pytest.fixture(scope="module")
def jumok_with_tally(python: list[str], trained: Path) -> Callable[..., str]:
    """Run jumok in the folder when the catalogue has one more kind; what it prints on standard output."""
    return lambda *arguments, given="": said(python, trained, *arguments, given=given)


def said(python: list[str], folder: Path, *arguments: str, given: str = "") -> str:
    command = [*python, str(PACKAGES / "run_tally.py"), str(PACKAGES), *arguments]
    ended = subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def trained(python: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, draw = tmp_path_factory.mktemp("tally"), random.Random(1)
    for part, count in (("train", 400), ("valid", 40), ("test", 40)):
        rows = [[draw.randint(0, 4) for _ in range(draw.randint(1, 5))] for _ in range(count)]
        lines = [f"{' '.join(map(str, row))}\t{sum(row)}" for row in rows]
        (folder / f"{part}.tsv").write_text("\n".join(["counts\ttotal", *lines, ""]))
    (folder / "tally.yaml").write_text(EXPERIMENT)
    said(python, folder, "train", "tally.yaml", "--run", "run")
    return folder


def test_a_new_file_names_it_alone(jumok_with_tally, trained):
    arguments = ("--input", "counts:tally", "--output", "total:tally")
    assert jumok_with_tally("new", "begun.yaml", *arguments) == "begun.yaml\n"
    assert "counts: {kind: tally}" in (trained / "begun.yaml").read_text()


def test_its_data_are_checked(jumok_with_tally):
    splits = json.loads(jumok_with_tally("check", "tally.yaml", "--json"))["splits"]
    assert splits["train"]["examples"] == 400 and splits["train"]["unknown"] == {}
    assert splits["train"]["lengths"]["counts"]["max"] == 5


def test_it_learns_answers_and_is_scored(jumok_with_tally):
    scores = json.loads(jumok_with_tally("evaluate", "run", "--json"))
    assert scores["metrics"]["right"]["value"] > 0.9
    assert jumok_with_tally("predict", "run", given="3 1 4\n\n2 2\n").split() == ["8", "0", "4"]


def test_it_is_reported_and_looked_into(jumok_with_tally, trained):
    jumok_with_tally("report", "run")
    assert "right" in (trained / "run" / "report.html").read_text(encoding="utf-8")
    look = json.loads(jumok_with_tally("look", "run", "3 1 4"))
    assert look["inputs"][0]["text"] == "3 1 4" and look["outputs"][0]["answers"][0]["text"] == "8"
    assert look["nothing"]["reason"] == "sum" and look["attentions"] == []
