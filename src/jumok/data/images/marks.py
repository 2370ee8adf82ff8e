"""Annotations of an image, from the disk to a batch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from torch import Tensor

from jumok.data.images.resizing import ImageSample


class BoxMarks(NamedTuple):
    """The annotated objects of one image."""

    boxes: Tensor  # (N, 4) float32, in pixels of the image
    labels: Tensor  # (N,) int64, numbers of classes
    crowd: Tensor  # (N,) bool


class MaskMarks(NamedTuple):
    """The classes of the pixels of one image."""

    mask: Tensor  # (Y, X) int16, -1 where nothing is known


def attach_marks(sample: ImageSample, others: Sequence[Any]) -> ImageSample:
    """Attach the boxes and masks among the other fields of an example to its image."""
    for other in others:
        if isinstance(other, BoxMarks):
            sample = replace(sample, boxes=other.boxes, labels=other.labels, crowd=other.crowd)
        elif isinstance(other, MaskMarks):
            sample = replace(sample, mask=other.mask)
    return sample


def marks_of(sample: ImageSample, before: Any) -> Any:
    """The field of an augmented image that replaces `before`; fields that are not attached are unchanged."""
    if isinstance(before, BoxMarks):
        return BoxMarks(sample.boxes, sample.labels, sample.crowd)  # type: ignore[arg-type]
    if isinstance(before, MaskMarks):
        return MaskMarks(sample.mask)  # type: ignore[arg-type]
    return before
