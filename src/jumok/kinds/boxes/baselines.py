"""The baseline of boxes: the mean box of each class, in every image."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from jumok.baselines.protocol import Baseline, BaselineInputs, FittedBaseline, TrainingAnswers
from jumok.data.annotations.source import objects_of
from jumok.errors import DataError
from jumok.kinds.boxes.codec import Boxes
from jumok.values import BoxesPrediction, FoundObject


class ClassMeanBox(NamedTuple):
    """The mean box of the objects of a class."""

    name: str
    score: float  # the share of the images that show the class
    box: np.ndarray  # (4,), as shares of width and height of the image


def boxes_baselines(about: Boxes) -> list[Baseline]:
    """The baselines of a boxes output."""
    return [Baseline("mean box of each class", partial(fit_mean_boxes, about))]


def fit_mean_boxes(about: Boxes, inputs: BaselineInputs, answers: TrainingAnswers) -> FittedBaseline:
    """Average the boxes of each class, as shares of their image; groups and difficult objects do not count.

    Args:
        about: The output.
        inputs: The images of train.
        answers: The objects that are marked in them.

    Returns:
        The baseline that finds one object of each class at its mean box, with the share of the images of train that
        show the class as its score.
    """
    boxes: dict[str, list[np.ndarray]] = {name: [] for name in about.names}
    images = dict.fromkeys(about.names, 0)
    for cell, (height, width) in zip(answers.cells, inputs.sizes(about.image), strict=True):
        objects = [one for one in objects_of(cell) if not (one.crowd or one.difficult) and one.name in boxes]
        for one in objects:
            boxes[one.name].append(np.array(one.box) / (width, height, width, height))
        for name in {one.name for one in objects}:
            images[name] += 1
    means = [
        ClassMeanBox(name, images[name] / len(inputs), np.mean(boxes[name], axis=0))
        for name in about.names
        if boxes[name]
    ]
    if not means:
        raise DataError("no object is marked in any image that it is fitted on")
    means.sort(key=lambda one: -one.score)
    return lambda asked: [
        find_mean_boxes(means, size, about.showing.threshold) for size in asked.sizes(about.image)
    ]


def find_mean_boxes(
    means: Sequence[ClassMeanBox], size: tuple[int, int], threshold: float
) -> BoxesPrediction:
    """The mean boxes in an image.

    Args:
        means: The mean box of each class.
        size: Height and width of the image.
        threshold: Objects below this score are not shown.

    Returns:
        The objects, the highest score first.
    """
    height, width = size
    scaled = ((one, (one.box * (width, height, width, height)).round(2).tolist()) for one in means)
    return BoxesPrediction(
        tuple(FoundObject(one.name, one.score, tuple(box)) for one, box in scaled), size, threshold
    )
