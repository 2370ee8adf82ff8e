"""Which classes scores speak of: those that occur in the right answers, and those of them that are never predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jumok.metrics.matching import SIZES, FoundBoxes, TrueBoxes
from jumok.metrics.metric import check_pairs

NAMED = 5  # classes that a sentence names


@dataclass(frozen=True)
class Occurrence:
    """Classes with something remarkable about them."""

    absent: tuple[str, ...] = ()  # no right answer has them, so that they have no score and are in no mean
    unpredicted: tuple[str, ...] = ()  # right answers have them, predictions never do

    def sentences(self, split: str) -> list[str]:
        """What a person should know when looking at scores of a split."""
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
    more = f" or {len(names) - NAMED:,} more classes" if len(names) > NAMED else ""
    return ", ".join(map(repr, names[:NAMED])) + more


def occurrence(true: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> Occurrence:
    """Of how often each class occurs in the truth and in predictions, both (classes,)."""
    return Occurrence(
        tuple(name for name, many in zip(names, true, strict=True) if not many),
        tuple(name for name, many, said in zip(names, true, predicted, strict=True) if many and not said),
    )


def box_occurrence(
    found: Sequence[FoundBoxes], true: Sequence[TrueBoxes], names: Sequence[str], sure: float
) -> Occurrence:
    """Of boxes: a class is predicted where a box of it is told, whose score reaches `sure`."""
    check_pairs(found, true)
    told = [one.labels[one.scores >= sure] for one in (boxes.told() for boxes in found)]
    return occurrence(objects(true, len(names)), count_classes(told, len(names)), names)


def objects(true: Sequence[TrueBoxes], classes: int) -> np.ndarray:
    """How many objects of each class (classes,) are to be found."""
    return count_classes([one.labels[to_find(one)] for one in true], classes)


def box_support(true: Sequence[TrueBoxes], names: Sequence[str]) -> dict[str, int]:
    """How many objects each score of boxes is about, by its name."""
    each = objects(true, len(names)).tolist()
    found = dict.fromkeys(("AP", "AP50", "AP75", "AR", "F1@50"), sum(each))
    for size, (least, most) in list(SIZES.items())[1:]:
        inside = [to_find(one) & (one.areas >= least) & (one.areas <= most) for one in true]
        found[f"AP_{size}"] = int(sum(one.sum() for one in inside))
    return found | {
        f"{kind}/{name}": n for name, n in zip(names, each, strict=True) for kind in ("AP", "AP50")
    }


def to_find(true: TrueBoxes) -> np.ndarray:
    """Which boxes (M,) of an image are to be found."""
    return ~(true.crowd | true.ignored)


def count_classes(labels: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """How often each class occurs (C,)."""
    every = np.concatenate([np.zeros(0, dtype=np.int64), *labels])
    return np.bincount(every, minlength=classes)
