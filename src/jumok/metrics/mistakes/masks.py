"""Regions of a mask that a model sees otherwise: leaks, holes, and areas of a wrong class.

As by Lad & Mueller (2023), a pixel is judged by the probability of its annotated class. It is doubted where another
class is more probable; its weight is the difference of the two. Thin lines along borders are opened away (Serra, 1982),
since borders are drawn by taste; what is left makes connected regions. The score of a region is 1 - exp(-weight /
typical weight), so that large and sure regions come first, times the mean probability of the class that the model sees,
times the share of other images in which it does not see such a region: what it sees everywhere is its own confusion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jumok.metrics.mistakes.disagreement import Corners, Disagreement, best_first, percent

BORDER = 0.004  # of the diagonal: half the width of lines that are opened away
TYPICAL = 0.004  # of the area of an image: the weight at which a region's score is 1 - 1/e
MOST_REGIONS = 20  # of one image that are kept
LARGE = 0.3  # the part of the score by weight, from which on a region tells of a habit of the model


@dataclass(frozen=True)
class DoubtedRegion:
    """A connected region in which a mask and a model differ."""

    given: int  # the annotated class
    predicted: int
    pixels: int
    weight: float  # sum of the differences of probabilities, over the area of the image
    sureness: float  # the mean probability of the predicted class
    box: Corners

    @property
    def size(self) -> float:
        """Its weight beside a typical one, 0 to 1."""
        return float(-np.expm1(-self.weight / TYPICAL))


@dataclass(frozen=True)
class RatedMask:
    """A mask beside a model's probabilities, without its pixels."""

    regions: tuple[DoubtedRegion, ...]  # the largest weight first
    classes: int  # how many there are


class ComparedPixels(NamedTuple):
    """The pixels of a mask beside what a model says of each."""

    given: np.ndarray  # annotated classes (Y, X), -1 where nothing is known
    predicted: np.ndarray  # the most probable class of each pixel (Y, X)
    sureness: np.ndarray  # its probability (Y, X)
    likelihood: np.ndarray  # probability of the annotated class (Y, X); anything where nothing is known


def rate_mask(pixels: ComparedPixels, classes: int) -> RatedMask:
    """The regions in which a mask and a model differ, of so many classes."""
    known = pixels.given >= 0
    pairs = pixels.given[known].astype(np.int64) * classes + pixels.predicted[known]
    confusion = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    regions = [
        region
        for a, b in zip(*np.nonzero(confusion), strict=True)
        if a != b
        for region in doubted_regions(pixels, int(a), int(b))
    ]
    regions.sort(key=lambda one: (-one.weight, one.box))
    return RatedMask(tuple(regions[:MOST_REGIONS]), classes)


def doubted_regions(pixels: ComparedPixels, a: int, b: int) -> list[DoubtedRegion]:
    """The regions annotated as class `a` that a model sees as class `b`, without thin lines.

    Args:
        pixels: The pixels of the mask.
        a: The annotated class.
        b: The predicted class.

    Returns:
        The regions.
    """
    from scipy.ndimage import binary_opening, find_objects, label

    height, width = pixels.given.shape
    reach = max(1, round(BORDER * float(np.hypot(height, width))))
    differs = (pixels.given == a) & (pixels.predicted == b)
    thick = binary_opening(differs, np.ones((2 * reach + 1, 2 * reach + 1), dtype=bool))
    if not thick.any():
        return []
    numbers, _ = label(thick, np.ones((3, 3), dtype=int))
    found = []
    for number, (rows, columns) in enumerate(find_objects(numbers), 1):
        inside = numbers[rows, columns] == number
        sureness = pixels.sureness[rows, columns][inside]
        margin = sureness - pixels.likelihood[rows, columns][inside]
        found.append(
            DoubtedRegion(
                a,
                b,
                int(inside.sum()),
                float(margin.sum()) / (height * width),
                float(sureness.mean()),
                (float(columns.start), float(rows.start), float(columns.stop), float(rows.stop)),
            )
        )
    return found


def usual_confusion(rated: Sequence[RatedMask]) -> np.ndarray:
    """The share of images, beside the one asked about, with a large region of one class seen as another (C, C)."""
    counts = np.zeros((rated[0].classes, rated[0].classes)) if rated else np.zeros((0, 0))
    for one in rated:
        for given, predicted in {(r.given, r.predicted) for r in one.regions if r.size > LARGE}:
            counts[given, predicted] += 1
    return np.maximum(0.0, counts - 1) / max(1, len(rated))


def mask_disagreements(
    rated: RatedMask, names: Sequence[str], usual: np.ndarray | None = None
) -> list[Disagreement]:
    """Where a mask and a model disagree, best first.

    Args:
        rated: The mask beside the model's probabilities.
        names: Names of the classes.
        usual: In which share of other images the model sees such a region (C, C); if None, in none.

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
        one.size * one.sureness * seldom,
        "region",
        f"{one.pixels:,} pixels painted {given} at {place}; the model sees {ours} ({chance})",
        f"{given}(으)로 칠한 픽셀 {one.pixels:,}개, {place}; 모델이 본 것은 {ours} ({chance})",
        one.box,
        given,
        ours,
    )
