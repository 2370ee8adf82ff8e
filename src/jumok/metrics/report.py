"""Predictions of one system with intervals, and of two systems compared, for several metrics at once."""

from collections.abc import Sequence

import numpy as np

from jumok.metrics.interval import Difference, Interval, intervals, paired_bootstrap
from jumok.metrics.metric import Metric


def score_texts(
    predictions: list[str], references: list[list[str]], metrics: Sequence[Metric]
) -> dict[str, float]:
    """The value of each metric alone, by name."""
    once = np.ones(len(predictions))
    return {metric.name: metric.prepare(predictions, references)(once) for metric in metrics}


def evaluate_texts(
    predictions: list[str],
    references: list[list[str]],
    metrics: Sequence[Metric],
    resamples: int = 1000,
    seed: int = 1,
) -> dict[str, Interval]:
    """The value of each metric, by name, with its 95 % bootstrap interval."""
    scores = [metric.prepare(predictions, references) for metric in metrics]
    found = intervals(scores, len(predictions), resamples, seed)
    return {metric.name: interval for metric, interval in zip(metrics, found, strict=True)}


def compare_texts(
    ours: list[str],
    theirs: list[str],
    references: list[list[str]],
    metrics: Sequence[Metric],
    resamples: int = 1000,
    seed: int = 1,
) -> dict[str, Difference]:
    """How two systems differ by each metric, by name, with the paired bootstrap test."""
    return {
        metric.name: paired_bootstrap(
            metric.prepare(ours, references),
            metric.prepare(theirs, references),
            len(references),
            resamples,
            seed,
            metric.higher_is_better,
        )
        for metric in metrics
    }
