"""Waves that a test can write and learn to forecast in seconds: two sines of other sizes, with some noise."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from jumok.experiment import Experiment, read_experiment
from made_once import trained_once

PAST, HORIZON = 24, 8
ROWS = {"train": [0, 400], "valid": [400, 460], "test": [460, None]}
STEPS = 520
HEADS: dict[str, dict[str, Any]] = {
    "flatten": {"kind": "direct"},
    "attention": {"kind": "direct", "gather": "attention", "patch": 4},
    "autoregressive": {"kind": "autoregressive", "patch": 3, "layers": 1},
    "steps": {"kind": "direct", "gather": "attention", "patch": 4, "linear": "steps"},
    "seasons": {"kind": "direct", "gather": "none", "linear": "seasons"},
    "ridge": {"kind": "direct", "gather": "none", "linear": "steps", "start": "ridge"},
    "recurrent": {"kind": "recurrent", "patch": 3, "layers": 1},
}
LINEAR = {name for name, head in HEADS.items() if head.get("gather") == "none"}


def waves(seed: int = 0) -> np.ndarray:
    """Values (T, 2) of an hourly clock; one in fifty is missing."""
    random = np.random.default_rng(seed)
    step = np.arange(STEPS)
    clean = np.stack((np.sin(2 * np.pi * step / 12), np.cos(2 * np.pi * step / 24)), 1)
    values = (clean + random.normal(0, 0.05, clean.shape)) * (100, 0.01) + (1000, -5)
    values[random.random(values.shape) < 0.02] = np.nan
    return np.asarray(values)


def write_waves(folder: Path) -> Path:
    """waves.csv: a time and two channels in each row."""
    begin = datetime(2026, 1, 1)
    rows = [
        ",".join([str(begin + timedelta(hours=i)), *("" if np.isnan(v) else f"{v:.6g}" for v in row)])
        for i, row in enumerate(waves())
    ]
    file = folder / "waves.csv"
    file.write_text("\n".join(["date,high,low", *rows, ""]))
    return file


def write_forecast_experiment(folder: Path, head: str) -> Path:
    """x.yaml: a tiny model that forecasts `write_waves`."""
    encoder = {"kind": "patches", "patch": 6, "stride": 3, "layers": 1, "normalize_window": True}
    if head in LINEAR:
        encoder = {"kind": "plain", "normalize_window": True}
    if head == "flatten":
        encoder["channels"] = "independent"
    season = {"season": 12} if head in LINEAR else {}
    quantiles = {"quantiles": [0.1, 0.5, 0.9], "loss": "quantile"} if head == "attention" else {}
    source = {"windows": "waves.csv", "past": PAST}
    options = {
        "inputs": {"past": {"kind": "series", "encoder": encoder}},
        "outputs": {
            "next": {"kind": "forecast", "horizon": HORIZON, "head": HEADS[head], **quantiles, **season}
        },
        "data": {part: {**source, "rows": rows} for part, rows in ROWS.items()},
        "model": {"width": 16, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 150,
            "batch_size": 32,
            "batch_tokens": 100000,
            "learning_rate": 0.03 if head == "seasons" else 0.005,
            "precision": "fp32",
            "evaluate_every": 150,
            "average": "none",
        },
    }
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return file


def forecast_experiment(folder: Path, head: str = "flatten", *overrides: str) -> Experiment:
    """The waves and their experiment in a folder."""
    if not (folder / "waves.csv").exists():
        write_waves(folder)
    return read_experiment(write_forecast_experiment(folder, head), overrides)


def trained_forecast(head: str = "flatten") -> Path:
    """A folder with the waves, x.yaml and the run of a model that has learned something; for reading only."""
    return trained_once(f"waves-{head}", lambda folder: forecast_experiment(folder, head))
