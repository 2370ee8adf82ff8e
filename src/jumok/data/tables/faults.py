"""Faults: what is wrong with a file of the user, where, and what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from jumok.errors import DataError
from jumok.files import spelt_out


class Fault(NamedTuple):
    """One fault of a file, a value that takes the place of the faulty row."""

    file: str
    line: int | None  # 1-based; None when the whole file is meant
    problem: str  # "has 3 columns, expected 2"
    remedy: str  # "remove the extra tab"
    kind: str  # a short code that stays the same: "column_count"

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return spelt_out(f"{place}: {self.problem}; {self.remedy}")


class UnreadableFile(Exception):
    """A file that cannot be read any further; inside this room only, then it becomes a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def fail(path: object, line: int | None, problem: str, remedy: str, kind: str) -> UnreadableFile:
    """The exception for a file that cannot be read; an empty path stands for what was given without a file.

    Args:
        path: The file.
        line: The line, if there is one.
        problem: What is wrong.
        remedy: What to do.
        kind: Kind of the fault.

    Returns:
        The exception.
    """
    return UnreadableFile(Fault(str(path), line, problem, remedy, kind))


@contextmanager
def refusing_unreadable() -> Iterator[None]:
    """A file that cannot be read is a DataError for whoever asked for it."""
    try:
        yield
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable)) from None
