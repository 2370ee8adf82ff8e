"""Pictures of examples: what is right beside what was predicted, kept in the run so that a report needs no data."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from jumok.drawing.encoding import jpeg
from jumok.drawing.sheet import LabelledImage, draw_image, draw_sheet
from jumok.evaluation.answers import SplitPredictions
from jumok.files import remove, unwritable, write_file_atomically
from jumok.kinds.classes import class_names
from jumok.kinds.contract import OutputField
from jumok.runs.layout import EXAMPLES, RunLayout

OURS = f"{'[0-9]' * 5}.jpg"  # names of files in it; others are somebody else's
CELL = 400  # pixels, the width of each of two pictures
ACROSS = 3  # of several models, side by side
LARGER = 2  # times, at most, that a small image is shown
MOST = 56_000  # bytes of a file, so that a report of many stays below 2 MB


def draw_examples(run: Path, answered: SplitPredictions, examples: Iterable[int]) -> dict[int, str]:
    """Write a picture of each of these examples that can be drawn; their files below `run` by example."""
    folder = RunLayout(run).examples
    for old in folder.glob(OURS):
        remove(old)
    drawn: dict[int, str] = {}
    for i in sorted(set(examples)):
        image = image_of(answered, i)
        if image is None:
            break
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from None
        drawn[i] = f"{EXAMPLES}/{i:05}.jpg"
        write_file_atomically(run / drawn[i], side_by_side(answered, i, image))
    return drawn


def image_of(answered: SplitPredictions, i: int) -> Tensor | None:
    """The pixels (3, Y, X) that answers to an example are drawn on; None where its inputs are no images."""
    split = answered.split
    drawn = any(field.draw for field in split.outputs.values())
    seen = ((name, field.canvas) for name, field in split.inputs.items() if drawn and field.canvas)
    return next((canvas.pixels(split.value(name, answered.examples[i])) for name, canvas in seen), None)


def side_by_side(answered: SplitPredictions, i: int, image: Tensor) -> bytes:
    """Truth and prediction as JPEG; the image alone where nothing is marked in it."""
    pictures = [truth(answered, i, image), replace(predicted(answered, i, image), title="predicted")]
    names = classes_of(answered)
    if not pictures[0].is_marked:
        return jpeg(draw_image(pictures[0], names, min(CELL, LARGER * image.shape[2])), MOST)
    return jpeg(draw_sheet(pictures, names, len(pictures), CELL, counted=False), MOST)


def sheet_of(answered: Mapping[str, SplitPredictions], i: int) -> bytes | None:
    """Truth and the predictions of several models as JPEG, each with its name; None where there is nothing to see."""
    first = next(iter(answered.values()))
    image = image_of(first, i)
    if image is None:
        return None
    right, names = truth(first, i, image), classes_of(first)
    if not right.is_marked:
        return jpeg(draw_image(right, names, min(CELL, LARGER * image.shape[2])), MOST)
    said = [replace(predicted(one, i, image), title=name) for name, one in answered.items()]
    return jpeg(draw_sheet([right, *said], names, min(ACROSS, 1 + len(said)), CELL, counted=False), MOST * 2)


def truth(answered: SplitPredictions, i: int, image: Tensor) -> LabelledImage:
    """The reference drawn on the image.

    Args:
        answered: The predictions of a split.
        i: The index of the prediction.
        image: Pixels (3, Y, X).

    Returns:
        The image with its marks and a title.
    """
    ((name, field),) = answered.split.outputs.items()
    right = field.codec.from_cells(answered.reference_rows[i][name], answered.split.root)
    return replace(drawn(field, right[0], image), title="right")


def predicted(answered: SplitPredictions, i: int, image: Tensor) -> LabelledImage:
    """The prediction drawn on the image.

    Args:
        answered: The predictions of a split.
        i: The index of the prediction.
        image: Pixels (3, Y, X).

    Returns:
        The image with its marks.
    """
    ((name, field),) = answered.split.outputs.items()
    return drawn(field, answered.predictions[i][name], image)


def drawn(field: OutputField, value: Any, image: Tensor) -> LabelledImage:
    """A value on its image; the image alone where answers of this kind cannot be drawn."""
    return LabelledImage(image) if field.draw is None else field.draw(value, image)


def classes_of(answered: SplitPredictions) -> list[str]:
    """The names of the classes of the output."""
    (field,) = answered.split.outputs.values()
    return class_names(field)
