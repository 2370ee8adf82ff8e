"""How sure a score is: bootstrap intervals, and the paired test of two systems (Koehn 2004).

A corpus score is a function of how often each example counts: ones give the score itself, and the counts of
examples drawn with replacement give the score of a resample. The counts depend on the seed and on the number
of examples only, so that all metrics, and both systems of a comparison, see the same resamples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from jumok.errors import ConfigurationError


class Score(Protocol):
    """A metric that holds its examples."""

    def __call__(self, weights: np.ndarray) -> float:
        """The score when example i counts weights[i] times; weights (n,)."""
        ...


@dataclass(frozen=True)
class Interval:
    """A score and the bounds that hold it, 95 % of the time where not told otherwise."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """How two systems differ on the same examples, in the units of the metric."""

    difference: float  # ours minus theirs: for error rates, below zero is better
    low: float
    high: float
    p: float  # two-sided
    wins: float  # share of the resamples in which ours is better


def bootstrap(score: Score, n: int, resamples: int = 1000, seed: int = 1, level: float = 0.95) -> Interval:
    """The score of n examples with its percentile bootstrap interval."""
    return intervals([score], n, resamples, seed, level)[0]


def intervals(
    scores: Sequence[Score], n: int, resamples: int = 1000, seed: int = 1, level: float = 0.95
) -> list[Interval]:
    """`bootstrap` for several scores of the same n examples, which are drawn once for all."""
    if not 0 < level < 1:
        raise ConfigurationError(f"the level of an interval must be between 0 and 1; got level={level}")
    resampled = resample(scores, n, resamples, seed)
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    values = [score(np.ones(n)) for score in scores]
    return [Interval(*map(float, bounds)) for bounds in zip(values, low, high, strict=True)]


def paired_bootstrap(
    ours: Score,
    theirs: Score,
    n: int,
    resamples: int = 1000,
    seed: int = 1,
    higher_is_better: bool = True,
) -> Difference:
    """Whether two systems really differ on n examples: both are scored on the same resamples.

    p = min(1, 2 (1 + m) / (1 + resamples)), where m counts the resamples in which the system that is better
    on the examples themselves is not better: the one-sided test of Koehn (2004), doubled since either system
    could have been the better one; the ones keep p above zero (Davison and Hinkley 1997). Equal scores give
    p = 1. The bounds hold 95 % of the differences.
    """
    once = np.ones(n)
    difference = ours(once) - theirs(once)
    resampled = resample([ours, theirs], n, resamples, seed)
    differences = resampled[:, 0] - resampled[:, 1]
    not_better = np.sum(differences * np.sign(difference) <= 0)
    low, high = np.quantile(differences, [0.025, 0.975])
    return Difference(
        difference=float(difference),
        low=float(low),
        high=float(high),
        p=float(min(1.0, 2 * (1 + not_better) / (1 + resamples))),
        wins=float(np.mean(differences > 0 if higher_is_better else differences < 0)),
    )


def resample(scores: Sequence[Score], n: int, resamples: int, seed: int) -> np.ndarray:
    """The scores on each of the resamples (resamples, scores)."""
    if resamples < 1:
        raise ConfigurationError(f"the bootstrap needs one resample at least; got resamples={resamples}")
    return np.array([[score(weights) for score in scores] for weights in counts(n, resamples, seed)])


def counts(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """For each resample, how often each of n examples is drawn (n,): n draws with replacement."""
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        drawn = generator.integers(n, size=n) if n else np.zeros(0, dtype=np.int64)
        yield np.bincount(drawn, minlength=n).astype(np.float64)
