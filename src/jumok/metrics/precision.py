"""Average precision and recall of boxes, as COCO defines them, for any example counts.

The predicted boxes of a class are read by descending score. After each, recall is the share of the true boxes found
so far, and precision the share of the boxes so far that are correct. The average precision is the mean over the 101
recalls 0, 0.01, ..., 1 of the best precision at that recall or a higher one.

Because that best is a maximum, which noise raises, and because a copy of a correct box is ranked beside it, resamples
score a little higher than the examples do: by about half a standard error if classes are rare.
`interval.confidence_bounds` corrects for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jumok.metrics.matching import SIZES, THRESHOLDS, ClassMatches, Matching

RECALLS = np.linspace(0.0, 1.0, 101)


class Averages(NamedTuple):
    """The averages of one class and one size; NaN if there is nothing to find."""

    precision: np.ndarray  # (T,)
    recall: float  # of all boxes, averaged over the thresholds


@dataclass(frozen=True)
class PrecisionRecall:
    """The predicted boxes of one class and one size in all images, by descending score.

    Most boxes are wrong at every threshold. They change neither recall nor the best precision, so that only their sum
    before each of the n other boxes is stored.
    """

    image: np.ndarray  # (n,), number of the image of each
    hits: np.ndarray  # (T, n), True where a true box is found
    counted: np.ndarray  # (T, n), True where the box is right or wrong
    wrong: np.ndarray  # (w,), number of the image of each box that is wrong at every threshold
    before: np.ndarray  # (n,), how many of those are surer than each
    truths: np.ndarray  # (images,), how many boxes there are to find in each

    def averages(self, weights: np.ndarray) -> Averages:
        """The averages when the boxes of image i count weights[i] times."""
        total = weights @ self.truths
        if not total:
            return Averages(np.full(len(THRESHOLDS), np.nan), np.nan)
        each = weights[self.image]  # (n,)
        wrong = np.append(0.0, np.cumsum(weights[self.wrong]))[self.before]  # (n,)
        right = np.cumsum(self.hits * each, axis=1)  # (T, n)
        so_far = np.cumsum(self.counted * each, axis=1) + wrong  # (T, n)
        recall = right / total
        precision = interpolated(right / (so_far + np.spacing(1)), recall)
        return Averages(precision, float(recall[:, -1:].sum() / len(THRESHOLDS)))


def interpolated(precision: np.ndarray, recall: np.ndarray) -> np.ndarray:
    """Average precision (T,) from precision (T, n) and recall (T, n), which grows along n."""
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]  # at this recall or a higher one
    reached = np.pad(best, ((0, 0), (0, 1)))  # a recall that is never reached has precision 0
    return np.array(
        [row[np.searchsorted(along, RECALLS)].mean() for row, along in zip(reached, recall, strict=True)]
    )


def precision_recall(matches: Sequence[ClassMatches], size: int, images: int) -> PrecisionRecall:
    """Collect the matches of a class for one of the sizes.

    Args:
        matches: The matches of the class in each image that has any.
        size: Index of the size.
        images: Number of images.

    Returns:
        The data of its precision-recall curve.
    """
    none = np.zeros((len(THRESHOLDS), 0), dtype=bool)  # where no image has the class
    hits = np.concatenate([none, *(one.hits[size] for one in matches)], axis=1)
    counted = np.concatenate([none, *(one.counted[size] for one in matches)], axis=1)
    scores = np.concatenate([np.zeros(0), *(one.scores for one in matches)])
    image = np.array([one.image for one in matches for _ in one.scores], dtype=np.int64)
    truths = np.zeros(images)
    truths[[one.image for one in matches]] = [one.truths[size] for one in matches]
    order = np.argsort(-scores, kind="stable")
    hits, counted, image = hits[:, order], counted[:, order], image[order]
    wrong = (counted & ~hits).all(axis=0)  # at every threshold
    kept = counted.any(axis=0) & ~wrong  # what never counts changes nothing
    before = np.cumsum(wrong)[kept]
    return PrecisionRecall(image[kept], hits[:, kept], counted[:, kept], image[wrong], before, truths)


def precision_recall_curves(matching: Matching) -> list[list[PrecisionRecall]]:
    """The precision-recall data of each class, for each size."""
    return [
        [precision_recall(matches, size, matching.images) for matches in matching.by_class]
        for size in range(len(SIZES))
    ]
