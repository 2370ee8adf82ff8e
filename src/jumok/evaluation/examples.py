"""Images of examples: what is right beside what was predicted, kept in the run so that a report needs no data."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from jumok.drawing.encoding import jpeg
from jumok.drawing.sheet import LabelledImage, draw_image, draw_sheet
from jumok.evaluation.answers import SplitPredictions
from jumok.files import remove, unwritable, write_file_atomically
from jumok.kinds.charts import chart_answers
from jumok.kinds.overlay import all_class_names, overlaid
from jumok.runs.layout import EXAMPLES, RunLayout

OURS = f"{'[0-9]' * 5}.jpg"  # names of files in it; others are somebody else's
CELL = 400  # pixels, the width of each of two images
ACROSS = 3  # of several models, side by side
LARGER = 2  # times, at most, that a small image is shown
MAX_FILE_BYTES = 56_000  # bytes of a file, so that a report of many stays below 2 MB


def draw_examples(run: Path, answered: SplitPredictions, examples: Iterable[int]) -> dict[int, str]:
    """Write an image of each of these examples that can be drawn; their files below `run` by example.

    Args:
        run: The run folder.
        answered: The answers.
        examples: Indices of the examples.

    Returns:
        The file of each image, relative to the run, by example.

    Raises:
        RunError: The folder cannot be written.
    """
    folder = RunLayout(run).examples
    for old in folder.glob(OURS):
        remove(old)
    drawn: dict[int, str] = {}
    for i in sorted(set(examples)):
        data = drawing_of(answered, i)
        if data is None:
            continue
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from None
        drawn[i] = f"{EXAMPLES}/{i:05}.jpg"
        write_file_atomically(run / drawn[i], data)
    return drawn


def drawing_of(answered: SplitPredictions, i: int) -> bytes | None:
    """An example as JPEG: what is right beside what was predicted, or a chart of both; None where nothing is drawn."""
    image = image_of(answered, i)
    if image is not None:
        return side_by_side(answered, i, image)
    split, outputs = answered.split, answered.outputs
    if not any(field.chart for field in split.outputs.values()):
        return None
    values = {name: split.value(name, answered.examples[i]) for name in split.inputs}
    given = {name: split.inputs[name].codec.parse(one) for name, one in values.items() if one is not None}
    right = {
        name: one.field.codec.from_cells(one.references[i], split.root)[0]
        for name, one in outputs.items()
        if one.field.chart
    }
    chart = chart_answers(split.inputs, split.outputs, given, answered.predictions[i].outputs, right)
    return None if chart is None else jpeg(chart, MAX_FILE_BYTES)


def image_of(answered: SplitPredictions, i: int) -> Tensor | None:
    """The pixels (3, Y, X) that answers to an example are drawn on; None where its inputs are no images."""
    split = answered.split
    drawn = any(field.draw for field in split.outputs.values())
    seen = ((name, field.canvas) for name, field in split.inputs.items() if drawn and field.canvas)
    values = ((canvas, split.value(name, answered.examples[i])) for name, canvas in seen)
    return next((canvas.pixels(value) for canvas, value in values if value is not None), None)


def side_by_side(answered: SplitPredictions, i: int, image: Tensor) -> bytes:
    """Truth and prediction as JPEG; the image alone where nothing is marked in it."""
    images = [truth(answered, i, image), replace(predicted(answered, i, image), title="predicted")]
    names = classes_of(answered)
    if not images[0].is_marked:
        return jpeg(draw_image(images[0], names, min(CELL, LARGER * image.shape[2])), MAX_FILE_BYTES)
    return jpeg(draw_sheet(images, names, len(images), CELL, counted=False), MAX_FILE_BYTES)


def sheet_of(answered: Mapping[str, SplitPredictions], i: int) -> bytes | None:
    """Truth and the predictions of several models as JPEG, each with its name; None where there is nothing to see."""
    first = next(iter(answered.values()))
    image = image_of(first, i)
    if image is None:
        return None
    right, names = truth(first, i, image), classes_of(first)
    if not right.is_marked:
        return jpeg(draw_image(right, names, min(CELL, LARGER * image.shape[2])), MAX_FILE_BYTES)
    said = [replace(predicted(one, i, image), title=name) for name, one in answered.items()]
    return jpeg(
        draw_sheet([right, *said], names, min(ACROSS, 1 + len(said)), CELL, counted=False), MAX_FILE_BYTES * 2
    )


def truth(answered: SplitPredictions, i: int, image: Tensor) -> LabelledImage:
    """What is right of all outputs, on one image.

    Args:
        answered: The answers.
        i: The index of the example.
        image: The pixels (3, Y, X).

    Returns:
        The image with its labels.
    """
    root = answered.split.root
    right = {
        name: one.field.codec.from_cells(one.references[i], root)[0] for name, one in answered.outputs.items()
    }
    return replace(overlaid(answered.split.outputs, right, image), title="right")


def predicted(answered: SplitPredictions, i: int, image: Tensor) -> LabelledImage:
    """What was predicted of all outputs, on one image.

    Args:
        answered: The answers.
        i: The index of the example.
        image: The pixels (3, Y, X).

    Returns:
        The image with its labels.
    """
    return overlaid(answered.split.outputs, answered.predictions[i].outputs, image)


def classes_of(answered: SplitPredictions) -> list[str]:
    """The names of the classes of all outputs."""
    return all_class_names(answered.split.outputs)
