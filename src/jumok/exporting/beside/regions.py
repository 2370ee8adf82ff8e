"""Boxes and masks of the numbers that a program computes of one image."""

from collections.abc import Mapping
from typing import Any

import numpy as np

FLOOR, CANDIDATES, MOST = 0.01, 1000, 100  # the least score, boxes before suppression, and those after it
OVERLAP = 0.6  # of two boxes of one class, above which the weaker one is dropped
DUPLICATE = 0.7  # of two boxes of any class, from which on the weaker one is doubtful


def boxes_answer(
    found: Mapping[str, np.ndarray], about: Mapping[str, Any], image: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """The objects of an image, in pixels of the image as it came; `doubtful` ones repeat a better one."""
    (height, width), (rows, columns) = image["valid_size"][0].tolist(), image["original"][0].tolist()
    scores, boxes = (dense_scores if about["dense"] else query_scores)(found)
    boxes = np.clip(boxes, 0, [width, height, width, height])
    if about["dense"]:
        scores = scores * (area(boxes) > 0)[:, None]
    order = np.argsort(-scores, axis=None, kind="stable")
    order = order[scores.ravel()[order] >= FLOOR] if about["dense"] else order[scores.ravel()[order] > 0]
    places, labels = np.unravel_index(order[:CANDIDATES], scores.shape)
    kept = suppressed(boxes[places], labels) if about["dense"] else range(min(MOST, len(places)))
    places, labels = places[list(kept)], labels[list(kept)]
    scaled = boxes[places].astype(np.float64) * ([columns / width, rows / height] * 2)
    scaled, doubtful = scaled.round(2), doubtful_boxes(scaled.round(2), labels, about["nested"])
    objects = [
        {"name": about["classes"][label], "score": float(scores[place, label]), "box": box.tolist()}
        | ({"doubtful": True} if doubt else {})
        for place, label, box, doubt in zip(places, labels, scaled, doubtful, strict=True)
    ]
    return {"width": columns, "height": rows, "objects": objects, "threshold": about["threshold"]}


def dense_scores(found: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The score of each class in each cell (P, C), and the boxes (P, 4) of a dense head."""
    scores = sigmoid(found["logits"][0]) * sigmoid(found["quality"][0])[:, None]
    real = np.all(found["centres"] < found["valid_size"][:1, ::-1], axis=-1, keepdims=True)  # (P, 1)
    return scores * real, found["boxes"][0]


def query_scores(found: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The score of each class for each query (Q, C), and the boxes (Q, 4) of a head of queries."""
    return sigmoid(found["logits"][-1, 0]) * found["valid"][0][:, None], found["boxes"][-1, 0]


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """One over one plus the exponential of minus a logit."""
    return np.asarray(np.exp(-np.logaddexp(0, -logits.astype(np.float32))))


def suppressed(boxes: np.ndarray, labels: np.ndarray) -> list[int]:
    """The rows that non-maximum suppression of each class keeps, of boxes (N, 4) from the surest on."""
    kept: list[int] = []
    for row in range(len(boxes)):
        same = [other for other in kept if labels[other] == labels[row]]
        if not (overlap(boxes[row], boxes[same])[0] > OVERLAP).any():
            kept.append(row)
    return kept[:MOST]


def doubtful_boxes(boxes: np.ndarray, labels: np.ndarray, nested: float | None) -> list[bool]:
    """Which boxes repeat a better one that does not repeat another; `nested` is the share of a box within it."""
    hidden: list[bool] = []
    for row in range(len(boxes)):
        sure = [other for other in range(row) if not hidden[other]]
        union, within = overlap(boxes[row], boxes[sure])
        repeats = union >= DUPLICATE
        if nested is not None:
            repeats |= (within >= nested) & (labels[sure] == labels[row])
        hidden.append(bool(repeats.any()))
    return hidden


def overlap(box: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The intersection of a box (4,) and others (N, 4) over their union, and over the smaller one of both."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    both = np.maximum(high - low, 0).prod(-1)
    union, smaller = area(box[None]) + area(others) - both, np.minimum(area(box[None]), area(others))
    return both / np.maximum(union, 1e-7), np.divide(
        both, smaller, out=np.zeros_like(both), where=smaller > 0
    )


def area(boxes: np.ndarray) -> np.ndarray:
    """The areas (N,) of boxes (N, 4)."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def mask_answer(
    found: Mapping[str, np.ndarray], about: Mapping[str, Any], image: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """The number of the class of each pixel of the image as it came (Y, X), and the share of each class."""
    (height, width), (rows, columns) = image["valid_size"][0], image["original"][0]
    logits = found[""][0, :, :height, :width].astype(np.float32)
    classes = stretched(stretched(logits, 1, int(rows)), 2, int(columns)).argmax(0)
    counts = np.bincount(classes.ravel(), minlength=len(about["classes"])) / classes.size
    order = [number for number in np.argsort(-counts, kind="stable") if counts[number]]
    shares = {about["classes"][number]: float(counts[number]) for number in order}
    return {"width": int(columns), "height": int(rows), "shares": shares, "classes": classes}


def stretched(values: np.ndarray, axis: int, length: int) -> np.ndarray:
    """Values scaled along an axis to a length, linearly between the middles of pixels."""
    before = values.shape[axis]
    places = np.maximum((np.arange(length) + 0.5) * before / length - 0.5, 0)
    first = np.minimum(places.astype(np.int64), before - 1)
    second = np.minimum(first + 1, before - 1)
    share = (
        (places - first).astype(values.dtype).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    )
    return np.asarray(values.take(first, axis) * (1 - share) + values.take(second, axis) * share)
