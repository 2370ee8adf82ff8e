"""Which of several models is best, and whether that is significant."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jumok.evaluation.apart import Contest
from jumok.reporting.numbers import metric_name

if TYPE_CHECKING:
    from jumok.reporting.comparison import Comparison

BEST, TIED = "best", "not distinguishable"


def by_metric(contests: Iterable[Contest]) -> dict[str, list[Contest]]:
    """Comparisons of runs, grouped by metric."""
    found: dict[str, list[Contest]] = {}
    for one in contests:
        found.setdefault(one.metric, []).append(one)
    return found


def verdicts(comparison: "Comparison") -> list[str]:
    """A sentence for each metric."""
    return [verdict(contests) for contests in by_metric(comparison.contests).values()]


def verdict(contests: list[Contest]) -> str:
    """A sentence about the comparisons by one metric."""
    first, doubtful = contests[0], [one for one in contests if not one.is_sure]
    metric = metric_name(first.metric)
    if all(one.difference == 0 for one in contests):
        return f"By {metric} all are equal."
    if doubtful:
        others = ", ".join(f"{one.other} ({format_p_value(one.p)})" for one in doubtful)
        return f"By {metric} {first.best} is ahead, but not distinguishable from: {others}."
    return (
        f"By {metric} {first.best} is best, beyond chance ({format_p_value(max(one.p for one in contests))})."
    )


def format_p_value(p: float) -> str:
    """A p-value, such as "p = 0.012"."""
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"


def marks(comparison: "Comparison") -> dict[str, dict[str, str]]:
    """Marks beside scores, by metric and model: the best, or not significantly different from it."""
    found: dict[str, dict[str, str]] = {}
    for metric, contests in by_metric(comparison.contests).items():
        if all(one.difference == 0 for one in contests):
            continue
        tied = {one.other: TIED for one in contests if not one.is_sure}
        found[metric] = tied if tied else {contests[0].best: BEST}
    return found
