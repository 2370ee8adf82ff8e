"""Checks whether the examples of a split suffice, and whether the model can do what they require."""

import numpy as np

from jumok.dataset.split import Split
from jumok.errors import DataError

FACTOR = 2  # between the median lengths of two splits, above which it is reported
TOKENS = 2  # that they differ by, at least: one token more or less says nothing
MIN_EXAMPLES = 10  # of a split, below which its median says little


def require_evidence(split: Split, most: int) -> None:
    """DataError if nothing is marked in the `most` distinct inputs that evaluations answer, spread over it."""
    if most >= len(split):
        return  # the whole split was checked when it was prepared
    examples, _ = split.answers(most)
    for field in split.outputs.values():
        if field.classes is None:
            continue
        if lack := field.classes.lacks(split.texts, split.rows[examples], learning=False):
            raise DataError(
                f"{split.files[0]}: {lack}, of the {most:,} of {len(split):,} that evaluations answer; "
                "raise training.evaluate_examples, or mark more"
            )


def excess(split: Split) -> str | None:
    """What a split requires and the model cannot do."""
    for name, field in split.outputs.items():
        if field.excess is not None and (sentence := field.excess(split.columns[name], split.rows)):
            return sentence
    return None


def length_gap(split: Split, train: Split) -> str | None:
    """In which column the median length of a split is far from that of train, and why that may be."""
    for name in filter(split.has_tokens, split.fields.all):
        lengths = [one.lengths(name)[one.present(name)] for one in (split, train)]
        if min(map(len, lengths)) < MIN_EXAMPLES:
            continue
        here, there = (float(np.median(some)) - 1 for some in lengths)  # no end marks
        short, long = sorted((here, there))
        if long >= FACTOR * short and long - short >= TOKENS:
            return (
                f"{name} has a median of {here:g} tokens, in train {there:g}; either the tokens know the texts of "
                "train by heart (then set tokens: {kind: characters}, or a smaller tokens size), or these texts are "
                "of another kind (then draw the splits from one file by data.split)"
            )
    return None
