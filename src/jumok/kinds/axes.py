"""The axes of attention, queries and keys, as JSON for the page."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

AxisSide = Literal["input", "output"]
Axis = dict[str, Any]  # JSON


def token_axis(
    of: AxisSide, name: str, labels: Sequence[str], first: int = 0, backwards: bool = False
) -> Axis:
    """The axis of a text's tokens.

    Args:
        of: Whether the text is an input or output.
        name: The name of the field.
        labels: The tokens.
        first: The number of the first one; -1 for a begin mark.
        backwards: Whether the last token of the text comes first.

    Returns:
        The axis.
    """
    axis = {"of": of, "name": name, "kind": "tokens", "labels": list(labels), "first": first}
    return axis | {"backwards": backwards}


def cell_axis(name: str, grid: tuple[int, int], cell: tuple[float, float], beside: int = 0) -> Axis:
    """The axis of an image's cells.

    Args:
        name: The name of the field.
        grid: Rows and columns.
        cell: Height and width of a cell, in pixels of the original image.
        beside: The number of prefix tokens before the first cell.

    Returns:
        The axis.
    """
    rows, columns = grid
    return {
        "of": "input",
        "name": name,
        "kind": "cells",
        "rows": rows,
        "columns": columns,
        "cell": [float(side) for side in cell],
        "extra": ["[CLS]", *(f"[{number}]" for number in range(2, beside + 1))][:beside],
    }


def query_axis(name: str, count: int) -> Axis:
    """Object queries by their numbers."""
    return {"of": "output", "name": name, "kind": "queries", "count": count}


def interval_axis(
    name: str,
    intervals: Sequence[Sequence[int]],
    channels: Sequence[str] | None,
    unit: Literal["step", "frame"],
) -> Axis:
    """The axis of stretches of time.

    Args:
        name: The name of the field.
        intervals: The first time step of each state, and the one after its last; of each channel where there are any.
        channels: The names of the channels, whose states stand one after the other; None if a state is of all.
        unit: What is counted.

    Returns:
        The axis.
    """
    axis = {"of": "input", "name": name, "kind": "intervals", "intervals": [list(one) for one in intervals]}
    return axis | {"channels": None if channels is None else list(channels), "unit": unit}


def positions(axis: Axis, count: int) -> Tensor | None:
    """The coordinates of positions: tokens or middles of intervals in a row (L, 1), cells in rows and columns (L, 2).

    Tokens beside cells stand in the middle of them. None for object queries, which stand nowhere.
    """
    if axis["kind"] == "tokens":
        return torch.arange(count)[:, None].float()
    if axis["kind"] == "intervals":
        return torch.tensor(axis["intervals"]).float().mean(1, keepdim=True)
    if axis["kind"] != "cells":
        return None
    y, x = torch.meshgrid(torch.arange(axis["rows"]), torch.arange(axis["columns"]), indexing="ij")
    cells = torch.stack((y, x), -1).flatten(0, 1).float()  # (Y · X, 2)
    middle = cells.mean(0).expand(len(axis["extra"]), 2)
    return torch.cat((middle, cells))
