"""The columns that a reader of a table should return."""

from collections.abc import Sequence
from dataclasses import dataclass

from jumok.data.tables.rows import Cleaner


@dataclass(frozen=True)
class Wanted(Cleaner):
    """What to read of a file."""

    columns: Sequence[str | int]  # what the file calls them, or their numbers from 1 where it has no names
    names: tuple[str, ...] = ()  # of inputs and outputs
    separator: str | None = None  # if it is not the usual one of the format

    @property
    def by_number(self) -> bool:
        """Whether any column is given by its number."""
        return any(isinstance(column, int) for column in self.columns)
