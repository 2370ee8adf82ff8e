"""Experiments that a test can write and train in seconds: short made words, copied or reversed."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from jumok.experiment import Experiment, read_experiment

LETTERS = "abcdef"


def words(count: int, seed: int, longest: int = 5) -> list[str]:
    """Random words of 1 to `longest` letters, sorted by nothing."""
    draw = random.Random(seed)
    return ["".join(draw.choices(LETTERS, k=draw.randint(1, longest))) for _ in range(count)]


def write_table(
    path: Path, rows: Iterable[Iterable[str]], names: Iterable[str] = ("source", "target")
) -> Path:
    """A .tsv file with a line of names and a line for each row."""
    path.write_text("".join("\t".join(row) + "\n" for row in [names, *rows]), encoding="utf-8")
    return path


def write_words(folder: Path, longest: int = 5, reverse: bool = True, train: int = 300) -> None:
    """train.tsv, valid.tsv and test.tsv: words, and the same words reversed or as they are."""
    for seed, (part, count) in enumerate((("train", train), ("valid", 40), ("test", 40))):
        drawn = words(count, seed, longest)
        rows = [(word, word[::-1] if reverse else word) for word in drawn]
        write_table(folder / f"{part}.tsv", rows)


def write_experiment(folder: Path, *, encoder: str = "transformer", decoder: str = "transformer") -> Path:
    """x.yaml: a tiny model for the words that `write_words` writes."""
    options: dict[str, Any] = {
        "inputs": {"source": {"encoder": {"kind": encoder, "layers": 1}}},
        "outputs": {"target": {"decoder": {"kind": decoder, "layers": 1}}},
        "data": {
            "train": {"table": "train.tsv"},
            "valid": {"table": "valid.tsv"},
            "test": {"table": "test.tsv"},
            "tokens": {"kind": "characters"},
        },
        "model": {"width": 16, "heads": 2},
        "training": {
            "steps": 30,
            "batch_tokens": 128,
            "learning_rate": 0.01,
            "precision": "fp32",
            "evaluate_every": 10,
            "average": "none",
        },
        "decoding": {"beam": 2, "max_tokens": 12},
    }
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return file


def small_experiment(folder: Path, *overrides: str) -> Experiment:
    """Words and their reversals in a folder, and the experiment that learns them."""
    if not (folder / "train.tsv").exists():
        write_words(folder)
    return read_experiment(write_experiment(folder), overrides)


LEARNING = (
    "model.width=32",
    "model.heads=4",
    "model.dropout=0.0",
    "training.batch_tokens=512",
    "training.label_smoothing=0.0",
    "training.evaluate_every=100",
)


def write_reversal(folder: Path) -> Path:
    """x.yaml with all options that make a small model learn to reverse words, in seconds."""
    write_words(folder, train=2000)
    options = small_experiment(folder, *LEARNING, "model.positions=learned", "training.steps=500")
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options.model_dump(mode="json"), sort_keys=False))
    return file


def unseen(folder: Path, count: int, longest: int = 5) -> list[str]:
    """Words that are not in train.tsv."""
    seen = {line.split("\t")[0] for line in (folder / "train.tsv").read_text().splitlines()}
    drawn = dict.fromkeys(words(20 * count, seed=99, longest=longest))
    return [word for word in drawn if word not in seen][:count]
