"""Folds of the training data: each is left out of one of several trainings, whose models have not seen it."""

from collections.abc import Sequence

import numpy as np

from jumok.data.cache.store import TextStore
from jumok.data.row import SPLIT_GROUP
from jumok.data.split import rank_keys

FOLD_SEED = 15  # another one than that of splits, so that folds cut across them


def splitting_keys(store: TextStore, inputs: Sequence[str]) -> list[str]:
    """A key for each row; rows of one group, or else with equal inputs, have one, and stay together."""
    columns = (SPLIT_GROUP,) if SPLIT_GROUP in store.columns else tuple(inputs)
    return ["\x1f".join(row) for row in zip(*(store.texts(name) for name in columns), strict=True)]


def fold_numbers(store: TextStore, inputs: Sequence[str], folds: int) -> np.ndarray:
    """The fold of each row (N,), from 0; rows of one group, or else with equal inputs, are in one fold.

    Args:
        store: The rows.
        inputs: The names of the inputs.
        folds: The number of folds, of about one size.

    Returns:
        The numbers; they do not depend on the order of rows.
    """
    return rank_keys(splitting_keys(store, inputs), FOLD_SEED)[0] % folds
