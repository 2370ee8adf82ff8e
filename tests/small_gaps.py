"""Experiments whose rows often lack their note: an image, or a signal, with or without a text beside it."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from jumok.experiment import Experiment, read_experiment
from made_once import trained_once
from small_images import save

SAMPLES = {
    "photo": ("photo", "note"),
    "signal": ("signal", "note"),
}  # the input of each row, and that of some
COUNTS = {"train": 48, "valid": 12, "test": 12}
INPUTS: dict[str, dict[str, Any]] = {
    "photo": {
        "kind": "image",
        "size": 24,
        "augment": "none",
        "encoder": {"backbone": "convolutional", "channels": [8, 8], "strides": [4]},
    },
    "signal": {
        "kind": "series",
        "channels": ["level", "steady"],
        "encoder": {"kind": "recurrent", "layers": 1},
    },
}


def write_photo(file: Path, bright: bool, random: np.random.Generator) -> None:
    """An image that is bright or dark, as wide as the model reads it."""
    pixels = random.integers(0, 90, (int(random.integers(14, 24)), 24, 3)) + (160 if bright else 0)
    save(file.with_suffix(".png"), pixels.astype(np.uint8))


def write_signal(file: Path, high: bool, random: np.random.Generator) -> None:
    """A signal that is high or low, some of it missing."""
    values = random.normal(5 if high else -5, 1, int(random.integers(8, 20)))
    cells = ["" if random.random() < 0.1 else f"{value:.3f}" for value in values]
    file.with_suffix(".csv").parent.mkdir(exist_ok=True)
    file.with_suffix(".csv").write_text("level,steady\n" + "\n".join(f"{cell},1" for cell in cells) + "\n")


WRITERS = {"photo": (write_photo, ".png"), "signal": (write_signal, ".csv")}


def write_gaps(folder: Path, name: str) -> None:
    """train.jsonl and so on: every third row has no note."""
    random, (write, suffix) = np.random.default_rng(3), WRITERS[name]
    for part, count in COUNTS.items():
        rows = []
        for number in range(count):
            first, second = (bool(one) for one in random.integers(0, 2, 2))
            write(folder / "files" / f"{part}{number}", first, random)
            note = None if number % 3 == 0 else ("yes it is" if second else "no")
            answer = f"{'up' if first else 'down'}{'' if note is None else ' yes' if second else ' no'}"
            rows.append({name: f"files/{part}{number}{suffix}", "note": note, "answer": answer})
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def gaps_experiment(folder: Path, name: str) -> Experiment:
    """A tiny model for what `write_gaps` writes."""
    write_gaps(folder, name)
    options = {
        "inputs": {name: INPUTS[name], "note": {"kind": "text", "optional": True}},
        "outputs": {"answer": {"kind": "label"}},
        "data": {**{part: {"table": f"{part}.jsonl"} for part in COUNTS}, "tokens": {"kind": "words"}},
        "model": {"width": 16, "heads": 2, "dropout": 0.0},
        "training": {"steps": 30, "evaluate_every": 30, "precision": "fp32", "batch_size": 16},
    }
    file = folder / "x.yaml"
    file.write_text(json.dumps(options))
    return read_experiment(file)


def trained_gaps(name: str) -> Path:
    """A folder with such an experiment and its run; for reading only."""
    return trained_once(f"gaps-{name}", lambda folder: gaps_experiment(folder, name))
