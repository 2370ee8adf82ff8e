"""What stands along the queries and the keys of attention, as a page says it."""

from collections.abc import Sequence
from typing import Any, Literal

Side = Literal["input", "output"]
Axis = dict[str, Any]  # JSON


def token_axis(of: Side, name: str, labels: Sequence[str], first: int = 0) -> Axis:
    """Tokens of a text. `first` is the number of the first one: -1 where a begin mark stands before all."""
    return {"of": of, "name": name, "kind": "tokens", "labels": list(labels), "first": first}


def cell_axis(name: str, grid: tuple[int, int], cell: tuple[float, float]) -> Axis:
    """Cells of an image in rows and columns, each of a height and width in pixels of the image as it came."""
    rows, columns = grid
    return {
        "of": "input",
        "name": name,
        "kind": "cells",
        "rows": rows,
        "columns": columns,
        "cell": [float(side) for side in cell],
    }


def query_axis(name: str, count: int) -> Axis:
    """Object queries by their numbers."""
    return {"of": "output", "name": name, "kind": "queries", "count": count}
