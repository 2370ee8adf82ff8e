"""Match predicted boxes with true boxes by the rules of COCO (Lin et al., 2014).

In one image and class, the box with the highest score chooses first: of the true boxes that are left it takes the
one with the largest IoU, if that reaches the threshold. A true box may be ignored, because it marks a crowd, is
marked as difficult, or is not of the size asked for: it is chosen only if no other is left, and a box that chose it
is neither correct nor wrong. A crowd can be chosen any number of times, and its overlap is the share of the
predicted box that it covers. A box that chose nothing and is not of the size asked for does not count either.
"""

from dataclasses import dataclass

import numpy as np

from jumok.deferred import Deferred
from jumok.errors import DataError
from jumok.metrics.metric import check_pairs

mask = Deferred("faster_coco_eval.core.mask")

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # (T,) of the overlap, from 0.50 to 0.95 by 0.05
SIZES = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
MAX_DETECTIONS = 100  # boxes of a class in one image, by score


@dataclass(frozen=True)
class FoundBoxes:
    """The predicted boxes of one image."""

    boxes: np.ndarray  # (N, 4) float64
    scores: np.ndarray  # (N,)
    labels: np.ndarray  # (N,), numbers of classes
    hidden: np.ndarray | None = (
        None  # (N,), True for duplicates of a box with a higher score, which are not shown
    )

    def told(self) -> "FoundBoxes":
        """The boxes without hidden ones."""
        if self.hidden is None or not self.hidden.any():
            return self
        kept = ~self.hidden
        return FoundBoxes(self.boxes[kept], self.scores[kept], self.labels[kept])


@dataclass(frozen=True)
class TrueBoxes:
    """The annotated boxes of one image."""

    boxes: np.ndarray  # (M, 4) float64
    labels: np.ndarray  # (M,), numbers of classes
    crowd: np.ndarray  # (M,) bool, True on groups, which may be found any number of times: COCO's iscrowd
    ignored: np.ndarray  # (M,) bool, True on objects that need not be found: VOC's difficult, COCO's ignore
    areas: np.ndarray  # (M,) in square pixels, of the outline where there is one, else of the box


@dataclass(frozen=True)
class ClassMatches:
    """The matches of one class in one image, by descending score, for each size and threshold."""

    image: int  # its number
    scores: np.ndarray  # (n,)
    hits: np.ndarray  # (sizes, T, n), True where a true box is found
    counted: np.ndarray  # (sizes, T, n), True where the box is right or wrong
    truths: np.ndarray  # (sizes,), how many boxes there are to find


@dataclass(frozen=True)
class Matching:
    """The matches of many images."""

    images: int  # how many
    # for each class, those of the images that have found or true boxes of it
    by_class: list[list[ClassMatches]]


def match_all(found: list[FoundBoxes], true: list[TrueBoxes], classes: int) -> Matching:
    """Match the boxes of all images and classes.

    Args:
        found: Predicted boxes of each image.
        true: True boxes of each image.
        classes: Number of classes.

    Returns:
        The matches.

    Raises:
        DataError: If a label is out of range.
    """
    check_pairs(found, true)
    by_class: list[list[ClassMatches]] = [[] for _ in range(classes)]
    for image, (ours, right) in enumerate(zip(found, true, strict=True)):
        labels = np.union1d(ours.labels, right.labels).tolist()
        if labels and not 0 <= labels[0] <= labels[-1] < classes:
            raise DataError(
                f"image {image + 1}: labels of boxes must be from 0 to {classes - 1}, as there are {classes} "
                f"classes; got {labels}"
            )
        for label in map(int, labels):
            by_class[label].append(match(ours, right, label, image))
    return Matching(len(found), by_class)


def match(found: FoundBoxes, true: TrueBoxes, label: int, image: int) -> ClassMatches:
    """Match the boxes of one class in one image.

    Args:
        found: Predicted boxes of the image.
        true: True boxes of the image.
        label: The class.
        image: Index of the image.

    Returns:
        The matches.
    """
    rows = np.flatnonzero(found.labels == label)
    rows = rows[np.argsort(-found.scores[rows], kind="stable")][:MAX_DETECTIONS]
    marked = np.flatnonzero(true.labels == label)
    boxes, crowd = found.boxes[rows], true.crowd[marked]
    aside = crowd | true.ignored[marked] | outside(true.areas[marked])  # (sizes, m)
    hits, idle = choose(overlap(boxes, true.boxes[marked], crowd), aside, crowd)
    wrong = ~(hits | idle | outside(areas(boxes))[:, None])
    return ClassMatches(image, found.scores[rows], hits, hits | wrong, np.sum(~aside, axis=1))


def choose(overlaps: np.ndarray, aside: np.ndarray, crowd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let predicted boxes choose true boxes; ties go to the last true box, as in COCO's own code.

    Args:
        overlaps: Overlaps of predicted boxes, by descending score, with true boxes (n, m).
        aside: Which true boxes are ignored (sizes, m).
        crowd: Which true boxes are crowds (m,).

    Returns:
        Which predicted boxes choose a true box, and which choose an ignored one, both (sizes, T, n).
    """
    n, m = overlaps.shape
    hits, idle = np.zeros((2, len(SIZES), len(THRESHOLDS), n), dtype=bool)
    free = np.ones((len(SIZES), len(THRESHOLDS), m), dtype=bool)
    enough = np.minimum(THRESHOLDS, 1 - 1e-10)[:, None]  # (T, 1)
    for i in np.flatnonzero((overlaps >= THRESHOLDS[0]).any(axis=1)):
        left = free & (overlaps[i] >= enough)  # (sizes, T, m)
        wanted = left & ~aside[:, None]
        hits[..., i] = wanted.any(axis=-1)
        idle[..., i] = left.any(axis=-1) & ~hits[..., i]
        chosen = largest(overlaps[i], np.where(hits[..., i, None], wanted, left))
        free &= ~chosen | crowd
    return hits, idle


def largest(overlaps: np.ndarray, among: np.ndarray) -> np.ndarray:
    """True (..., m) at the last of the largest of overlaps (m,) in each row of `among` (..., m)."""
    last = among.shape[-1] - 1 - np.where(among, overlaps, -1.0)[..., ::-1].argmax(axis=-1)
    return among & (np.arange(among.shape[-1]) == last[..., None])


def overlap(found: np.ndarray, true: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """Intersection over union; with a crowd, intersection over the area of the predicted box.

    Args:
        found: Predicted boxes (n, 4).
        true: True boxes (m, 4).
        crowd: Which true boxes are crowds (m,).

    Returns:
        Overlaps (n, m).
    """
    if not (len(found) and len(true)):
        return np.zeros((len(found), len(true)))
    return np.asarray(mask.iou(to_xywh(found), to_xywh(true), crowd.astype(int).tolist()))


def to_xywh(boxes: np.ndarray) -> np.ndarray:
    """Left, top, width and height of boxes (N, 4)."""
    return np.concatenate((boxes[:, :2], boxes[:, 2:] - boxes[:, :2]), axis=1)


def areas(boxes: np.ndarray) -> np.ndarray:
    """Areas (N,) of boxes (N, 4)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def outside(area: np.ndarray) -> np.ndarray:
    """Which areas (N,) are not of each size (sizes, N); an area on a border is of both sizes."""
    bounds = np.array(list(SIZES.values()))  # (sizes, 2)
    return (area < bounds[:, :1]) | (area > bounds[:, 1:])
