"""The baseline of masks: the most frequent class of each place, in every image."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jumok.baselines.protocol import Baseline, BaselineInputs, FittedBaseline, TrainingAnswers
from jumok.values import MaskPrediction

GRID = 128  # rows and columns that masks of all sizes are counted in
MAX_MASKS = 2_000  # that are read


class MaskReader(NamedTuple):
    """What the baseline must know of a mask output."""

    image: str  # the input whose pixels have classes
    names: tuple[str, ...]  # of the classes by number
    read: Callable[[str, Path], np.ndarray]  # a cell to classes (Y, X), -1 where unknown


def mask_baselines(
    image: str, names: tuple[str, ...], read: Callable[[str, Path], np.ndarray]
) -> list[Baseline]:
    """The baselines of a mask output.

    Args:
        image: The input whose pixels have classes.
        names: The names of the classes by number.
        read: From a cell and the folder that its paths are relative to, to classes (Y, X), -1 where unknown.

    Returns:
        The baselines.
    """
    return [Baseline("majority mask", partial(fit_majority, MaskReader(image, names, read)), MAX_MASKS)]


def fit_majority(masks: MaskReader, inputs: BaselineInputs, answers: TrainingAnswers) -> FittedBaseline:
    """Count the classes of each cell of a grid that is laid over every mask.

    Args:
        masks: The output.
        inputs: The images of train.
        answers: Their masks.

    Returns:
        The baseline that gives each pixel the most frequent class of its cell; where nothing is known of a cell, that
        of all cells.
    """
    counts = np.zeros((len(masks.names), GRID, GRID), dtype=np.int64)
    for cell in answers.cells:
        inputs.check_time()
        sampled = resize_nearest(masks.read(cell, answers.root), (GRID, GRID))
        for number in np.unique(sampled[sampled >= 0]):
            counts[number] += sampled == number
    everywhere = counts.sum((1, 2)).argmax()
    dtype = np.uint8 if len(masks.names) <= 256 else np.uint16
    majority = np.where(counts.any(0), counts.argmax(0), everywhere).astype(dtype)
    return lambda asked: [
        MaskPrediction(resize_nearest(majority, size), masks.names) for size in asked.sizes(masks.image)
    ]


def resize_nearest(values: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Values (Y, X) at the centers of the cells of another grid (height, width)."""
    rows, columns = (
        ((np.arange(wanted) + 0.5) * given / wanted).astype(np.int64)
        for wanted, given in zip(size, values.shape, strict=True)
    )
    return values[np.ix_(rows, columns)]
