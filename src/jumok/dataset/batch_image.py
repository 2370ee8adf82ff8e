"""A labelled batch of training, drawn to check the data by eye."""

import numpy as np
from PIL import Image

from jumok.dataset.prepare import Prepared
from jumok.drawing.sheet import draw_sheet
from jumok.kinds.classes import class_names

TILES = 9
TILE_WIDTH = 400  # pixels, the width of each image


def draw_batch(prepared: Prepared, seed: int) -> Image.Image | None:
    """Some examples of the train split, scaled and varied, with their labels; None if there are no images."""
    train = prepared.splits.get("train")
    if train is None or not len(train):
        return None
    random = np.random.Generator(np.random.PCG64(seed))
    examples = random.choice(len(train), min(TILES, len(train)), replace=False)
    batch = train.batch(examples, random)
    seen = [one.canvas.batch_pixels(batch.inputs[name]) for name, one in train.inputs.items() if one.canvas]
    drawn = [(name, one, one.draw) for name, one in train.outputs.items() if one.draw]
    if not seen or not drawn:
        return None
    name, field, draw = drawn[0]
    values = field.codec.from_batch(batch.outputs[name])
    images = [draw(value, image) for value, image in zip(values, seen[0], strict=True)]
    return draw_sheet(images, class_names(field), cell=TILE_WIDTH)
