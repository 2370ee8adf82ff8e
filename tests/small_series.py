"""Signals that a test can write and learn from in seconds: one to three bumps on noise, which are up or down."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from jumok.experiment import Experiment, read_experiment
from made_once import trained_once

NAMES = {1: "up", -1: "down"}
BUMP = 8  # steps
COUNTS = {"train": 120, "valid": 16, "test": 16}
ENCODERS: dict[str, dict[str, Any]] = {
    "patches": {"kind": "patches", "patch": 4, "stride": 4, "layers": 1},
    "channels": {"kind": "patches", "patch": 4, "stride": 4, "layers": 1, "channels": "independent"},
    "recurrent": {"kind": "recurrent", "layers": 1},
    "convolution": {"kind": "convolution", "channels": [8, 16]},
}


class Bumps(NamedTuple):
    """A signal with what is in it."""

    values: np.ndarray  # (T, 2) float32, NaN where nothing was measured
    signs: list[int]

    @property
    def text(self) -> str:
        return " ".join(NAMES[sign] for sign in self.signs)


def draw_bumps(seed: int) -> Bumps:
    """Channels of very different size; a tenth of the samples is missing."""
    random = np.random.default_rng(seed)
    signs = random.choice([1, -1], int(random.integers(1, 4))).tolist()
    bump = np.sin(np.linspace(0, np.pi, BUMP))
    clean = np.concatenate([np.concatenate((sign * bump, np.zeros(4))) for sign in signs])
    values = np.stack((clean, np.ones_like(clean)), 1) + random.normal(0, 0.1, (len(clean), 2))
    values[random.random(values.shape) < 0.1] = np.nan
    return Bumps((values * (100, 0.01) + (1000, -5)).astype(np.float32), signs)


def write_bumps(folder: Path) -> None:
    """For each split an array with its rows filled up by NaN, and a table with their texts."""
    for number, (part, count) in enumerate(COUNTS.items()):
        drawn = [draw_bumps(1000 * number + i) for i in range(count)]
        longest = max(len(one.values) for one in drawn)
        rows = np.full((count, longest, 2), np.nan, dtype=np.float32)
        for row, one in zip(rows, drawn, strict=True):
            row[: len(one.values)] = one.values
        np.savez(folder / f"{part}.npz", X=rows)
        cells = "".join(f"{part}.npz#X[{i}]\t{one.text}\n" for i, one in enumerate(drawn))
        (folder / f"{part}.tsv").write_text("signal\tbumps\n" + cells)


def write_series_experiment(folder: Path, encoder: str) -> Path:
    """x.yaml: a tiny model for the signals that `write_bumps` writes."""
    options = {
        "inputs": {"signal": {"kind": "series", "channels": ["size", "level"], "encoder": ENCODERS[encoder]}},
        "outputs": {
            "bumps": {
                "kind": "text",
                "decoder": {"kind": "transformer", "layers": 1},
                "metric": "exact_match",
            }
        },
        "data": {**{part: {"table": f"{part}.tsv"} for part in COUNTS}, "tokens": {"kind": "words"}},
        "model": {"width": 32, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 200,
            "batch_size": 16,
            "learning_rate": 0.005,
            "precision": "fp32",
            "evaluate_every": 200,
            "label_smoothing": 0.0,
            "ema_decay": 0.9,
        },
        "decoding": {"method": "greedy", "max_tokens": 6},
    }
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return file


def series_experiment(folder: Path, encoder: str, *overrides: str) -> Experiment:
    """The signals and their experiment in a folder."""
    if not (folder / "train.tsv").exists():
        write_bumps(folder)
    return read_experiment(write_series_experiment(folder, encoder), overrides)


def trained_series(encoder: str = "patches") -> Path:
    """A folder with the signals, x.yaml and the run of a model that has learned something; for reading only."""
    return trained_once(f"series-{encoder}", lambda folder: series_experiment(folder, encoder))
