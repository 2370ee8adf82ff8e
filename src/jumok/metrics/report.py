"""Scores with intervals, and comparisons of two systems, for several metrics at once.

A metric that is undefined for the examples, as the precision of a class that none of them has, is left out.
"""

import math
from collections.abc import Sequence

import numpy as np

from jumok.metrics.interval import Difference, Interval
from jumok.metrics.metric import Metric, P, R
from jumok.metrics.resampled import resample_scores


def score_texts(
    predictions: list[P], references: list[R], metrics: Sequence[Metric[P, R]]
) -> dict[str, float]:
    """The value of each metric.

    Args:
        predictions: Prediction of each example.
        references: Reference of each example.
        metrics: The metrics.

    Returns:
        Values by name.
    """
    once = np.ones(len(predictions))
    values = {metric.name: metric.prepare(predictions, references)(once) for metric in metrics}
    return {name: value for name, value in values.items() if not math.isnan(value)}


def evaluate_texts(
    predictions: list[P],
    references: list[R],
    metrics: Sequence[Metric[P, R]],
    resamples: int = 1000,
    seed: int = 1,
) -> dict[str, Interval]:
    """The value of each metric with its 95 % bootstrap interval.

    Args:
        predictions: Prediction of each example.
        references: Reference of each example.
        metrics: The metrics.
        resamples: Number of resamples.
        seed: Seed of the resamples.

    Returns:
        Values with bounds by name.
    """
    return resample_scores(predictions, references, metrics, resamples, seed).intervals()


def compare_texts(
    ours: list[P],
    theirs: list[P],
    references: list[R],
    metrics: Sequence[Metric[P, R]],
    resamples: int = 1000,
    seed: int = 1,
) -> dict[str, Difference]:
    """How two systems differ in each metric, with the paired bootstrap test (Koehn, 2004).

    Args:
        ours: Predictions of the first system.
        theirs: Predictions of the second one.
        references: Reference of each example.
        metrics: The metrics.
        resamples: Number of resamples.
        seed: Seed of the resamples.

    Returns:
        Differences by name.
    """
    one, other = (resample_scores(system, references, metrics, resamples, seed) for system in (ours, theirs))
    return one.minus(other)
