"""Experiments with labels and values that a test trains in seconds: words, and images of blocks."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from jumok.experiment import Experiment, read_experiment
from made_once import trained_once
from small_experiments import write_table
from small_images import save

COUNTS = {"train": 240, "valid": 60, "test": 60}
FIRST = {"a": "low", "b": "mid", "c": "high"}
SHADES = ("dark", "bright")

WORD_OUTPUTS: dict[str, dict[str, Any]] = {
    "label": {"first": {"kind": "label"}},
    "mean-label": {"first": {"kind": "label", "head": {"pool": "mean"}}},
    "ordered": {"first": {"kind": "label", "ordered": ["low", "mid", "high"], "metric": "mae"}},
    "several": {"letters": {"kind": "label", "several": True, "metric": "f1"}},
    "values": {"count": {"kind": "values"}},
    "two-values": {
        "counts": {"kind": "values", "names": ["a", "b"], "uncertainty": "variance", "metric": "r2"}
    },
    "label-each": {"letters": {"kind": "label", "several": True, "head": {"queries": "each"}}},
    "values-each": {"counts": {"kind": "values", "names": ["a", "b"], "head": {"queries": "each"}}},
}
PICTURE_OUTPUTS: dict[str, dict[str, Any]] = {
    "image-label": {"shade": {"kind": "label"}},
    "image-values": {"level": {"kind": "values", "uncertainty": "none"}},
}
LABEL_TASKS = (*WORD_OUTPUTS, *PICTURE_OUTPUTS)


def cells_of(word: str) -> dict[str, str]:
    """What can be answered to a word."""
    letters = [letter for letter in "abc" if letter in word]
    return {
        "word": word,
        "first": FIRST[word[0]],
        "letters": "; ".join(letters),
        "count": str(word.count("a")),
        "counts": json.dumps([word.count("a"), word.count("b")]),
    }


def write_label_words(folder: Path) -> None:
    """train.tsv and so on: words, with a label of the first letter, the letters they have, and counts."""
    draw = random.Random(1)
    words = list(dict.fromkeys("".join(draw.choices("abc", k=draw.randint(2, 6))) for _ in range(2000)))
    for part, count in COUNTS.items():
        rows = [cells_of(words.pop()) for _ in range(count)]
        write_table(folder / f"{part}.tsv", [row.values() for row in rows], rows[0])


def word_experiment(folder: Path, outputs: dict[str, Any], *overrides: str) -> Experiment:
    """A tiny model that reads the words of `write_label_words`."""
    if not (folder / "train.tsv").exists():
        write_label_words(folder)
    options = {
        "inputs": {"word": {"encoder": {"kind": "transformer", "layers": 1}}},
        "outputs": outputs,
        "data": {**{part: {"table": f"{part}.tsv"} for part in COUNTS}, "tokens": {"kind": "characters"}},
        "model": {"width": 16, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 120,
            "batch_tokens": 256,
            "learning_rate": 0.01,
            "precision": "fp32",
            "evaluate_every": 120,
            "average": "none",
            "label_smoothing": 0.0,
        },
    }
    return read_options(folder, options, overrides)


def write_shades(folder: Path) -> None:
    """Images of one block that is dark or bright, in tables with its shade and level."""
    random_numbers = np.random.default_rng(1)
    for part, count in COUNTS.items():
        rows = []
        for number in range(count):
            level = int(random_numbers.integers(0, 256))
            pixels = random_numbers.integers(110, 140, (16, 24, 3), dtype=np.uint8)
            x, y = (int(one) for one in random_numbers.integers(0, (14, 6)))
            pixels[y : y + 10, x : x + 10] = level
            save(folder / "images" / f"{part}{number:03}.png", pixels)
            rows.append((f"images/{part}{number:03}.png", SHADES[level >= 128], f"{level / 10}"))
        write_table(folder / f"{part}.tsv", rows, ("photo", "shade", "level"))


def shade_experiment(folder: Path, outputs: dict[str, Any], *overrides: str) -> Experiment:
    """A tiny model for the images of `write_shades`."""
    if not (folder / "train.tsv").exists():
        write_shades(folder)
    photo = {"kind": "image", "size": 24, "augment": "none"}
    options = {
        "inputs": {"photo": {**photo, "encoder": {"backbone": "convolutional", "strides": [4]}}},
        "outputs": outputs,
        "data": {part: {"table": f"{part}.tsv"} for part in COUNTS},
        "model": {"width": 32, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 80,
            "batch_size": 16,
            "learning_rate": 0.005,
            "precision": "fp32",
            "evaluate_every": 80,
            "ema_decay": 0.9,
            "label_smoothing": 0.0,
        },
    }
    return read_options(folder, options, overrides)


def read_options(folder: Path, options: dict[str, Any], overrides: tuple[str, ...]) -> Experiment:
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return read_experiment(file, overrides)


def trained_labels(task: str) -> Path:
    """A folder with an experiment of labels or values and its run; for reading only."""
    if task in WORD_OUTPUTS:
        return trained_once(f"words-{task}", lambda folder: word_experiment(folder, WORD_OUTPUTS[task]))
    return trained_once(f"shades-{task}", lambda folder: shade_experiment(folder, PICTURE_OUTPUTS[task]))
