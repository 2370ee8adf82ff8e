"""Windows of another length than the one that a linear forecast goes on with."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jumok.data.cache.store import TextStore
from jumok.data.series.cells import inline_series, parse_cell
from jumok.kinds.checking import Finding
from jumok.kinds.forecast.fitted import Past


@dataclass(frozen=True)
class WindowCheck:
    """Rows whose past is of another length, as their cells tell; that of a whole file is refused when it is read."""

    past: Past

    def faults(self, store: TextStore, rows: np.ndarray) -> Iterator[Finding]:
        """One finding for each such row."""
        for place, cell in enumerate(store.texts(self.past.name, rows)):
            steps = steps_told(cell)
            if steps is not None and steps != self.past.steps:
                problem = (
                    f"goes on with {steps} time steps of {self.past.name}, but with {self.past.steps} in the first "
                    "row of train, and its linear map has a weight for each step"
                )
                remedy = "cut windows of one length, or say head: {gather: attention} without linear"
                yield Finding(place, problem, remedy, "window_length")

    def remarks(self, store: TextStore, rows: np.ndarray) -> Iterator[Finding]:
        """Nothing."""
        yield from ()


def steps_told(cell: str) -> int | None:
    """How many time steps a cell of a series has, where it tells without its file being read."""
    if cell.lstrip().startswith("["):
        return len(inline_series(cell, None).values)
    span = parse_cell(cell, Path()).span
    return None if span is None else span[1] - span[0]
