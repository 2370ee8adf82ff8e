"""Detection metrics: COCO's average precision and recall (Lin et al., 2014), and F1 for single images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from jumok.metrics.interval import ResamplableScore
from jumok.metrics.matching import SIZES, THRESHOLDS, FoundBoxes, Matching, TrueBoxes, match_all
from jumok.metrics.metric import UNIT_RANGE, Metric, ScoreTable, mean, once, read_off
from jumok.metrics.precision import precision_recall_curves

SCORE_THRESHOLD = 0.3  # the score from which on a box counts as a statement
AVERAGES = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR")
AP75 = 5  # number of the threshold 0.75


@dataclass(frozen=True)
class ClassCounts:
    """Predicted boxes of one class with a sufficient score, against the true ones, at an IoU of one half."""

    name: str
    right: int  # found boxes that are right
    wrong: int  # found boxes that are not
    missed: int  # true boxes that were not found

    @property
    def precision(self) -> float:
        """The share of predicted boxes that are correct; NaN if there are none."""
        return self.right / found if (found := self.right + self.wrong) else float("nan")

    @property
    def recall(self) -> float:
        """The share of true boxes that are found; NaN if there are none."""
        return self.right / true if (true := self.right + self.missed) else float("nan")


def box_metrics(
    names: Sequence[str], sure: float = SCORE_THRESHOLD
) -> dict[str, Metric[FoundBoxes, TrueBoxes]]:
    """All detection metrics of the classes with these names, by name, each 0-1.

    `AP` is the mean of the average precision over IoU thresholds from 0.50 to 0.95 and over classes, `AP50` and
    `AP75` are those at one threshold, `AP_small`, `AP_medium` and `AP_large` those of objects up to 32² square
    pixels, up to 96² and beyond, and `AR` is the mean recall of the at most 100 highest-scoring boxes of a class in
    each image. `AP/NAME` and `AP50/NAME` are those of one class. `F1@50` judges the boxes that are shown, whose
    score is at least `sure` and which are no duplicates, at an IoU of one half; it also makes sense for one image
    alone.

    A class without true boxes is left out of the means; if no class has any, a score is NaN (COCO says -1). Only
    `F1@50` is then defined: it is 1 if nothing is to be found and nothing is found. All metrics of one call share
    their work, as long as they are given the same lists one after the other.
    """
    matching = once(partial(match_all, classes=len(names)))
    table = once(lambda found, true: averages(matching(found, true)))
    columns = [*AVERAGES, *(f"{kind}/{name}" for kind in ("AP", "AP50") for name in names)]
    metrics: dict[str, Metric[FoundBoxes, TrueBoxes]] = {
        name: read_off(table, number, name) for number, name in enumerate(columns)
    }
    told = once(partial(told_matching, matching=matching, classes=len(names)))
    metrics["F1@50"] = Metric(
        "F1@50", True, lambda found, true: f1_score(told(found, true), sure), limits=UNIT_RANGE
    )
    return {name: metrics[name] for name in (*AVERAGES, "F1@50", *columns[len(AVERAGES) :])}


def told_matching(
    found: list[FoundBoxes],
    true: list[TrueBoxes],
    matching: Callable[[list[FoundBoxes], list[TrueBoxes]], Matching],
    classes: int,
) -> Matching:
    """The matches of the boxes that are shown.

    Args:
        found: Predicted boxes of each image.
        true: True boxes of each image.
        matching: Computes the matches of all boxes; used if none is hidden.
        classes: Number of classes.

    Returns:
        The matches without hidden boxes.
    """
    told = [one.told() for one in found]
    if all(one is other for one, other in zip(told, found, strict=True)):
        return matching(found, true)
    return match_all(told, true, classes)


def best_threshold(
    found: list[FoundBoxes], true: list[TrueBoxes], classes: int, lowest: float = 0.0
) -> tuple[float, float] | None:
    """The score threshold with the best F1 at an IoU of one half.

    Args:
        found: Predicted boxes of each image.
        true: True boxes of each image.
        classes: Number of classes.
        lowest: The least threshold.

    Returns:
        The threshold, between the lowest score that is shown and the next one, and its F1; None if no box is correct.
    """
    matching = match_all([one.told() for one in found], true, classes)
    every = [one for of_class in matching.by_class for one in of_class]
    scores = np.concatenate([np.zeros(0), *(one.scores for one in every)])
    hits, counted = (
        np.concatenate([np.zeros(0, dtype=bool), *parts])
        for parts in ([one.hits[0, 0] for one in every], [one.counted[0, 0] for one in every])
    )
    order = np.argsort(-scores, kind="stable")
    scores, right, stated = scores[order], np.cumsum(hits[order]), np.cumsum(counted[order])
    f1 = 2 * right / np.maximum(stated + sum(int(one.truths[0]) for one in every), 1)
    after = np.append(scores[1:], 0.0)
    ends = (scores > after) & (scores >= lowest)  # boxes of equal scores are shown together
    if not ends.any() or not f1[ends].max():
        return None
    best = int(np.argmax(np.where(ends, f1, -1.0)))
    return between(max(after[best], min(lowest, scores[best])), scores[best]), float(f1[best])


def between(low: float, high: float) -> float:
    """The number with the fewest digits above `low` and up to `high`."""
    for digits in range(2, 9):
        middle = round((low + high) / 2, digits)
        if low < middle <= high:
            return float(middle)
    return float(high)


def averages(matching: Matching) -> ScoreTable:
    """All averages of some images: those named in AVERAGES, then AP and AP50 of each class."""
    by_size = precision_recall_curves(matching)

    def measure(weights: np.ndarray) -> np.ndarray:
        measured = [[walk.averages(weights) for walk in of_size] for of_size in by_size]
        precisions = np.array([[one.precision for one in of_size] for of_size in measured])
        every, *sized = precisions.reshape(len(SIZES), -1, len(THRESHOLDS))  # each (classes, T)
        recall = np.array([one.recall for one in measured[0]])  # (classes,)
        means = [mean(of) for of in (every, every[:, 0], every[:, AP75], *sized, recall)]
        return np.array([*means, *every.mean(axis=1), *every[:, 0]])

    return ScoreTable(measure)


def count_detections(matching: Matching, sure: float) -> np.ndarray:
    """True positives, false positives and misses (classes, images, 3) at this score and an IoU of one half."""
    table = np.zeros((len(matching.by_class), matching.images, 3))
    for label, matches in enumerate(matching.by_class):
        for one in matches:
            stated = one.scores >= sure
            right = np.sum(one.hits[0, 0, stated])  # of any size, at the first threshold
            wrong = np.sum(one.counted[0, 0, stated]) - right
            table[label, one.image] = right, wrong, one.truths[0] - right
    return table


def f1_score(matching: Matching, sure: float) -> ResamplableScore:
    """The harmonic mean of precision and recall over the boxes of all classes."""
    table = count_detections(matching, sure).sum(axis=0)  # (images, 3)

    def score(weights: np.ndarray) -> float:
        right, wrong, missed = weights @ table
        whole = 2 * right + wrong + missed
        return float(2 * right / whole) if whole else 1.0

    return score


def class_counts(
    found: list[FoundBoxes], true: list[TrueBoxes], names: Sequence[str], sure: float = SCORE_THRESHOLD
) -> list[ClassCounts]:
    """Correct, wrong and missed boxes of each class, among the boxes that are shown.

    Args:
        found: Predicted boxes of each image.
        true: True boxes of each image.
        names: Names of the classes.
        sure: The least score of a box that is shown.

    Returns:
        The counts of each class.
    """
    matching = match_all([one.told() for one in found], true, len(names))
    table = count_detections(matching, sure).sum(axis=1).astype(int)  # (classes, 3)
    return [ClassCounts(name, *row) for name, row in zip(names, table.tolist(), strict=True)]
