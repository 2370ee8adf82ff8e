"""Lengths of valid or test that are far from those of train are told, by `check` and by `train`; others are not."""

import random
from pathlib import Path

import pytest

from jumok.dataset import prepare
from jumok.dataset.evidence import length_gap
from jumok.experiment import read_experiment
from small_experiments import write_table

FEW = ("--set", "training.steps=1", "--set", "training.precision=fp32")


def codes(number: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choices("abcdefgh", k=6)) for _ in range(number)]


def write_codes(folder: Path, tokens: str) -> Path:
    """Twenty codes again and again in train, other codes in valid and test."""
    known = codes(20, 0)
    write_table(folder / "train.tsv", [(str(i), known[i % 20]) for i in range(200)])
    for seed, part in ((1, "valid"), (2, "test")):
        write_table(folder / f"{part}.tsv", [(str(i), code) for i, code in enumerate(codes(30, seed))])
    file = folder / "x.yaml"
    file.write_text(
        "inputs: {source: {tokens: {kind: characters}}}\n"
        f"outputs: {{target: {{tokens: {tokens}}}}}\n"
        "data: {train: {table: train.tsv}, valid: {table: valid.tsv}, test: {table: test.tsv}}\n"
        "model: {width: 8, heads: 2}\n"
    )
    return file


def test_codes_that_the_tokens_know_by_heart_are_told(jumok, tmp_path):
    file = write_codes(tmp_path, "{kind: bpe, size: 200}")
    for command in (("check", file), ("train", file, "--run", tmp_path / "r", *FEW)):
        ended = jumok(*command)
        assert ended.status == 0
        for part in ("valid", "test"):
            (line,) = [line for line in ended.talk.splitlines() if line.startswith(f"{part}: target has")]
            assert ", in train 1; " in line and "tokens: {kind: characters}" in line
        assert "train: target has" not in ended.talk and "source has" not in ended.talk


def test_the_remedy_silences_it(jumok, tmp_path):
    file = write_codes(tmp_path, "{kind: characters}")
    for command in (("check", file), ("train", file, "--run", tmp_path / "r", *FEW)):
        ended = jumok(*command)
        assert ended.status == 0 and "has a median of" not in ended.talk


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [(4, 2, True), (2, 4, True), (3, 2, False), (2, 1, False), (7, 4, False), (8, 4, True)],
)
def test_a_factor_of_two_and_two_tokens_are_a_gap(tmp_path, here, there, told):
    file = write_codes(tmp_path, "{kind: characters}")
    write_table(tmp_path / "train.tsv", [(str(i), "a" * there) for i in range(20)])
    write_table(tmp_path / "valid.tsv", [(str(i), "a" * here) for i in range(20)])
    splits = prepare(read_experiment(file), lambda _: None).splits
    assert (length_gap(splits["valid"], splits["train"]) is not None) == told


def test_a_few_examples_say_little(tmp_path):
    file = write_codes(tmp_path, "{kind: characters}")
    write_table(tmp_path / "valid.tsv", [(str(i), "a" * 60) for i in range(9)])
    splits = prepare(read_experiment(file), lambda _: None).splits
    assert length_gap(splits["valid"], splits["train"]) is None
