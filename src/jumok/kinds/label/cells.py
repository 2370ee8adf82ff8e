"""Cells of a table that hold labels."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jumok.metrics.labels import Label

SEPARATOR = ";"


class BadCell(ValueError):
    """A cell that cannot be read: what is wrong with it, as in "holds an empty label", and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def label_names(text: str, several: bool) -> tuple[str, ...]:
    """The labels that a cell names.

    Args:
        text: The cell; of several labels `a; b`, or a JSON list, `[]` for none.
        several: Whether there may be several.

    Returns:
        The labels in the order in which they stand.

    Raises:
        BadCell: A list is damaged, or a label empty.
    """
    if not several:
        return (text,)
    names = [part.strip() for part in text.split(SEPARATOR)] if text[:1] != "[" else listed(text)
    if not all(names):
        raise BadCell(
            "holds an empty label", f"write labels with one {SEPARATOR!r} between two, or [] for none"
        )
    return tuple(dict.fromkeys(names))


def listed(text: str) -> list[str]:
    """The labels of a JSON list."""
    try:
        found = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise BadCell(f"holds {text!r}, which is no list of labels", 'write it like ["a", "b"], or a; b')
    return found


@dataclass(frozen=True)
class ClassNames:
    """The classes by number, and how cells name them."""

    names: tuple[str, ...]
    several: bool
    by_number: bool  # cells may also be the numbers of classes, from 0

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each class by what a cell may call it."""
        numbers = {str(number): number for number in range(len(self.names))} if self.by_number else {}
        return numbers | {name: number for number, name in enumerate(self.names)}

    def unknown(self, text: str) -> str | None:
        """The first label of a readable cell that is no class."""
        return next((name for name in label_names(text, self.several) if name not in self.numbers), None)

    def label(self, text: str) -> Label:
        """The classes of a cell by number, in their order; unknown ones are left out."""
        numbers = (self.numbers.get(name) for name in label_names(text, self.several))
        return tuple(sorted({number for number in numbers if number is not None}))

    def label_or_none(self, text: str) -> Label | None:
        """The classes of a cell; None where it cannot be read."""
        try:
            return self.label(text)
        except BadCell:
            return None

    def counts(self, texts: Iterable[str]) -> np.ndarray:
        """How many cells have each class (C,); those that cannot be read have none."""
        found = np.zeros(len(self.names), dtype=np.int64)
        for text, times in Counter(texts).items():
            found[list(self.label_or_none(text) or ())] += times
        return found


def names_in(texts: Iterable[str], several: bool) -> tuple[str, ...]:
    """The different labels of some cells: numbers by their value, others by the alphabet."""
    found: set[str] = set()
    for text in Counter(texts):
        try:
            found.update(label_names(text, several))
        except BadCell:
            continue  # its row is refused by name when the split is checked
    return tuple(sorted(found, key=sort_key))


def sort_key(name: str) -> tuple[bool, float, str]:
    """Numbers come first, by their value."""
    is_number = name.removeprefix("-").isdecimal()
    return not is_number, float(name) if is_number else 0.0, name


def quoted(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more
