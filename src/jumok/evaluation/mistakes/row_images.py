"""Images of suspected annotations: what is annotated and what the model says, on the same image."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

from jumok.data.annotations.palette import PALETTE
from jumok.drawing.encoding import as_jpeg_url
from jumok.drawing.sheet import LabelledImage, draw_image
from jumok.evaluation.mistakes.suspicions import CheckedRows, Suspicion
from jumok.kinds.classes import class_names
from jumok.kinds.contract import OutputField
from jumok.metrics.mistakes.disagreement import Corners
from jumok.values import Prediction

FULL_WIDTH = 720  # pixels of an image that is shown alone
ONE_OF_TWO = 480  # of each of two
MOST_IMAGE_BYTES = 70_000  # of an image, so that a page of 50 rows stays below 10 MB


@dataclass(frozen=True)
class MarkedBox:
    """A box on an image."""

    box: Corners
    name: str
    by: Literal["annotation", "model"]


@dataclass(frozen=True)
class Panel:
    """An image, and the boxes that are drawn on it."""

    shows: Literal["input", "annotation", "model"]  # what is painted on it
    image: str  # data URL
    width: int  # in pixels of the image as it came
    height: int
    boxes: tuple[MarkedBox, ...] = ()


@dataclass(frozen=True)
class RowImages:
    """What is shown of one row."""

    panels: tuple[Panel, ...]
    colours: dict[str, str]  # of the classes that are painted


def images_of_row(
    part: CheckedRows, example: int, found: Sequence[Suspicion], answer: Prediction
) -> RowImages:
    """The images of one row.

    Args:
        part: The rows that it is among.
        example: Its number in their split.
        found: What is suspected in it.
        answer: What the model says.

    Returns:
        The image with the boxes of both, or two images, painted by annotation and model; the images of the inputs
        where answers have no places; nothing where no input is an image.
    """
    split = part.split
    output = found[0].output
    field = split.outputs[output]
    pixels = image_pixels(part, example, field)
    if pixels is None:
        return RowImages(thumbnails_of(part, example), {})
    if field.draw is None or not any(one.what.box for one in found):
        return RowImages((panel("input", LabelledImage(pixels), (), FULL_WIDTH),), {})
    (right,) = field.codec.from_cells([split.text(output, example)], split.root)
    given, ours = field.draw(right, pixels), field.draw(answer[output], pixels)
    names = class_names(field)
    if given.mask is None or ours.mask is None:
        boxes = (*marked_boxes(given, names, "annotation"), *marked_boxes(ours, names, "model"))
        return RowImages((panel("input", LabelledImage(pixels), boxes, FULL_WIDTH),), {})
    shown = {name for one in found for name in (one.what.given, one.what.predicted)}
    colours = {
        name: "#" + bytes(PALETTE[number % len(PALETTE)]).hex()
        for number, name in enumerate(names)
        if name in shown
    }
    return RowImages(
        (
            panel("annotation", replace(given, pixels=pixels), (), ONE_OF_TWO, names),
            panel("model", replace(ours, pixels=pixels), (), ONE_OF_TWO, names),
        ),
        colours,
    )


def image_pixels(part: CheckedRows, example: int, field: OutputField) -> torch.Tensor | None:
    """The pixels (3, Y, X) of the image that an output is about, or else of the first image; None without one."""
    inputs = part.split.inputs
    names = [field.image] if field.image else [name for name, one in inputs.items() if one.canvas]
    for name in names:
        value, canvas = part.split.value(name, example), inputs[name].canvas
        if value is not None and canvas is not None:
            return canvas.pixels(inputs[name].codec.parse(value))
    return None


def thumbnails_of(part: CheckedRows, example: int) -> tuple[Panel, ...]:
    """Small images of the inputs that have them, like charts of series."""
    found = []
    for name, one in part.split.inputs.items():
        value: Any = part.split.value(name, example)
        if one.thumbnail and value is not None:
            found.append(Panel("input", one.thumbnail(one.codec.parse(value)), 0, 0))
    return tuple(found)


def panel(
    shows: Literal["input", "annotation", "model"],
    image: LabelledImage,
    boxes: tuple[MarkedBox, ...],
    width: int,
    names: Sequence[str] = (),
) -> Panel:
    """An image, painted and encoded.

    Args:
        shows: What is painted on it.
        image: The image.
        boxes: What a page draws on it.
        width: Pixels of the encoded image, at most twice its own.
        names: Names of the classes.

    Returns:
        The panel.
    """
    height, wide = image.pixels.shape[1:]
    drawn = draw_image(image, names, min(width, 2 * wide))
    return Panel(shows, as_jpeg_url(drawn, MOST_IMAGE_BYTES), wide, height, boxes)


def marked_boxes(
    image: LabelledImage, names: Sequence[str], by: Literal["annotation", "model"]
) -> tuple[MarkedBox, ...]:
    """The boxes of a labelled image."""
    if image.boxes is None:
        return ()
    rows = zip(image.boxes.tolist(), image.labels, strict=True)
    return tuple(MarkedBox((box[0], box[1], box[2], box[3]), names[label], by) for box, label in rows)
