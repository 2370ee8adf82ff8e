"""Several systems on the same resamples: each is resampled once, then any two can be compared."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jumok.metrics.interval import Difference, Interval, confidence_bounds, resample, summarize
from jumok.metrics.metric import Metric, P, R


class ResampledScores(NamedTuple):
    """The scores of one system, on its examples and on resamples of them."""

    metrics: Sequence[Metric]
    values: np.ndarray  # (metrics,), NaN where undefined
    resamples: np.ndarray  # (resamples, metrics)

    def of(self, metrics: Sequence[Metric]) -> "ResampledScores":
        """The scores of some of the metrics, in their order."""
        names = [metric.name for metric in self.metrics]
        chosen = [names.index(metric.name) for metric in metrics]
        return ResampledScores(metrics, self.values[chosen], self.resamples[:, chosen])

    def intervals(self) -> dict[str, Interval]:
        """Each score with its 95 % bounds, as `evaluate_texts` gives them; undefined ones are left out."""
        return {
            metric.name: Interval(
                float(value), *confidence_bounds(float(value), column, limits=metric.limits)
            )
            for metric, value, column in zip(self.metrics, self.values, self.resamples.T, strict=True)
            if not np.isnan(value)
        }

    def minus(self, other: "ResampledScores") -> dict[str, Difference]:
        """The paired bootstrap of every metric, as `compare_texts` gives it; undefined ones are left out."""
        between = zip(
            self.metrics, self.values - other.values, (self.resamples - other.resamples).T, strict=True
        )
        return {
            metric.name: summarize(float(difference), column, metric.higher_is_better)
            for metric, difference, column in between
            if not np.isnan(difference)
        }


def resample_scores(
    predictions: list[P],
    references: list[R],
    metrics: Sequence[Metric[P, R]],
    resamples: int = 1000,
    seed: int = 1,
) -> ResampledScores:
    """Score a system on its examples and on resamples of them.

    Args:
        predictions: Prediction of each example.
        references: Reference of each example.
        metrics: The metrics.
        resamples: Number of resamples.
        seed: Seed of the resamples; the same one gives all systems the same resamples.

    Returns:
        The scores.
    """
    scores = [metric.prepare(predictions, references) for metric in metrics]
    once = np.ones(len(predictions))
    values = np.array([float(score(once)) for score in scores])
    block = block_length(references, metrics)
    return ResampledScores(metrics, values, resample(scores, len(predictions), resamples, seed, block))


def block_length(references: list[R], metrics: Sequence[Metric[P, R]]) -> int:
    """How many examples in a row are drawn together, because some metric says that they depend on each other."""
    return max((metric.block(references) for metric in metrics if metric.block is not None), default=1)
