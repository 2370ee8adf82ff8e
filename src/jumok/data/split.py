"""Assigns rows to train, valid and test."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

from jumok.errors import DataError
from jumok.wording import quantity

TRAIN, VALID, TEST = 0, 1, 2


def assign(keys: Iterable[str | bytes], valid: float | int, test: float | int, seed: int) -> np.ndarray:
    """Assign rows to splits; rows with the same key get the same split.

    The result depends only on the set of keys and the seed, not on the order of rows: keys are ranked by a hash, the
    first are test, the next valid.

    Args:
        keys: The key of each row.
        valid: Size of valid: a number of distinct keys (int) or a share of them (float).
        test: Size of test.
        seed: Seed.

    Returns:
        The split of each row: 0 train, 1 valid, 2 test (N,) int8.

    Raises:
        DataError: If the sizes are out of range, or leave nothing for train.
    """
    number, distinct = rank_keys(keys, seed)
    tested, validated = wanted(test, distinct, "test"), wanted(valid, distinct, "valid")
    if tested + validated and tested + validated >= distinct:
        raise DataError(
            f"the split asks for {validated:,} valid and {quantity(tested, 'test example')}, but there are only "
            f"{quantity(distinct, 'distinct one')}, and some must be left to train on; ask for fewer"
        )
    sides = np.full(distinct, TRAIN, np.int8)
    sides[:tested] = TEST
    sides[tested : tested + validated] = VALID
    return sides[number]


def wanted(amount: float | int, distinct: int, name: str) -> int:
    """The number of distinct keys of a split.

    Args:
        amount: A number (int) or a share (float); a share above 0 gives at least one.
        distinct: Number of distinct keys.
        name: Name of the split, for messages.

    Returns:
        The number.

    Raises:
        DataError: If the amount is out of range.
    """
    if amount < 0 or (isinstance(amount, float) and amount >= 1):
        raise DataError(f"{name} must be a number of examples or a share between 0 and 1; got {amount}")
    if isinstance(amount, int):
        return amount
    return max(1, round(amount * distinct)) if amount else 0


def ranking_hash(key: str | bytes, seed: int) -> int:
    """A pseudo-random number that depends only on key and seed, on every machine."""
    data = key.encode() if isinstance(key, str) else key
    return int.from_bytes(blake2b(data, digest_size=8, key=str(seed).encode()).digest(), "little")


def rank_keys(keys: Iterable[str | bytes], seed: int) -> tuple[np.ndarray, int]:
    """The rank of each row among the distinct keys by their hashes (N,), and how many distinct keys there are."""
    digests = np.fromiter((ranking_hash(key, seed) for key in keys), np.uint64)  # (N,)
    distinct, number = np.unique(digests, return_inverse=True)
    return number, len(distinct)


def nested_part(keys: Iterable[str | bytes], amount: float | int, seed: int) -> np.ndarray:
    """Which rows make a part; rows with the same key go together, and a smaller part is inside of a larger one.

    Args:
        keys: The key of each row.
        amount: A number of distinct keys (int) or a share of them (float).
        seed: Seed.

    Returns:
        Whether each row is in the part (N,) bool.

    Raises:
        DataError: If there are fewer keys than asked for.
    """
    number, distinct = rank_keys(keys, seed)
    asked = wanted(amount, distinct, "train")
    if asked > distinct:
        raise DataError(
            f"data.split.train asks for {quantity(asked, 'example')}, but there are only {distinct:,}; ask "
            "for fewer"
        )
    return number < asked
