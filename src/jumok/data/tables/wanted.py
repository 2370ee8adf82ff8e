"""The columns that a reader of a table should return."""

from pathlib import Path
from typing import NamedTuple


class Wanted(NamedTuple):
    """What to read of a file."""

    path: Path
    names: tuple[str, ...]  # of inputs and outputs
    columns: tuple[str | int, ...]  # what the file calls them, or their numbers from 1 where it has no names
    separator: str | None = None  # if it is not the usual one of the format
    optional: frozenset[int] = frozenset()  # places of the inputs whose cells may be empty
    inputs: int = 0  # columns that are inputs, the first ones; a row needs one of them at least
    lists: frozenset[int] = frozenset()  # places of the columns whose cells may be lists of numbers

    @property
    def by_number(self) -> bool:
        """Whether any column is given by its number."""
        return any(isinstance(column, int) for column in self.columns)
