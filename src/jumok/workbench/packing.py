"""All weights of an attention in one string of bytes for a page, within a limit: exact, else rounded, else pooled."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jumok.inspection.groups import AnyGroup, Axis
from jumok.inspection.layers import WindowedLayer

LIMIT = 16_000_000  # bytes of weights in a page
STEPS = 65_535  # of weights in 16 bits
MAX_UNPOOLED = 64  # positions of a side that is never pooled


class Bins(NamedTuple):
    """Which positions of a side share a number."""

    number: Tensor  # (count,), the bin of each position
    bins: int


def bins_of(axis: Axis, count: int, size: int) -> Bins:
    """Put neighbours into bins: `size` tokens, or `size` × `size` cells; prefix tokens stay alone.

    Args:
        axis: The axis.
        count: The number of positions.
        size: The size of a bin.

    Returns:
        The bins.
    """
    if axis["kind"] != "cells":
        return Bins(torch.arange(count) // size, -(-count // size))
    beside, rows, columns = len(axis["extra"]), axis["rows"], axis["columns"]
    across = -(-columns // size)
    cells = torch.arange(rows)[:, None] // size * across + torch.arange(columns)[None] // size  # (Y, X)
    number = torch.cat([torch.arange(beside), beside + cells.flatten()])
    return Bins(number, beside + -(-rows // size) * across)


def weights_in(group: AnyGroup) -> int:
    """How many numbers a group needs: of windows, those within each."""
    cut = window_cells(group)
    if cut is not None:
        return sum(group.heads) * cut[0].shape[0] * cut[0].shape[1] ** 2
    T, S = group.sides
    return sum(group.heads) * T * S


def window_cells(group: AnyGroup) -> list[Tensor] | None:
    """The cells (N, L) of the windows of each layer, where all layers are cut into as many of the same size."""
    found = [layer.windows.cells for layer in group.layers() if isinstance(layer, WindowedLayer)]
    alike = len(found) == len(group.layers()) and len({cells.shape for cells in found}) == 1
    return found if alike else None


def byte_budgets(groups: Sequence[AnyGroup]) -> dict[str, int]:
    """The limit of each group in bytes: small groups in full; large groups share the rest equally."""
    left, found = LIMIT, {}
    for number, group in enumerate(sorted(groups, key=weights_in)):
        found[group.id] = left // (len(groups) - number)
        left -= min(found[group.id], 4 * weights_in(group))
    return found


def packed_groups(groups: Sequence[AnyGroup]) -> dict[str, Any]:
    """All weights of each group by its name, within the limit of a page."""
    most = byte_budgets(groups)
    return {group.id: packed_weights(group, most[group.id]) for group in groups}


def packed_weights(group: AnyGroup, most: int) -> dict[str, Any]:
    """Pack all weights (heads of all layers, T, S) into `most` bytes: exact, else in 16 bits, else pooled, too."""
    T, S = group.sides
    numbers, cut = weights_in(group), window_cells(group)
    exact = 4 * numbers <= most
    about = {"answer": 0, "heads": group.heads, "T": T, "S": S, "kind": "float32" if exact else "uint16"}
    if cut is not None and 2 * numbers <= most:
        parts = [packed(windowed(layer, head), exact) for layer, head in layer_heads(group)]
        layout = {"length": cut[0].shape[1], "cells": [cells.flatten().tolist() for cells in cut]}
        return about | {"pool": [1, 1], "windows": layout, "data": joined_bytes(parts)}
    axes = group.queries, group.keys
    pool = (1, 1) if exact else pooling(group, most)
    sides = tuple(bins_of(axis, count, size) for axis, count, size in zip(axes, (T, S), pool, strict=True))
    parts = [
        packed(pool_weights(layer.weights(group.example, head), *sides), exact and pool == (1, 1))
        for layer, head in layer_heads(group)
    ]
    return about | {"pool": list(pool), "data": joined_bytes(parts)}


def layer_heads(group: AnyGroup) -> list[tuple[Any, int]]:
    """Each layer with each of its heads, in the order in which they are packed."""
    return [(layer, head) for layer in group.layers() for head in range(layer.shape[1])]


def windowed(layer: WindowedLayer, head: int) -> Tensor:
    """The weights (N, L, L) of a head within each window."""
    return layer.call[:, head].cpu()


def pooling(group: AnyGroup, most: int) -> tuple[int, int]:
    """The bins of queries and keys with which all weights fit in 16 bits each; short sides are not pooled."""
    heads, (T, S) = sum(group.heads), group.sides
    for size in range(1, max(T, S) + 1):
        pool = (size if T > MAX_UNPOOLED else 1), (size if S > MAX_UNPOOLED else 1)
        rows, columns = bins_of(group.queries, T, pool[0]).bins, bins_of(group.keys, S, pool[1]).bins
        if 2 * heads * rows * columns <= most:
            return pool
    return T, S


def pool_weights(weights: Tensor, queries: Bins, keys: Bins) -> Tensor:
    """The largest weight of each pair of bins, of weights (T, S).

    Args:
        weights: (T, S).
        queries: The bins of queries.
        keys: The bins of keys.

    Returns:
        The pooled weights.
    """
    if keys.bins < weights.shape[1]:
        wide = weights.new_zeros(len(weights), keys.bins)
        weights = wide.scatter_reduce(1, keys.number.expand_as(weights), weights, "amax")
    if queries.bins < weights.shape[0]:
        high = weights.new_zeros(queries.bins, weights.shape[1])
        weights = high.scatter_reduce(0, queries.number[:, None].expand_as(weights), weights, "amax")
    return weights


def packed(weights: Tensor, exact: bool) -> bytes:
    """Weights as bytes, low ones first: float32, or in steps of 1/65,535."""
    if exact:
        return weights.contiguous().numpy().astype("<f4").tobytes()
    return (weights * STEPS).round().to(torch.int32).numpy().astype("<u2").tobytes()


def joined_bytes(parts: Sequence[bytes]) -> str:
    """Bytes one after the other, in base64."""
    return b64encode(b"".join(parts)).decode()
