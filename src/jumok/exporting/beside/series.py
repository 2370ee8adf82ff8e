"""Series as the arrays that a program takes, and forecasts of its numbers."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def series_arrays(value: Any, about: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """A series: numbers (T, C), None or NaN where nothing was measured, or the path of a .csv or .npy file."""
    values = table_values(Path(value), about["channels"]) if isinstance(value, str | Path) else value
    numbers = np.array(values, dtype=np.float64)
    if numbers.ndim == 1:
        numbers = numbers[:, None]
    if numbers.ndim != 2 or numbers.shape[1] != len(about["channels"]) or not len(numbers):
        raise ValueError(
            f"a series has the shape {numbers.shape}, expected (steps, {len(about['channels'])})"
        )
    scaled = ((numbers - about["center"]) / about["scale"]).astype(np.float32)[None]
    return {
        "values": np.nan_to_num(scaled, nan=0.0),
        "observed": ~np.isnan(scaled),
        "valid": np.ones(scaled.shape[:2], dtype=bool),
    }


def table_values(path: Path, channels: Sequence[str]) -> Any:
    """The numbers of a file; of a table those of the columns that are named like the channels."""
    if path.suffix == ".npy":
        return np.load(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [[float(row[name].strip() or "nan") for name in channels] for row in rows]


def forecast_answer(found: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> dict[str, Any]:
    """The steps to come, as lists by channel, and their quantiles by level."""
    numbers = (
        found[""][0] * np.array(about["factor"])[:, None] + np.array(about["shift"])[:, None]
    )  # (H, C, Q)
    levels, ordered = about["quantiles"], np.sort(numbers, -1)
    path = ordered[..., about["middle"]] if about["is_median"] else numbers[..., 0]
    quantiles = np.sort(numbers[..., numbers.shape[-1] - len(levels) :], -1)
    answer = {
        "channels": about["channels"],
        "steps": list(range(1, len(path) + 1)),
        "values": path.T.tolist(),
    }
    if levels:
        answer["quantiles"] = {f"{level:g}": quantiles[..., i].T.tolist() for i, level in enumerate(levels)}
    return answer
