"""Metrics: a name, a direction, and a function that prepares examples for scoring."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from jumok.errors import DataError
from jumok.metrics.interval import Limits, ResamplableScore
from jumok.wording import quantity

P = TypeVar("P")  # what is predicted for one example
R = TypeVar("R")  # what is right for one example
Held = TypeVar("Held")

UNIT_RANGE: Limits = (0.0, 1.0)  # of what is a part of something


@dataclass(frozen=True)
class Metric(Generic[P, R]):
    """A metric of predictions, one per example, against references, one per example.

    For texts a prediction is a text and a reference the list of its correct texts; for boxes and masks see there.
    `prepare(predictions, references)` reads every example once; the score that it returns can then be computed for
    any example counts, and is NaN if the counted examples leave it undefined. `signature(n_refs)` says how the
    metric was computed, for `n_refs` references per example, or None if their number varies; it is None for metrics
    without options.
    """

    name: str
    higher_is_better: bool
    prepare: Callable[[list[P], list[R]], ResamplableScore]
    signature: Callable[[int | None], str] | None = None
    limits: Limits = (0.0, np.inf)  # the least and the most that it can be
    # how many examples in a row depend on each other, as windows that overlap; None: each stands for itself
    block: Callable[[list[R]], int] | None = None


@dataclass(frozen=True)
class Ratio:
    """The score sum(part) / sum(whole) of examples with part (n,) and whole (n,); a sum of 0 counts as 1."""

    part: np.ndarray
    whole: np.ndarray

    def __call__(self, weights: np.ndarray) -> float:
        return float(weights @ self.part / max(weights @ self.whole, 1.0))


def ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """The score of examples given as (part, whole)."""
    table = np.array(pairs, dtype=np.float64).reshape(len(pairs), 2)
    return Ratio(table[:, 0].copy(), table[:, 1].copy())


class ScoreTable:
    """Several scores of the same examples, computed together.

    `measure(weights)` returns all values (scores,) when example i counts weights[i] times. Every score is asked for
    the same resample before the next one is drawn, so that only the last values are kept.
    """

    def __init__(self, measure: Callable[[np.ndarray], np.ndarray]) -> None:
        self.measure = measure
        self.last: tuple[np.ndarray, np.ndarray] | None = None  # weights and their values

    def values(self, weights: np.ndarray) -> np.ndarray:
        """All values (scores,) under weights (n,)."""
        last = self.last
        if last is None or not np.array_equal(last[0], weights):
            last = self.last = (weights.copy(), self.measure(weights))
        return last[1]


def read_off(
    table: Callable[[list[P], list[R]], ScoreTable],
    number: int,
    name: str,
    higher_is_better: bool = True,
    limits: Limits = UNIT_RANGE,
) -> Metric[P, R]:
    """Build the metric that is one value of a table of scores.

    Args:
        table: Computes the table from predictions and references.
        number: Index of the value.
        name: Name of the metric.
        higher_is_better: Direction of the metric.
        limits: The least and the most that it can be.

    Returns:
        The metric.
    """

    def prepare(predictions: list[P], references: list[R]) -> ResamplableScore:
        held = table(predictions, references)
        return lambda weights: float(held.values(weights)[number])

    return Metric(name, higher_is_better, prepare, limits=limits)


def once(prepare: Callable[[list[P], list[R]], Held]) -> Callable[[list[P], list[R]], Held]:
    """Cache `prepare`, so that several metrics of the same two lists prepare the examples once.

    Only the last two lists are cached, by identity: do not pass lists again that were changed in between.
    """
    kept: list[tuple[Any, Any, Held]] = []  # the last lists and their result

    def remembered(predictions: list[P], references: list[R]) -> Held:
        if not (kept and kept[0][0] is predictions and kept[0][1] is references):
            kept[:] = [(predictions, references, prepare(predictions, references))]
        return kept[0][2]

    return remembered


def mean(values: np.ndarray) -> float:
    """The mean of the defined values; NaN if there are none."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def check_pairs(predictions: Sequence[Any], references: Sequence[Any]) -> None:
    """Check that there are as many predictions as references; raises DataError."""
    if len(predictions) != len(references):
        raise DataError(
            f"the number of predictions and references must be equal; got "
            f"{quantity(len(predictions), 'prediction')} and "
            f"references for {quantity(len(references), 'example')}"
        )


def check_examples(predictions: list[str], references: list[list[str]]) -> None:
    """Check that predicted texts and references fit together; raises DataError."""
    check_pairs(predictions, references)
    for number, answers in enumerate(references, start=1):
        if not answers:
            raise DataError(f"example {number} has no reference; add one, or leave the example out")


def count_references(references: list[list[str]]) -> int | None:
    """The number of references per example; None if it varies or there are no examples."""
    numbers = {len(answers) for answers in references}
    return numbers.pop() if len(numbers) == 1 else None
