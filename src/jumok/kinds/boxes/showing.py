"""Which of the predicted boxes are shown: those above a score, and each object once.

Both are chosen when a training is done, by what gives the best F1 at an overlap of one half on the valid split, and
kept with the model; scores that rank all boxes, as average precision does, do not ask for them.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jumok.errors import RunError
from jumok.files import read_whole, write_json
from jumok.geometry import containment, iou
from jumok.metrics.boxes import SCORE_THRESHOLD, best_threshold
from jumok.metrics.matching import FoundBoxes, TrueBoxes

DUPLICATE_IOU = 0.7  # IoU above which two boxes are the same object
NESTED = 0.9  # share of a box within a larger one of its class, above which both may be the same object
MIN_TUNING_OBJECTS = 20  # objects, below which the usual score is as good a choice
LOWEST = 0.05  # score of what may be told


@dataclass(frozen=True)
class Showing:
    """Which of the predicted boxes are shown."""

    threshold: float = SCORE_THRESHOLD  # boxes below this score are not shown
    nested: float | None = None  # a box with a larger share within a better one of its class is not shown
    f1: float | None = None  # with both, on the valid split; None if nothing was chosen


def hidden_boxes(boxes: Tensor, labels: Tensor, nested: float | None) -> Tensor:
    """Find the boxes that are duplicates of better ones; a hidden box hides no others.

    Args:
        boxes: (N, 4), the best first.
        labels: (N,).
        nested: The share within a better box above which a box is hidden; None hides none for it.

    Returns:
        Boolean (N,), True for hidden boxes.
    """
    boxes, labels = boxes.cpu(), labels.cpu()
    same = iou(boxes, boxes) >= DUPLICATE_IOU
    if nested is not None:
        same |= (containment(boxes, boxes) >= nested) & (labels[:, None] == labels)
    same = same.tril(-1)  # (N, N), by surer ones
    hidden = torch.zeros(len(boxes), dtype=torch.bool)
    for row in same.any(1).nonzero().flatten().tolist():
        hidden[row] = bool((same[row] & ~hidden).any())
    return hidden


def best_showing(found: Sequence[FoundBoxes], true: Sequence[TrueBoxes], classes: int) -> Showing | None:
    """Choose the showing with the best F1.

    Args:
        found: The predictions of each image.
        true: The references of each image.
        classes: The number of classes.

    Returns:
        The showing; None if there are too few objects.
    """
    if sum(int((~(one.crowd | one.ignored)).sum()) for one in true) < MIN_TUNING_OBJECTS:
        return None
    tried = []
    for nested in (None, NESTED):
        best = best_threshold([hide_nested(one, nested) for one in found], list(true), classes, LOWEST)
        if best is not None:
            tried.append(Showing(best[0], nested, best[1]))
    return max(tried, key=lambda one: one.f1 or 0.0, default=None)  # ties go to the first


def hide_nested(found: FoundBoxes, nested: float | None) -> FoundBoxes:
    """The boxes of an image with what is hidden under a rule."""
    order = np.argsort(-found.scores, kind="stable")
    boxes, labels = torch.from_numpy(found.boxes[order]), torch.from_numpy(found.labels[order])
    hidden = np.zeros(len(order), dtype=bool)
    hidden[order] = hidden_boxes(boxes, labels, nested).numpy()
    return replace(found, hidden=hidden)


def write_showing(file: Path, showing: Showing) -> None:
    """Write the showing as JSON."""
    write_json(file, asdict(showing))


def read_showing(file: Path) -> Showing:
    """What was chosen; the usual, where a model was trained before there was a choice."""
    try:
        said = json.loads(read_whole(file))
        nested, f1 = said["nested"], said["f1"]
        return Showing(
            float(said["threshold"]),
            None if nested is None else float(nested),
            None if f1 is None else float(f1),
        )
    except FileNotFoundError:
        return Showing()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(
            f"{file} cannot be read ({error}); remove it to show boxes with scores from {SCORE_THRESHOLD}"
        ) from None
