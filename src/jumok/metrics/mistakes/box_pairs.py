"""The predictions and annotations of one image, matched one to one (Kuhn, 1955) by overlap, score and class."""

from dataclasses import dataclass

import numpy as np

from jumok.metrics.matching import FoundBoxes, TrueBoxes, overlap
from jumok.metrics.mistakes.box_habits import UNMEASURED, BoxHabits

TOUCHING = 0.1  # IoU, below which an annotation and a prediction have nothing to do with each other
SAME_PLACE = 0.3  # IoU, from which on an object of another class is the same object
OTHER_CLASS = 0.6  # what a match with another class is worth
LEAST_SCORE = 0.05  # of predictions that are looked at
IN_CROWD = 0.5  # share of a prediction within a group, from which on the group explains it


@dataclass(frozen=True)
class Compared:
    """The predictions and annotations of one image, and how they belong together."""

    boxes: np.ndarray  # (n, 4) of predictions
    chances: np.ndarray  # (n,), how probably each is right
    labels: np.ndarray  # (n,)
    shown: np.ndarray  # (n,), False for duplicates and what a group explains
    true_boxes: np.ndarray  # (m, 4) of annotations
    true_labels: np.ndarray  # (m,)
    required: np.ndarray  # (m,), False for difficult ones, which are matched but not doubted
    overlaps: np.ndarray  # (n, m)
    pairs: dict[int, int]  # the prediction of each matched annotation


def compare_boxes(found: FoundBoxes, true: TrueBoxes, habits: BoxHabits = UNMEASURED) -> Compared:
    """Match predictions with annotations, one to one, by overlap, score and class.

    Args:
        found: Predicted boxes.
        true: Annotated boxes.
        habits: How often the model is right.

    Returns:
        The matched image; groups are left out, with the predictions that they explain.
    """
    kept = found.scores >= LEAST_SCORE
    boxes, labels = found.boxes[kept], found.labels[kept]
    shown = np.ones(len(boxes), dtype=bool) if found.hidden is None else ~found.hidden[kept]
    if true.crowd.any():
        groups = overlap(boxes, true.boxes[true.crowd], np.ones(int(true.crowd.sum()), dtype=bool))
        shown &= ~(groups >= IN_CROWD).any(1)
    single = ~true.crowd
    true_boxes, true_labels = true.boxes[single], true.labels[single]
    overlaps = overlap(boxes, true_boxes, np.zeros(len(true_boxes), dtype=bool))  # (n, m)
    chances = habits.chances(found.scores[kept], labels)
    pairs = match_pairs(overlaps, chances * shown, labels[:, None] == true_labels)
    return Compared(
        boxes, chances, labels, shown, true_boxes, true_labels, ~true.ignored[single], overlaps, pairs
    )


def match_pairs(overlaps: np.ndarray, chances: np.ndarray, same_class: np.ndarray) -> dict[int, int]:
    """The prediction of each annotation that has one.

    Args:
        overlaps: IoU (n, m).
        chances: How probably each prediction is right (n,); 0 takes it out.
        same_class: Whether the classes are equal (n, m).

    Returns:
        The number of the prediction by that of the annotation.
    """
    from scipy.optimize import linear_sum_assignment

    near = (overlaps >= TOUCHING) & (same_class | (overlaps >= SAME_PLACE))
    worth = np.where(near, overlaps * chances[:, None] * np.where(same_class, 1.0, OTHER_CLASS), 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return {int(j): int(i) for i, j in zip(rows, columns, strict=True) if worth[i, j] > 0}


def support(compared: Compared, habits: BoxHabits) -> np.ndarray:
    """How much the predictions speak for each annotation (m,), 0 to 1: the best of its class near it."""
    closeness = np.clip(compared.overlaps / habits.usual_overlap(compared.true_labels), 0, 1)
    same = compared.labels[:, None] == compared.true_labels
    speaking = np.where(same, closeness * compared.chances[:, None], 0.0)
    return speaking.max(0, initial=0.0)
