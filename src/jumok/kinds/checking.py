"""What a kind finds in the cells of a table, before anything is learned from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from jumok.data.cache.store import TextStore


class Finding(NamedTuple):
    """What is wrong with a cell, or remarkable about a column."""

    row: int | None  # its number among the rows that were looked at; None: the column as a whole
    problem: str  # "holds 3,5, a number with a decimal comma"
    remedy: str  # "write 3.5"
    kind: str  # a short code that stays the same: "decimal_comma"


class CellCheck(Protocol):
    """Of outputs whose cells may be of another form than their kind reads."""

    def faults(self, store: TextStore, rows: np.ndarray) -> Iterator[Finding]:
        """What makes rows unusable, one finding for each such row."""
        ...

    def remarks(self, store: TextStore, rows: np.ndarray) -> Iterator[Finding]:
        """What is no fault but good to know before a training on these rows."""
        ...
