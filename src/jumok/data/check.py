"""Checks a corpus: duplicates, leaks from train, lengths."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from jumok.data.store import TextStore

MAX_SHOWN_ROWS = 3


class Leak(NamedTuple):
    """A row whose inputs occur in train."""

    line: int  # of the file it is in
    train_line: int  # of the first such row of the training file
    texts: tuple[str, ...]  # its inputs


class Leaks(NamedTuple):
    """The number of rows whose inputs occur in train, and some of them."""

    examples: int
    shown: tuple[Leak, ...]


class LengthSummary(NamedTuple):
    """Statistics of sequence lengths."""

    min: int
    median: float
    p99: float
    max: int
    mean: float
    total: int


def duplicates(store: TextStore) -> int:
    """The number of rows that equal an earlier one."""
    return len(store) - len(np.unique(digests(store, store.columns)))


def find_leaks(train: TextStore, other: TextStore, columns_in: Sequence[str]) -> Leaks:
    """The rows of `other` whose inputs also occur in `train`.

    Args:
        train: The rows of train.
        other: The rows of another split.
        columns_in: Names of the input columns.

    Returns:
        The rows and their counterparts.
    """
    known = digests(train, columns_in)  # (N,)
    asked = digests(other, columns_in)  # (M,)
    rows = np.flatnonzero(np.isin(asked, known))
    shown = []
    for i in map(int, rows[:MAX_SHOWN_ROWS]):
        first = int(np.argmax(known == asked[i]))
        texts = tuple(other.text(column, i) for column in columns_in)
        shown.append(Leak(other.line(i), train.line(first), texts))
    return Leaks(len(rows), tuple(shown))


def digests(store: TextStore, columns: Sequence[str]) -> np.ndarray:
    """A hash (N,) of the texts of each row, 8 bytes per row."""
    texts = zip(*(store.texts(column) for column in columns), strict=True)
    return np.fromiter(map(digest, texts), np.uint64, count=len(store))


def digest(texts: tuple[str, ...]) -> int:
    """A 64-bit digest of a row."""
    joined = "\0".join(texts).encode()  # no text holds NUL, so that no two rows join to the same
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), "little")


def length_summary(lengths: np.ndarray) -> LengthSummary:
    """Statistics of lengths (N,); all 0 if there are none."""
    if not len(lengths):
        return LengthSummary(0, 0.0, 0.0, 0, 0.0, 0)
    median, p99 = (float(value) for value in np.percentile(lengths, (50, 99)))
    total = int(lengths.sum(dtype=np.int64))
    return LengthSummary(int(lengths.min()), median, p99, int(lengths.max()), total / len(lengths), total)
