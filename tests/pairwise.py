"""Few combinations of options in which every value of one option meets every value of each other option."""

from collections.abc import Sequence
from itertools import combinations, product


def pairwise(*options: Sequence[str]) -> list[tuple[str, ...]]:
    """Rows with a value of each option; always the same ones, each with as many new pairs as can be."""
    rows = list(product(*options))
    missing = set().union(*map(pairs_of, rows))
    chosen = []
    while missing:
        chosen.append(max(rows, key=lambda row: len(pairs_of(row) & missing)))
        missing -= pairs_of(chosen[-1])
    return chosen


def pairs_of(row: Sequence[str]) -> set[tuple[tuple[int, str], ...]]:
    """All pairs of values of a row, each with the number of its option."""
    return set(combinations(enumerate(row), 2))
