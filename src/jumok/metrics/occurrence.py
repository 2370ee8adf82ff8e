"""Which classes occur in references, and which of them are never predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jumok.metrics.matching import SIZES, FoundBoxes, TrueBoxes
from jumok.metrics.metric import check_pairs
from jumok.wording import quantity

NAMED = 5  # classes that a sentence names


@dataclass(frozen=True)
class Occurrence:
    """Classes that do not occur in the references, or are never predicted."""

    absent: tuple[str, ...] = ()  # no right answer has them, so that they have no score and are in no mean
    unpredicted: tuple[str, ...] = ()  # right answers have them, predictions never do

    def sentences(self, split: str) -> list[str]:
        """What a reader of the scores of a split should know about its classes."""
        said = []
        if self.absent:
            said.append(
                f"{split}: nothing in the truth is {quote_names(self.absent)}; no score is about that"
            )
        if self.unpredicted:
            said.append(f"{split}: never predicted, though in the truth: {quote_names(self.unpredicted)}")
        return said


def quote_names(names: Sequence[str]) -> str:
    """The first class names, quoted, and how many more there are."""
    more = f" or {quantity(len(names) - NAMED, 'more class')}" if len(names) > NAMED else ""
    return ", ".join(map(repr, names[:NAMED])) + more


def occurrence(true: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> Occurrence:
    """Find classes that are missing or never predicted.

    Args:
        true: How often each class occurs in references (classes,).
        predicted: How often each class is predicted (classes,).
        names: Names of the classes.

    Returns:
        The classes to mention.
    """
    return Occurrence(
        tuple(name for name, many in zip(names, true, strict=True) if not many),
        tuple(name for name, many, said in zip(names, true, predicted, strict=True) if many and not said),
    )


def box_occurrence(
    found: Sequence[FoundBoxes], true: Sequence[TrueBoxes], names: Sequence[str], sure: float
) -> Occurrence:
    """`occurrence` for boxes.

    Args:
        found: Predicted boxes of each image.
        true: True boxes of each image.
        names: Names of the classes.
        sure: The least score of a box that is shown; others are not predicted.

    Returns:
        The classes to mention.
    """
    check_pairs(found, true)
    told = [one.labels[one.scores >= sure] for one in (boxes.told() for boxes in found)]
    return occurrence(objects(true, len(names)), count_classes(told, len(names)), names)


def objects(true: Sequence[TrueBoxes], classes: int) -> np.ndarray:
    """The number of objects to find, by class (classes,)."""
    return count_classes([one.labels[to_find(one)] for one in true], classes)


def box_support(true: Sequence[TrueBoxes], names: Sequence[str]) -> dict[str, int]:
    """The number of objects that each detection metric is about, by its name."""
    each = objects(true, len(names)).tolist()
    found = dict.fromkeys(("AP", "AP50", "AP75", "AR", "F1@50"), sum(each))
    for size, (least, most) in list(SIZES.items())[1:]:
        inside = [to_find(one) & (one.areas >= least) & (one.areas <= most) for one in true]
        found[f"AP_{size}"] = int(sum(one.sum() for one in inside))
    return found | {
        f"{kind}/{name}": n for name, n in zip(names, each, strict=True) for kind in ("AP", "AP50")
    }


def to_find(true: TrueBoxes) -> np.ndarray:
    """True (M,) for boxes of an image that count as objects to find."""
    return ~(true.crowd | true.ignored)


def count_classes(labels: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """How often each class occurs (C,)."""
    every = np.concatenate([np.zeros(0, dtype=np.int64), *labels])
    return np.bincount(every, minlength=classes)
