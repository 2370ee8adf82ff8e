"""Which rows are for training, which for choosing the best model, and which for the final score."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

from jumok.errors import DataError

TRAIN, VALID, TEST = 0, 1, 2


def assign(keys: Iterable[str | bytes], valid: float | int, test: float | int, seed: int) -> np.ndarray:
    """The side (N,) int8 of each row: 0 train, 1 valid, 2 test; rows with the same key fall on the same side.

    An int is a number of distinct keys, a float a share of them. The sides depend on the set of keys and the
    seed alone, not on the order of rows: keys are ranked by a hash, the first are test, the next valid.
    """
    digests = np.fromiter((ranking_hash(key, seed) for key in keys), np.uint64)  # (N,)
    distinct, number = np.unique(digests, return_inverse=True)
    tested, validated = wanted(test, len(distinct), "test"), wanted(valid, len(distinct), "valid")
    if tested + validated and tested + validated >= len(distinct):
        raise DataError(
            f"the split asks for {validated:,} valid and {tested:,} test examples, but there are only "
            f"{len(distinct):,} distinct ones, and some must be left to train on; ask for fewer"
        )
    sides = np.full(len(distinct), TRAIN, np.int8)
    sides[:tested] = TEST
    sides[tested : tested + validated] = VALID
    return sides[number]


def wanted(amount: float | int, distinct: int, name: str) -> int:
    """The number of distinct keys for a split; a share above 0 gives one at least."""
    if amount < 0 or (isinstance(amount, float) and amount >= 1):
        raise DataError(f"{name} must be a number of examples or a share between 0 and 1; got {amount}")
    if isinstance(amount, int):
        return amount
    return max(1, round(amount * distinct)) if amount else 0


def ranking_hash(key: str | bytes, seed: int) -> int:
    """A number that looks random, the same for the same key and seed everywhere."""
    data = key.encode() if isinstance(key, str) else key
    return int.from_bytes(blake2b(data, digest_size=8, key=str(seed).encode()).digest(), "little")
