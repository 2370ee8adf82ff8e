"""What a metric of texts is: a name, a direction, and a way to hold examples and score them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from jumok.errors import DataError
from jumok.metrics.interval import Score


@dataclass(frozen=True)
class Metric:
    """A metric of predictions (one text per example) against references (one or more right answers each).

    `prepare(predictions, references)` looks at every example once; the score that it gives can then be
    evaluated under any example counts. `signature(n_refs)` says how the metric was computed, for `n_refs`
    right answers per example, or None where their number varies; it is None for metrics that have no options.
    """

    name: str
    higher_is_better: bool
    prepare: Callable[[list[str], list[list[str]]], Score]
    signature: Callable[[int | None], str] | None = None


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


def check_examples(predictions: list[str], references: list[list[str]]) -> None:
    """Refuse predictions and references that do not go together."""
    if len(predictions) != len(references):
        raise DataError(
            f"predictions and right answers must be as many; got {len(predictions)} predictions and right "
            f"answers for {len(references)} examples"
        )
    for number, answers in enumerate(references, start=1):
        if not answers:
            raise DataError(f"example {number} has no right answer; give it one, or leave it out")


def count_references(references: list[list[str]]) -> int | None:
    """How many right answers each example has; None where the number varies, or there are no examples."""
    numbers = {len(answers) for answers in references}
    return numbers.pop() if len(numbers) == 1 else None
