"""What is marked in a picture, as it travels with the picture from the disk into a batch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from torch import Tensor

from jumok.data.images.resizing import ImageSample


class BoxMarks(NamedTuple):
    """The objects of one picture."""

    boxes: Tensor  # (N, 4) float32, in pixels of the picture
    labels: Tensor  # (N,) int64, numbers of classes
    crowd: Tensor  # (N,) bool


class MaskMarks(NamedTuple):
    """The classes of the pixels of one picture."""

    mask: Tensor  # (Y, X) int16, -1 where nothing is known


def attach_marks(picture: ImageSample, others: Sequence[Any]) -> ImageSample:
    """A picture with those of the other fields of its example that are marks in it."""
    for other in others:
        if isinstance(other, BoxMarks):
            picture = replace(picture, boxes=other.boxes, labels=other.labels, crowd=other.crowd)
        elif isinstance(other, MaskMarks):
            picture = replace(picture, mask=other.mask)
    return picture


def marks_of(picture: ImageSample, before: Any) -> Any:
    """What has become of a field that was joined with a picture; any other field as it was."""
    if isinstance(before, BoxMarks):
        return BoxMarks(picture.boxes, picture.labels, picture.crowd)  # type: ignore[arg-type]
    if isinstance(before, MaskMarks):
        return MaskMarks(picture.mask)  # type: ignore[arg-type]
    return before
