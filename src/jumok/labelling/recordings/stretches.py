"""Stretches of a recording with one label each, and the labels of its rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jumok.data.tables.rows import clean
from jumok.errors import DataError
from jumok.wording import quantity


def stretches_of(labels: Sequence[str]) -> list[dict[str, Any]]:
    """The stretches of rows with the same label; rows without one are in none."""
    found: list[dict[str, Any]] = []
    for row, label in enumerate(labels):
        if not label:
            continue
        if found and found[-1]["end"] == row and found[-1]["class"] == label:
            found[-1]["end"] = row + 1
        else:
            found.append({"start": row, "end": row + 1, "class": label})
    return found


def row_labels(marks: Mapping[str, Any], count: int, where: str, check: Callable[[str], None]) -> list[str]:
    """The label of each row, "" where no stretch is.

    Args:
        marks: What a page sends.
        count: How many rows the recording has.
        where: The recording, for messages.
        check: Raises DataError for what is no label.

    Returns:
        The labels.

    Raises:
        DataError: Stretches overlap, leave the recording, or have no label.
    """
    given = marks.get("stretches")
    if not isinstance(given, list):
        raise DataError(f'{where}: marks of a recording are {{"stretches": […]}}; got {marks!r:.80}')
    labels = [""] * count
    for one in given:
        start, end, label = stretch_in(one, where)
        if not 0 <= start < end <= count:
            raise DataError(
                f"{where}: has {quantity(count, 'row')}, so that {start}:{end} are no stretch of it"
            )
        if any(labels[start:end]):
            raise DataError(
                f"{where}: two stretches overlap in {start}:{end}; end one before the other begins"
            )
        check(label)
        labels[start:end] = [label] * (end - start)
    return labels


def stretch_in(one: Any, where: str) -> tuple[int, int, str]:
    """The begin, end and label of a stretch; DataError if it has none."""
    keys = ("start", "end", "class")
    start, end, label = (one.get(key) for key in keys) if isinstance(one, Mapping) else (None,) * 3
    if not (type(start) is int and type(end) is int and isinstance(label, str) and clean(label)):
        raise DataError(f"{where}: a stretch has start, end and class; got {one!r:.80}")
    return start, end, clean(label)
