"""What a corpus is like: rows as hashes, to find those that are equal, and lengths."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from jumok.data.cache.store import TextStore


class LengthSummary(NamedTuple):
    """Statistics of sequence lengths."""

    min: int
    median: float
    p99: float
    max: int
    mean: float
    total: int


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
