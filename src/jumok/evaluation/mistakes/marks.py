"""Where the marks of one item, as the label page has them, and those that a model proposes disagree."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jumok.deferred import Deferred
from jumok.metrics.matching import FoundBoxes, TrueBoxes
from jumok.metrics.mistakes.boxes import box_disagreements
from jumok.metrics.mistakes.disagreement import Disagreement, best_first
from jumok.metrics.mistakes.labels import label_disagreements
from jumok.metrics.mistakes.masks import ComparedPixels, mask_disagreements, rate_mask
from jumok.metrics.mistakes.texts import text_disagreement
from jumok.metrics.mistakes.values import value_disagreements

pillow = Deferred("PIL.Image")

ItemValues = Mapping[str, Any]
NOT_PAINTED = 255  # in a mask
LEVEL = 0.9  # share of right values that intervals hold, by default
BETWEEN_LABELS = ";"  # between labels of one cell
ROUNDED = 0.01  # of the sum of probabilities of one label
UNLIKELY = 1e-6  # probability, for logarithms


def disagreement(
    kind: str,
    reference: ItemValues,
    prediction: ItemValues,
    classes: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
) -> Disagreement | None:
    """The most likely mistake in the marks of one item; None where the model agrees, or nothing is marked yet.

    Args:
        kind: objects, mask or values, as stores have them; others are not compared.
        reference: The marks of the item.
        prediction: What a model proposes, with scores: of objects each, of values `scores`, of a label those of its
            classes, and `others`, the probable cells of a column with their scores.
        classes: Names of the classes of objects and masks.
        columns: The kind of each column that is filled: label, text or values.

    Returns:
        The disagreement.
    """
    if kind == "objects":
        found = object_disagreements(reference, prediction, classes)
    elif kind == "mask":
        found = painted_disagreements(reference, prediction, classes)
    elif kind == "values":
        found = cell_disagreements(reference, prediction, columns or {})
    else:
        found = []
    return found[0] if found else None


def object_disagreements(
    reference: ItemValues, prediction: ItemValues, classes: Sequence[str]
) -> list[Disagreement]:
    """Boxes that are missing, superfluous, misplaced or of another class; of classes that are known."""
    numbers = {name: number for number, name in enumerate(classes)}
    given = [one for one in reference["objects"] if one["class"] in numbers]
    ours = [one for one in prediction["objects"] if one["class"] in numbers]
    boxes, labels = arrays_of(given, numbers)
    crowd, difficult = (
        np.array([bool(one.get(flag)) for one in given], dtype=bool) for flag in ("crowd", "difficult")
    )
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    found_boxes, found_labels = arrays_of(ours, numbers)
    scores = np.array([one.get("score", 1.0) for one in ours], dtype=np.float64)
    return box_disagreements(
        FoundBoxes(found_boxes, scores, found_labels),
        TrueBoxes(boxes, labels, crowd, difficult, areas),
        classes,
    )


def arrays_of(
    objects: Sequence[Mapping[str, Any]], numbers: Mapping[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (N, 4) and classes (N,) of objects."""
    boxes = np.array([one["box"] for one in objects], dtype=np.float64).reshape(-1, 4)
    return boxes, np.array([numbers[one["class"]] for one in objects], dtype=np.int64)


def painted_disagreements(
    reference: ItemValues, prediction: ItemValues, classes: Sequence[str]
) -> list[Disagreement]:
    """Regions of a mask that the model sees as another class."""
    if reference["mask"] is None or prediction["mask"] is None:
        return []
    given, ours = gray_pixels(reference["mask"]), gray_pixels(prediction["mask"])
    known = np.where((given == NOT_PAINTED) | (ours == NOT_PAINTED), -1, given.astype(np.int64))
    likelihood = (given == ours).astype(np.float64)  # proposals say no probabilities of pixels
    pixels = ComparedPixels(known, np.minimum(ours, len(classes) - 1), np.ones(ours.shape), likelihood)
    rated = rate_mask(pixels, len(classes))
    return mask_disagreements(rated, classes)


def gray_pixels(encoded: str) -> np.ndarray:
    """The pixels (Y, X) of a PNG in gray, in base64."""
    return np.asarray(pillow.open(io.BytesIO(base64.b64decode(encoded))).convert("L"))


def cell_disagreements(
    reference: ItemValues, prediction: ItemValues, columns: Mapping[str, str]
) -> list[Disagreement]:
    """Cells that the model would fill otherwise; empty ones are not doubted."""
    found: list[Disagreement] = []
    for name, kind in columns.items():
        given, ours = reference["values"].get(name), prediction["values"].get(name)
        others, scores = (prediction.get(one, {}).get(name) for one in ("others", "scores"))
        if others is None and isinstance(scores, Mapping):
            others = [{"text": label, "score": chance} for label, chance in scores.items()]
        if given is not None and ours is not None and kind in CELL_COMPARISONS:
            found += CELL_COMPARISONS[kind](given, ours, others or [])
    return best_first(found)


def label_cell_disagreements(given: str, ours: str, others: Sequence[ItemValues]) -> list[Disagreement]:
    """A label that is less probable than another; one that is not among the most probable has what they leave."""
    chances = {str(one["text"]): float(one["score"]) for one in others} or {ours: 1.0}
    parts = [given] if given in chances else [part.strip() for part in given.split(BETWEEN_LABELS)]
    names = list(dict.fromkeys((*chances, *parts)))
    total = sum(chances.values())
    several = len(parts) > 1 or total > 1 + ROUNDED
    left = 0.0 if several else max(0.0, 1 - total)
    probabilities = np.array([chances.get(name, left) for name in names])
    return label_disagreements(probabilities, tuple(names.index(part) for part in parts), names, several)


def text_cell_disagreements(given: str, ours: str, others: Sequence[ItemValues]) -> list[Disagreement]:
    """A text that is less likely than the best; one that is not among the beams is as likely as the last of them."""
    likely = {str(one["text"]): math.log(max(UNLIKELY, float(one["score"]))) for one in others}
    if not likely:
        return []
    found = text_disagreement(given, ours, likely.get(given, min(likely.values())), max(likely.values()))
    return [] if found is None else [found]


def number_cell_disagreements(given: str, ours: str, others: Sequence[ItemValues]) -> list[Disagreement]:
    """A number that is outside of its interval; several, and cells that hold none, are not compared."""
    try:
        right, value = float(given), float(ours)
    except ValueError:
        return []
    if len(others) != 1 or others[0].get("low") is None or others[0].get("high") is None:
        return []
    (one,) = others
    bounds = np.array([[value, float(one["low"]), float(one["high"])]])
    return value_disagreements(bounds, np.array([right]), (str(one["name"]),), LEVEL, np.ones(1))


CELL_COMPARISONS = {
    "label": label_cell_disagreements,
    "text": text_cell_disagreements,
    "values": number_cell_disagreements,
}
