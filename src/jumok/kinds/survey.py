"""What the values of an input are like, for a person who checks the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image


class ValueTable(NamedTuple):
    """A table of values, and what is odd in it."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    remarks: list[str]

    def to_json(self) -> dict[str, Any]:
        """Rows by the names of their columns, and the remarks."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"rows": rows, "remarks": self.remarks}


class Survey(Protocol):
    """Of inputs whose values can be measured, and drawn by themselves."""

    def table(self, splits: Mapping[str, tuple[Any, np.ndarray]]) -> ValueTable:
        """The values of each split, train first; it has a column and the rows (n,) that belong to it."""
        ...

    def draw(self, batch: Any, titles: Sequence[str]) -> Image.Image:
        """A sheet of the examples of a batch, each below its title."""
        ...
