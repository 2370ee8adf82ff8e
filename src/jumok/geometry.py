"""Boxes: formats, areas, clipping, overlap.

A box is `(x1, y1, x2, y2)` in pixels, everywhere: the edges of an area, so that the first pixel of an image reaches
from 0 to 1 and a box over a whole image of 640 × 480 is `(0, 0, 640, 480)`. Other formats live only at the borders,
where people's files and losses have them. Boxes are rows of a tensor (N, 4), or (..., 4) where that is said.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from jumok.deferred import Deferred

ops = Deferred("torchvision.ops")

SMALLEST = 1e-7  # areas below, in pixels, divide nothing


def to_xywh(boxes: Tensor) -> Tensor:
    """Left, top, width, height of boxes (..., 4)."""
    return ops.box_convert(boxes, "xyxy", "xywh")


def from_centre(boxes: Tensor) -> Tensor:
    """Boxes (..., 4) of centre x, centre y, width, height."""
    return ops.box_convert(boxes, "cxcywh", "xyxy")


def to_centre(boxes: Tensor) -> Tensor:
    """Centre x, centre y, width, height of boxes (..., 4)."""
    return ops.box_convert(boxes, "xyxy", "cxcywh")


def areas(boxes: Tensor) -> Tensor:
    """Areas (N,) of boxes (N, 4)."""
    return ops.box_area(boxes)


def clip(boxes: Tensor, width: int, height: int) -> Tensor:
    """Clip boxes to an image; boxes outside keep an edge without area.

    Args:
        boxes: Boxes in pixels (..., 4).
        width: Width of the image in pixels.
        height: Height of the image in pixels.

    Returns:
        The clipped boxes (..., 4).
    """
    return ops.clip_boxes_to_image(boxes, (height, width))


class Overlaps(NamedTuple):
    """How boxes lie to others."""

    iou: Tensor  # intersection over union, 0 to 1
    generalized: Tensor  # the same, minus the share of their hull that neither fills; -1 to 1


def overlaps(one: Tensor, other: Tensor) -> Overlaps:
    """Overlaps (...) of boxes (..., 4) with the other (..., 4) in the same place; broadcasts."""
    (low, high), (other_low, other_high) = (boxes.unflatten(-1, (2, 2)).unbind(-2) for boxes in (one, other))
    both = area(torch.maximum(low, other_low), torch.minimum(high, other_high))
    union = area(low, high) + area(other_low, other_high) - both
    hull = area(torch.minimum(low, other_low), torch.maximum(high, other_high))
    shared = both / union.clamp(min=SMALLEST)
    return Overlaps(shared, shared - (hull - union) / hull.clamp(min=SMALLEST))


def area(low: Tensor, high: Tensor) -> Tensor:
    """Areas (...) between upper left corners (..., 2) and lower right ones."""
    return (high - low).clamp(min=0).prod(-1)


def iou(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4); 0, never NaN, for two without area."""
    return overlaps(one[:, None], other).iou


def containment(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over the smaller area (N, M) of boxes (N, 4) and (M, 4): 1 where one lies within the other."""
    both = area(torch.maximum(one[:, None, :2], other[:, :2]), torch.minimum(one[:, None, 2:], other[:, 2:]))
    smaller = torch.minimum(areas(one)[:, None], areas(other))  # (N, M)
    return (both / smaller).nan_to_num(0.0, posinf=0.0)
