"""Batches of rows of similar length, as many rows as a token budget allows."""

from collections.abc import Sequence

import numpy as np


def plan(
    lengths: Sequence[np.ndarray],
    batch_tokens: int,
    seed: int,
    epoch: int,
    mixed: bool = False,
    batch_size: int | None = None,
) -> list[np.ndarray]:
    """Plan the batches of an epoch: each row once, in a random order that depends on the arguments only.

    Args:
        lengths: The length of each row (N,), for each field, sources first, the target last.
        batch_tokens: The most tokens of a field in a batch, padding included; a single row may exceed it.
        seed: Seed.
        epoch: Number of the epoch.
        mixed: Whether to mix rows of all lengths in a batch, instead of rows of similar length.
        batch_size: The most rows of a batch.

    Returns:
        Row numbers of each batch.
    """
    random = np.random.Generator(np.random.PCG64([seed, epoch]))
    columns = [np.asarray(column, np.int64) for column in lengths]
    rows = random.permutation(len(columns[0]))  # rows of equal lengths meet others in each epoch
    if not mixed:
        rows = rows[length_order([column[rows] for column in columns])]
    batches = cut_batches(rows, columns, batch_tokens, batch_size)
    return [batches[i] for i in random.permutation(len(batches))]


def longest_first(
    lengths: Sequence[np.ndarray],
    batch_tokens: int,
    batch_size: int | None = None,
    alike: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Batches for evaluation, the longest first, so that memory runs out immediately or never.

    Args:
        lengths: The length of each row (N,), for each field.
        batch_tokens: The most tokens of a field in a batch, padding included; a single row may exceed it.
        batch_size: The most rows of a batch.
        alike: Rows with different values (N,) are never in one batch.

    Returns:
        Row numbers of each batch.
    """
    columns = [np.asarray(column, np.int64) for column in lengths]
    order = length_order(columns)[::-1]
    if alike is None:
        return cut_batches(order, columns, batch_tokens, batch_size)
    return [
        batch
        for same in np.unique(alike)
        for batch in cut_batches(order[alike[order] == same], columns, batch_tokens, batch_size)
    ]


def length_order(columns: Sequence[np.ndarray]) -> np.ndarray:
    """An order (N,) by target length, then by source length, ascending and descending in turn.

    If a batch reaches from one target length into the next, source lengths continue from where they were.
    On Multi30k at 4,096 tokens, 99 % of the target positions and 90 % of the source positions are not padding.
    """
    *sources, target = columns
    if not sources:
        return np.argsort(target, kind="stable")
    source = np.maximum.reduce(sources)
    return np.lexsort((np.where(target % 2, -source, source), target))


def cut_batches(
    order: np.ndarray, columns: Sequence[np.ndarray], batch_tokens: int, batch_size: int | None = None
) -> list[np.ndarray]:
    """Cut an order of rows into batches, each as large as the budget allows.

    Args:
        order: Row numbers (N,).
        columns: The length of each row (N,), for each field.
        batch_tokens: The most tokens of a field in a batch, padding included.
        batch_size: The most rows of a batch.

    Returns:
        Row numbers of each batch.
    """
    longest = np.maximum.reduce([column[order] for column in columns])  # (N,) of all fields of a row
    longest = np.maximum(longest, 1)
    batches: list[np.ndarray] = []
    begin = 0
    while begin < len(order):
        most = min(max(1, batch_tokens // int(longest[begin])), batch_size or len(order))
        size = np.maximum.accumulate(longest[begin : begin + most])  # (R,) longest of the first r + 1 rows
        fits = size * np.arange(1, len(size) + 1) <= batch_tokens
        end = begin + max(1, int(np.count_nonzero(fits)))
        batches.append(order[begin:end])
        begin = end
    return batches
