"""Labels and values of the numbers that a program computes."""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np


def label_answer(found: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> dict[str, Any]:
    """The class, or the classes, with the probability of each."""
    logits = found[""][0].astype(np.float64)
    logs = {"one": log_softmax, "ordered": ordered_logs, "several": log_sigmoid}[about["mode"]](logits)
    if about["temperature"] != 1:
        logs = log_softmax(logs / about["temperature"])
    chances, names = np.exp(logs), about["classes"]
    chosen = (
        np.flatnonzero(chances >= about["thresholds"]) if about["mode"] == "several" else [chances.argmax()]
    )
    labels = [names[number] for number in chosen]
    probabilities = dict(zip(names, chances.tolist(), strict=True))
    return {"text": ", ".join(labels) or "(none)", "labels": labels, "probabilities": probabilities}


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities whose probabilities sum to one."""
    moved = logits - logits.max()
    return np.asarray(moved - np.log(np.exp(moved).sum()))


def log_sigmoid(logits: np.ndarray) -> np.ndarray:
    """The logarithm of the sigmoid."""
    return np.asarray(-np.logaddexp(0, -logits))


def ordered_logs(exceeded: np.ndarray) -> np.ndarray:
    """Log-probabilities of C ranks by the C - 1 logits that each is exceeded."""
    above, below = np.append(np.inf, exceeded), np.append(exceeded, -np.inf)
    return np.asarray(log_sigmoid(above) + log_sigmoid(-below) + np.log(-np.expm1(below - above)))


def values_answer(found: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the bounds of their intervals; None where there are none."""
    numbers = found[""][0].astype(np.float64).reshape(len(about["names"]), -1)  # (N, numbers of each)
    below, above = distances(numbers, about)
    center, scale = np.array(about["center"]), np.array(about["scale"])
    columns = (numbers[:, 0] + side for side in (0, -below, above))
    value, low, high = ((column * scale + center).tolist() for column in columns)
    rows = zip(about["names"], value, map(known, low), map(known, high), strict=True)
    return {"values": [dict(zip(("name", "value", "low", "high"), row, strict=True)) for row in rows]}


def distances(numbers: np.ndarray, about: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """From each value to its lower and to its upper bound, in deviations; NaN where there are none."""
    kind, calibration = about["uncertainty"], about["calibration"]
    if kind == "quantiles":
        below, above = (np.logaddexp(0, numbers[:, column]) for column in (1, 2))
    elif kind == "variance":
        width = np.exp(np.maximum(numbers[:, 1], about["least_log_deviation"]))
        below = above = width * NormalDist().inv_cdf((1 + about["interval"]) / 2)
    else:
        below = above = np.full(len(numbers), np.nan)
    if calibration is None:
        return below, above
    if kind == "variance":
        return below * calibration, above * calibration
    below, above = (np.maximum(np.nan_to_num(one) + calibration, 0) for one in (below, above))
    return below, above


def known(number: float) -> float | None:
    """A number; None in place of NaN."""
    return None if np.isnan(number) else number
