"""Segmentation metrics: mean intersection over union, accuracies, and the confusion matrix.

A prediction is an array (Y, X) of classes, and a reference one of the same size in which -1 marks pixels that do not
count. Pixels are summed over all examples first, so that an image counts by its size, and cutting it in two changes
nothing (Everingham et al., 2015; Long et al., 2015).
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from jumok.errors import DataError
from jumok.metrics.metric import Metric, ScoreTable, check_pairs, mean, once, read_off

UNKNOWN = -1  # in a reference: the pixel does not count
MEANS = ("mean_iou", "pixel_accuracy", "mean_accuracy")


def mask_metrics(names: Sequence[str]) -> dict[str, Metric[np.ndarray, np.ndarray]]:
    """All segmentation metrics of the classes with these names, by name, each 0-1.

    `iou/NAME` is the intersection over union of one class: of the pixels that have the class in the reference, in
    the prediction or in both, the share that has it in both. It is undefined for a class that does not occur in the
    reference: its pixels are errors of the classes that they should have. `mean_iou` is its mean over the classes
    that occur in the reference; `mean_accuracy` is the mean over the same classes of the share of their pixels that
    are correct; `pixel_accuracy` is the share of all pixels that are correct. A score is NaN if there is nothing to
    divide by. All metrics of one call share their work, as long as they are given the same lists one after the
    other.
    """
    table = once(partial(mask_scores, classes=len(names)))
    columns = [*MEANS, *(f"iou/{name}" for name in names)]
    return {name: read_off(table, number, name) for number, name in enumerate(columns)}


def mask_support(references: Sequence[np.ndarray], names: Sequence[str]) -> dict[str, int]:
    """In how many images each class occurs, by the name of its score."""
    present = np.zeros(len(names), dtype=np.int64)
    for reference in references:
        present[np.unique(reference[reference != UNKNOWN]).astype(np.int64)] += 1
    return {f"iou/{name}": number for name, number in zip(names, present.tolist(), strict=True)}


def confusion(
    predictions: Sequence[np.ndarray], references: Sequence[np.ndarray], classes: int
) -> np.ndarray:
    """The confusion matrix of several images.

    Args:
        predictions: Class of each pixel (Y, X), for each image.
        references: The same, -1 where a pixel does not count.
        classes: Number of classes.

    Returns:
        How many pixels of each class (rows) were predicted as each class (columns), int64 (classes, classes).

    Raises:
        DataError: If sizes differ or classes are out of range.
    """
    check_pairs(predictions, references)
    table = np.zeros((classes, classes), dtype=np.int64)
    for number, (prediction, reference) in enumerate(zip(predictions, references, strict=True), start=1):
        table += confused(prediction, reference, classes, number)
    return table


def confused(prediction: np.ndarray, reference: np.ndarray, classes: int, number: int) -> np.ndarray:
    """The confusion matrix of one image.

    Args:
        prediction: Class of each pixel (Y, X).
        reference: The same, -1 where a pixel does not count.
        classes: Number of classes.
        number: Number of the image, for messages.

    Returns:
        Counts (classes, classes), the reference in rows.
    """
    if prediction.shape != reference.shape:
        raise DataError(
            f"image {number}: the predicted mask and the true one must have the same size; "
            f"got {prediction.shape} and {reference.shape}"
        )
    known = reference != UNKNOWN
    true, predicted = reference[known].astype(np.int64), prediction[known].astype(np.int64)
    for values, what in ((true, "the true mask"), (predicted, "the predicted mask")):
        if len(values) and not 0 <= values.min() <= values.max() < classes:
            raise DataError(
                f"image {number}: {what} must hold classes from 0 to {classes - 1}, and the true one "
                f"{UNKNOWN} where pixels do not count; got values from {values.min()} to {values.max()}"
            )
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)


def mask_scores(predictions: list[np.ndarray], references: list[np.ndarray], classes: int) -> ScoreTable:
    """Prepare all scores of some masks.

    Args:
        predictions: Class of each pixel (Y, X), for each image.
        references: The same, -1 where a pixel does not count.
        classes: Number of classes.

    Returns:
        The scores named in MEANS, then the intersection over union of each class.
    """
    check_pairs(predictions, references)
    sums = np.zeros((len(predictions), 3, classes))  # pixels that are right, true, and predicted
    for i, (prediction, reference) in enumerate(zip(predictions, references, strict=True)):
        matrix = confused(prediction, reference, classes, i + 1)
        sums[i] = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)

    def measure(weights: np.ndarray) -> np.ndarray:
        right, true, predicted = np.tensordot(weights, sums, 1)  # (classes,) each
        overlaps = divided(right, np.where(true > 0, true + predicted - right, 0))
        accuracy = divided(right.sum(), true.sum())
        return np.array([mean(overlaps), float(accuracy), mean(divided(right, true)), *overlaps])

    return ScoreTable(measure)


def divided(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part divided by whole; NaN if the whole is 0."""
    return part / np.where(whole > 0, whole, np.nan)
