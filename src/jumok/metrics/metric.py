"""What a metric is: a name, a direction, and a way to hold examples and score them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from jumok.errors import DataError
from jumok.metrics.interval import Limits, ResamplableScore

P = TypeVar("P")  # what is predicted for one example
R = TypeVar("R")  # what is right for one example
Held = TypeVar("Held")

UNIT_RANGE: Limits = (0.0, 1.0)  # of what is a part of something


@dataclass(frozen=True)
class Metric(Generic[P, R]):
    """A metric of predictions, one per example, against references, one per example.

    For texts a prediction is a text and a reference the list of its right answers; for boxes and masks see there.
    `prepare(predictions, references)` looks at every example once; the score that it gives can then be
    evaluated under any example counts, and is NaN where the counted examples leave it undefined.
    `signature(n_refs)` says how the metric was computed, for `n_refs` right answers per example, or None where
    their number varies; it is None for metrics that have no options.
    """

    name: str
    higher_is_better: bool
    prepare: Callable[[list[P], list[R]], ResamplableScore]
    signature: Callable[[int | None], str] | None = None
    limits: Limits = (0.0, np.inf)  # the least and the most that it can be


@dataclass(frozen=True)
class Ratio:
    """The score sum(part) / sum(whole) of examples with part (n,) and whole (n,).

    A whole of nothing counts as one: what holds no examples, or only empty ones, scores by its parts.
    """

    part: np.ndarray
    whole: np.ndarray

    def __call__(self, weights: np.ndarray) -> float:
        return float(weights @ self.part / max(weights @ self.whole, 1.0))


def ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """The score of examples given as (part, whole)."""
    table = np.array(pairs, dtype=np.float64).reshape(len(pairs), 2)
    return Ratio(table[:, 0].copy(), table[:, 1].copy())


class ScoreTable:
    """The values of several scores of the same examples, which are computed together.

    `measure(weights)` gives all values (scores,) when example i counts weights[i] times. Every score is asked for
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


def read_off(table: Callable[[list[P], list[R]], ScoreTable], number: int, name: str) -> Metric[P, R]:
    """The metric, better where higher, that is one of the values of the table that examples give."""

    def prepare(predictions: list[P], references: list[R]) -> ResamplableScore:
        held = table(predictions, references)
        return lambda weights: float(held.values(weights)[number])

    return Metric(name, higher_is_better=True, prepare=prepare, limits=UNIT_RANGE)


def once(prepare: Callable[[list[P], list[R]], Held]) -> Callable[[list[P], list[R]], Held]:
    """`prepare`, which looks at the examples once although several metrics ask for the same two lists.

    Only the last two lists are remembered, by identity: lists that change in between must not be given again.
    """
    kept: list[tuple[Any, Any, Held]] = []  # the last lists, and what was made of them

    def remembered(predictions: list[P], references: list[R]) -> Held:
        if not (kept and kept[0][0] is predictions and kept[0][1] is references):
            kept[:] = [(predictions, references, prepare(predictions, references))]
        return kept[0][2]

    return remembered


def mean(values: np.ndarray) -> float:
    """The mean of those values that are defined; NaN where none is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def check_pairs(predictions: Sequence[Any], references: Sequence[Any]) -> None:
    """Refuse predictions and references that are not as many."""
    if len(predictions) != len(references):
        raise DataError(
            f"predictions and right answers must be as many; got {len(predictions)} predictions and right "
            f"answers for {len(references)} examples"
        )


def check_examples(predictions: list[str], references: list[list[str]]) -> None:
    """Refuse predicted texts and right answers that do not go together."""
    check_pairs(predictions, references)
    for number, answers in enumerate(references, start=1):
        if not answers:
            raise DataError(f"example {number} has no right answer; give it one, or leave it out")


def count_references(references: list[list[str]]) -> int | None:
    """How many right answers each example has; None where the number varies, or there are no examples."""
    numbers = {len(answers) for answers in references}
    return numbers.pop() if len(numbers) == 1 else None
