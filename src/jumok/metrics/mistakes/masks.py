"""Regions of a mask that a model sees otherwise: leaks, holes, and areas of a wrong class.

A pixel is doubted where the model is surer of another class than of the annotated one; its weight is the difference of
the two probabilities. Thin lines along borders are opened away (Serra, 1982), since borders are drawn by taste; what is
left makes connected regions. The score of a region is 1 - exp(-weight / typical weight), so that large and sure regions
come first; it is multiplied by how seldom the model confuses the two classes in the data set. The score of a whole
image is the softmin of its pixels' probabilities (Lad & Mueller, 2023).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jumok.metrics.mistakes.disagreement import Corners, Disagreement, best_first, percent

BORDER = 0.004  # of the diagonal: half the width of lines that are opened away
TYPICAL = 0.004  # of the area of an image: the weight at which a region's score is 1 - 1/e
MOST_REGIONS = 20  # of one image that are kept
TEMPERATURE = 0.1  # of the softmin over pixels (Lad & Mueller, 2023)


@dataclass(frozen=True)
class DoubtedRegion:
    """A connected region in which a mask and a model differ."""

    given: int  # the annotated class
    predicted: int
    pixels: int
    weight: float  # sum of the differences of probabilities, over the area of the image
    sureness: float  # the mean probability of the predicted class
    box: Corners


@dataclass(frozen=True)
class RatedMask:
    """A mask beside a model's probabilities, without its pixels."""

    regions: tuple[DoubtedRegion, ...]
    confusion: np.ndarray  # (C, C), pixels by annotated and predicted class
    softmin: float  # 0 to 1, low where many pixels are unlikely


def rate_mask(
    given: np.ndarray, predicted: np.ndarray, sureness: np.ndarray, likelihood: np.ndarray, classes: int
) -> RatedMask:
    """Compare one mask with a model.

    Args:
        given: Annotated classes (Y, X), -1 where nothing is known.
        predicted: The most probable class of each pixel (Y, X).
        sureness: Its probability (Y, X).
        likelihood: The probability of the annotated class (Y, X); anything where nothing is known.
        classes: The number of classes.

    Returns:
        The regions in which they differ, the largest weight first, with counts for all pixels.
    """
    known = given >= 0
    pairs = given[known].astype(np.int64) * classes + predicted[known]
    confusion = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    regions = [
        region
        for a, b in zip(*np.nonzero(confusion), strict=True)
        if a != b
        for region in doubted_regions(given, predicted, sureness, likelihood, int(a), int(b))
    ]
    regions.sort(key=lambda one: (-one.weight, one.box))
    return RatedMask(tuple(regions[:MOST_REGIONS]), confusion, softmin(likelihood[known]))


def doubted_regions(
    given: np.ndarray, predicted: np.ndarray, sureness: np.ndarray, likelihood: np.ndarray, a: int, b: int
) -> list[DoubtedRegion]:
    """The regions annotated as class `a` that a model sees as class `b`, without thin lines.

    Args:
        given: Annotated classes (Y, X).
        predicted: The most probable classes (Y, X).
        sureness: Their probabilities (Y, X).
        likelihood: The probabilities of the annotated classes (Y, X).
        a: The annotated class.
        b: The predicted class.

    Returns:
        The regions.
    """
    from scipy.ndimage import binary_opening, find_objects, label

    height, width = given.shape
    reach = max(1, round(BORDER * float(np.hypot(height, width))))
    differs = (given == a) & (predicted == b)
    thick = binary_opening(differs, np.ones((2 * reach + 1, 2 * reach + 1), dtype=bool))
    if not thick.any():
        return []
    numbers, _ = label(thick, np.ones((3, 3), dtype=int))
    found = []
    for number, (rows, columns) in enumerate(find_objects(numbers), 1):
        inside = numbers[rows, columns] == number
        margin = (sureness[rows, columns] - likelihood[rows, columns])[inside]
        found.append(
            DoubtedRegion(
                a,
                b,
                int(inside.sum()),
                float(margin.sum()) / (height * width),
                float(sureness[rows, columns][inside].mean()),
                (float(columns.start), float(rows.start), float(columns.stop), float(rows.stop)),
            )
        )
    return found


def softmin(likelihood: np.ndarray) -> float:
    """The softmin of the probabilities (n,) of the annotated classes; 1 where nothing is annotated."""
    if not len(likelihood):
        return 1.0
    values = likelihood.astype(np.float64)
    weights = np.exp((1 - values - (1 - values).max()) / TEMPERATURE)
    return float((values * weights).sum() / weights.sum())


def usual_confusion(rated: Sequence[RatedMask]) -> np.ndarray:
    """Of the pixels annotated as each class, the share that a model sees as each class (C, C)."""
    total = np.sum([one.confusion for one in rated], axis=0).astype(np.float64)
    return total / np.maximum(1.0, total.sum(1, keepdims=True))


def mask_disagreements(
    rated: RatedMask, names: Sequence[str], usual: np.ndarray | None = None
) -> list[Disagreement]:
    """Where a mask and a model disagree, best first.

    Args:
        rated: The mask beside the model's probabilities.
        names: Names of the classes.
        usual: How often the model confuses classes in this data set (C, C); if None, never.

    Returns:
        One disagreement for each region.
    """
    return best_first([doubted_region(one, names, usual) for one in rated.regions if one.weight > 0])


def doubted_region(one: DoubtedRegion, names: Sequence[str], usual: np.ndarray | None) -> Disagreement:
    """A region as a disagreement."""
    seldom = 1.0 if usual is None else 1 - float(usual[one.given, one.predicted])
    x1, y1, x2, y2 = one.box
    given, ours, chance = names[one.given], names[one.predicted], percent(one.sureness)
    place = f"x {x1:.0f}–{x2:.0f}, y {y1:.0f}–{y2:.0f}"
    return Disagreement(
        float(-np.expm1(-one.weight / TYPICAL)) * seldom,
        "region",
        f"{one.pixels:,} pixels painted {given} at {place}; the model sees {ours} ({chance})",
        f"{given}(으)로 칠한 픽셀 {one.pixels:,}개, {place}; 모델이 본 것은 {ours} ({chance})",
        one.box,
        given,
        ours,
    )
