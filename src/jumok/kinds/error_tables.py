"""Error tables of a report: counts of right, wrong and missed objects, and confusions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jumok.metrics.boxes import ClassCounts

MAX_CLASSES = 30  # the largest confusion matrix that is shown

TableValue = int | float | None  # a count, a share, or nothing


@dataclass(frozen=True)
class ErrorTable:
    """A table: a name and numbers in each row."""

    title: str
    explanation: str
    columns: tuple[str, ...]  # of the name, then of the numbers
    rows: list[tuple[str, list[TableValue]]]
    shaded: bool = False  # the larger a share, the darker


def box_detail(counts: Sequence[ClassCounts], sure: float) -> ErrorTable:
    """What became of the boxes of each class."""
    rows = [(one.name, class_row(one)) for one in counts]
    every = ClassCounts("all", *(sum(getattr(one, name) for one in counts) for name in OUTCOMES))
    if len(counts) > 1:
        rows.append((every.name, class_row(every)))
    explanation = (
        f"Of boxes with a score of {sure:g} or more. A box is right when it overlaps a true box of its class "
        "by one half or more (IoU); precision is the share of found boxes that are right, recall the share of true "
        "boxes that were found."
    )
    return ErrorTable("Objects", explanation, ("class", *OUTCOMES, "precision", "recall"), rows)


OUTCOMES = ("right", "wrong", "missed")


def class_row(one: ClassCounts) -> list[TableValue]:
    """Counts, precision and recall of a class, as cells of a table."""
    return [one.right, one.wrong, one.missed, none_if_nan(one.precision), none_if_nan(one.recall)]


def class_counts_detail(counts: Sequence[ClassCounts]) -> ErrorTable:
    """What became of the examples of each class."""
    explanation = (
        "Right: examples that have the class and were given it; wrong: given it, without having it; missed: having "
        "it, and not given it. Precision is the share of given labels that are right, recall the share of true ones "
        "that were given."
    )
    rows = [(one.name, class_row(one)) for one in counts]
    return ErrorTable("Classes", explanation, ("class", *OUTCOMES, "precision", "recall"), rows)


def confusion_detail(
    matrix: np.ndarray, names: Sequence[str], title: str = "Pixels", what: str = "pixels"
) -> ErrorTable:
    """What each class was taken for.

    Args:
        matrix: Counts (classes, classes), the truth in rows.
        names: Names of the classes.
        title: Of the table.
        what: What is counted, in the plural.
    """
    kept = np.sort(np.argsort(-matrix.sum(1), kind="stable")[:MAX_CLASSES])
    true = matrix.sum(1)
    rows = [
        (names[i], [none_if_nan(true[i] / max(1, true.sum())), *row_shares(matrix[i], kept)])
        for i in kept.tolist()
    ]
    explanation = (
        f"Each row says what the true {what} of a class were taken for; the first number is its share of all."
    )
    columns = ("truth", "of all", *(names[i] for i in kept.tolist()))
    return ErrorTable(title, explanation, columns, rows, shaded=True)


def row_shares(row: np.ndarray, kept: np.ndarray) -> list[TableValue]:
    """A row of counts as shares of it; nothing if it is empty."""
    total = int(row.sum())
    return [float(row[i] / total) if total else None for i in kept.tolist()]


def none_if_nan(value: float) -> float | None:
    """The value, or None if it is NaN."""
    return None if np.isnan(value) else float(value)
