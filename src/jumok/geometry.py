"""Boxes: formats, areas, clipping, overlap.

A box is `(x1, y1, x2, y2)` in pixels, everywhere: the edges of an area, so that the first pixel of an image reaches
from 0 to 1 and a box over a whole image of 640 × 480 is `(0, 0, 640, 480)`. Other formats live only at the borders,
where people's files and losses have them. Boxes are rows of a tensor (N, 4), or (..., 4) where that is said.
"""

import torch
from torch import Tensor

from jumok.deferred import Deferred

ops = Deferred("torchvision.ops")


def from_xywh(boxes: Tensor) -> Tensor:
    """Boxes (..., 4) of left, top, width, height."""
    return ops.box_convert(boxes, "xywh", "xyxy")


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


def overhang(boxes: Tensor, width: int, height: int) -> Tensor:
    """How far boxes reach beyond an image.

    Args:
        boxes: Boxes in pixels (..., 4).
        width: Width of the image in pixels.
        height: Height of the image in pixels.

    Returns:
        Pixels beyond the left, upper, right and lower edge (..., 4); 0 inside.
    """
    beyond = torch.cat((-boxes[..., :2], boxes[..., 2:] - boxes.new_tensor((width, height))), -1)
    return beyond.clamp(min=0)


def iou(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4); 0, never NaN, for two without area."""
    return ops.box_iou(one, other).nan_to_num(0.0)


def containment(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over the smaller area (N, M) of boxes (N, 4) and (M, 4): 1 where one lies within the other."""
    low = torch.maximum(one[:, None, :2], other[:, :2])  # (N, M, 2)
    high = torch.minimum(one[:, None, 2:], other[:, 2:])
    smaller = torch.minimum(areas(one)[:, None], areas(other))  # (N, M)
    return ((high - low).clamp(min=0).prod(-1) / smaller).nan_to_num(0.0, posinf=0.0)


def generalized_overlap(one: Tensor, other: Tensor) -> Tensor:
    """Generalized IoU (N, M) in -1..1, which measures distance if boxes do not overlap (Rezatofighi et al., 2019)."""
    return ops.generalized_box_iou(one, other)
