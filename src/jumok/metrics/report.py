"""Scores with intervals, and comparisons of two systems, for several metrics at once.

A metric that is undefined for the examples, as the precision of a class that none of them has, is left out.
"""

import math
from collections.abc import Sequence

import numpy as np

from jumok.metrics.interval import Difference, Interval, differences, intervals
from jumok.metrics.metric import Metric, P, R


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
    scores = [metric.prepare(predictions, references) for metric in metrics]
    limits = [metric.limits for metric in metrics]
    block = block_length(references, metrics)
    found = intervals(scores, len(predictions), resamples, seed, limits=limits, block=block)
    named = zip(metrics, found, strict=True)
    return {metric.name: interval for metric, interval in named if not math.isnan(interval.value)}


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
    one = [metric.prepare(ours, references) for metric in metrics]
    other = [metric.prepare(theirs, references) for metric in metrics]
    directions = [metric.higher_is_better for metric in metrics]
    block = block_length(references, metrics)
    found = differences(one, other, len(references), directions, resamples, seed, block)
    named = zip(metrics, found, strict=True)
    return {metric.name: difference for metric, difference in named if not math.isnan(difference.difference)}


def block_length(references: list[R], metrics: Sequence[Metric[P, R]]) -> int:
    """How many examples in a row are drawn together, because some metric says that they depend on each other."""
    return max((metric.block(references) for metric in metrics if metric.block is not None), default=1)
