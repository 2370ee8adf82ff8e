"""Annotations of an image, from the disk to a batch."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from jumok.data.images.resizing import ImageSample

Marks = TypeVar("Marks")


class BoxMarks(NamedTuple):
    """The annotated objects of one image."""

    boxes: Tensor  # (N, 4) float32, in pixels of the image
    labels: Tensor  # (N,) int64, numbers of classes
    crowd: Tensor  # (N,) bool


class MaskMarks(NamedTuple):
    """The classes of the pixels of one image."""

    mask: Tensor  # (Y, X) int16, -1 where nothing is known


def attach_marks(sample: ImageSample, items: Mapping[str, Any]) -> ImageSample:
    """Attach the boxes and masks among the items of an example, by field, to its image."""
    boxes, masks = kept(items, BoxMarks), kept(items, MaskMarks)
    if boxes:
        counts = torch.tensor([len(marks.boxes) for marks in boxes.values()])
        sample = replace(
            sample,
            boxes=torch.cat([marks.boxes for marks in boxes.values()]),
            labels=torch.cat([marks.labels for marks in boxes.values()]),
            crowd=torch.cat([marks.crowd for marks in boxes.values()]),
            owners=torch.arange(len(boxes)).repeat_interleave(counts),
        )
    if masks:
        several = [marks.mask for marks in masks.values()]
        sample = replace(sample, mask=several[0] if len(several) == 1 else torch.stack(several))
    return sample


def marks_of(sample: ImageSample, items: Mapping[str, Any]) -> dict[str, Any]:
    """The items of an example, by field, with the boxes and masks of its changed image."""
    boxes, masks = list(kept(items, BoxMarks)), list(kept(items, MaskMarks))
    found = dict(items)
    for number, name in enumerate(boxes):
        mine = sample.owners == number
        found[name] = BoxMarks(sample.boxes[mine], sample.labels[mine], sample.crowd[mine])  # type: ignore[index]
    for number, name in enumerate(masks):
        found[name] = MaskMarks(sample.mask if len(masks) == 1 else sample.mask[number])  # type: ignore[index,arg-type]
    return found


def kept(items: Mapping[str, Any], form: type[Marks]) -> dict[str, Marks]:
    """The items of one form."""
    return {name: item for name, item in items.items() if isinstance(item, form)}
