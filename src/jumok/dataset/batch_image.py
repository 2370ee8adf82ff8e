"""A labelled batch of training, drawn to check the data by eye."""

import numpy as np
from PIL import Image

from jumok.dataset.prepare import Prepared
from jumok.dataset.split import Batch, Split
from jumok.drawing.sheet import draw_sheet
from jumok.kinds.overlay import all_class_names, overlaid

TILES = 9
TILE_WIDTH = 400  # pixels, the width of each image


def draw_batch(prepared: Prepared, seed: int) -> Image.Image | None:
    """Some examples of the train split, scaled and varied, with their labels; None if there are no images."""
    train = prepared.splits.get("train")
    if train is None or not len(train):
        return None
    canvases = [(name, one.canvas) for name, one in train.inputs.items() if one.canvas]
    if not canvases:
        return None
    shown = np.flatnonzero(np.logical_and.reduce([train.present(name) for name, _ in canvases]))
    if not len(shown):
        return None
    batch = some_batch(train, shown, seed)
    seen = [canvas.batch_pixels(batch.inputs[name]) for name, canvas in canvases]
    if not any(one.draw for one in train.outputs.values()):
        return None
    values = {name: one.codec.from_batch(batch.outputs[name]) for name, one in train.outputs.items()}
    images = [
        overlaid(train.outputs, {name: of[i] for name, of in values.items()}, image)
        for i, image in enumerate(seen[0])
    ]
    return draw_sheet(images, all_class_names(train.outputs), cell=TILE_WIDTH)


def draw_values(prepared: Prepared, seed: int) -> dict[str, Image.Image]:
    """Some examples of the train split, varied, by each input that is drawn by itself, like series."""
    train = prepared.splits.get("train")
    drawn: dict[str, Image.Image] = {}
    if train is None or not len(train):
        return drawn
    for name, field in train.inputs.items():
        shown = np.flatnonzero(train.present(name))
        if field.survey is None or not len(shown):
            continue
        batch = some_batch(train, shown, seed)
        answers = [one.codec.from_batch(batch.outputs[output]) for output, one in train.outputs.items()]
        titles = [" · ".join(value.text for value in values) for values in zip(*answers, strict=True)]
        drawn[name] = field.survey.draw(batch.inputs[name], titles)
    return drawn


def some_batch(train: Split, shown: np.ndarray, seed: int) -> Batch:
    """A batch of some of the examples `shown` (n,), augmented."""
    random = np.random.Generator(np.random.PCG64(seed))
    examples = random.choice(shown, min(TILES, len(shown)), replace=False)
    return train.batch(examples, random)
