"""Measures the habits of a model that finds boxes on a data set, whose few mistakes hardly move them."""

from collections.abc import Sequence

import numpy as np

from jumok.metrics.matching import FoundBoxes, TrueBoxes, match_all
from jumok.metrics.mistakes.box_habits import USUAL_OVERLAP, BoxHabits, ScoreHabit
from jumok.metrics.mistakes.box_pairs import compare_boxes

AT_HALF = 0  # the number of the overlap of one half among the thresholds of matching
OF_ANY_SIZE = 0  # the number of all sizes
FEWEST_OF_A_CLASS = 20  # boxes of a class, below which all classes together tell more
LEAST_OVERLAP = 0.5  # IoU below which an object is not found


def measure_habits(found: Sequence[FoundBoxes], true: Sequence[TrueBoxes], classes: int) -> BoxHabits:
    """Measure how often predictions are right, how well they fit, and how many objects are found.

    Args:
        found: Predicted boxes of each image.
        true: Annotated boxes of each image.
        classes: The number of classes.

    Returns:
        The habits.
    """
    matching = match_all([one.told() for one in found], list(true), classes)
    samples = [[one for one in of_class if len(one.scores)] for of_class in matching.by_class]
    scores = [joined([one.scores for one in of_class]) for of_class in samples]
    right = [joined([one.hits[OF_ANY_SIZE, AT_HALF] for one in of_class]) for of_class in samples]
    counted = [
        joined([one.counted[OF_ANY_SIZE, AT_HALF] for one in of_class]).astype(bool) for of_class in samples
    ]
    every = rate_by_score(joined(scores), joined(right), joined(counted).astype(bool))
    rates = tuple(
        rate_by_score(*one) if one[2].sum() >= FEWEST_OF_A_CLASS else every
        for one in zip(scores, right, counted, strict=True)
    )
    overlaps, recalls = usual_matches(found, true, classes)
    return BoxHabits(rates, overlaps, recalls)


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays one after the other, as numbers."""
    return np.concatenate([np.zeros(0), *parts]).astype(np.float64)


def rate_by_score(scores: np.ndarray, right: np.ndarray, counted: np.ndarray) -> ScoreHabit:
    """The share of right predictions by score: isotonic regression (Zadrozny & Elkan, 2002).

    Args:
        scores: Scores (n,).
        right: 1 where a prediction is right (n,).
        counted: Which predictions are right or wrong, and not excused (n,).

    Returns:
        The step function; as if one more prediction had been wrong, so that nothing is certain.
    """
    from scipy.optimize import isotonic_regression

    if not counted.any():
        return ScoreHabit(np.zeros(0), np.zeros(0))
    order = np.argsort(scores[counted], kind="stable")
    rising, hits = scores[counted][order], right[counted][order]
    fitted = np.asarray(isotonic_regression(hits).x)
    count = len(fitted)
    kept, first = np.unique(rising, return_index=True)
    return ScoreHabit(kept, np.minimum(fitted[first], (count + 1) / (count + 2)))


def usual_matches(
    found: Sequence[FoundBoxes], true: Sequence[TrueBoxes], classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """The median IoU of objects with their predictions, and the share of objects that are found.

    Args:
        found: Predicted boxes of each image.
        true: Annotated boxes of each image.
        classes: The number of classes.

    Returns:
        Both by class (C,); a class with few objects has those of all together.
    """
    shared: list[list[float]] = [[] for _ in range(classes)]
    counts = np.zeros(classes)
    for ours, right in zip(found, true, strict=True):
        compared = compare_boxes(ours, right)
        for j in np.flatnonzero(compared.required).tolist():
            label = int(compared.true_labels[j])
            counts[label] += 1
            i = compared.pairs.get(j)
            if i is not None and compared.labels[i] == label and compared.overlaps[i, j] >= LEAST_OVERLAP:
                shared[label].append(float(compared.overlaps[i, j]))
    together = [one for of_class in shared for one in of_class]
    overall = float(np.median(together)) if together else USUAL_OVERLAP
    found_of_all = len(together) / max(1.0, counts.sum())
    overlaps = [float(np.median(one)) if len(one) >= FEWEST_OF_A_CLASS else overall for one in shared]
    recalls = [
        len(one) / count if count >= FEWEST_OF_A_CLASS else found_of_all
        for one, count in zip(shared, counts.tolist(), strict=True)
    ]
    return np.array(overlaps), np.array(recalls)
