"""A labelled batch as the model gets it in training, drawn so that a person can see that the data is right."""

import numpy as np
from PIL import Image

from jumok.dataset.prepare import Prepared
from jumok.drawing.sheet import draw_sheet

EXAMPLES = 9
CELL = 400  # pixels, the width of each picture


def draw_batch(prepared: Prepared, seed: int) -> Image.Image | None:
    """Some examples of the train part, scaled and varied, with their labels; None where there are no images."""
    train = prepared.splits.get("train")
    if train is None or not len(train):
        return None
    random = np.random.Generator(np.random.PCG64(seed))
    examples = random.choice(len(train), min(EXAMPLES, len(train)), replace=False)
    batch = train.batch(examples, random)
    seen = [kind.batch_pixels(batch.inputs[name]) for name, kind in train.inputs.items()]
    images = next((pictures for pictures in seen if pictures), None)
    if images is None:
        return None
    ((name, kind),) = train.outputs.items()
    values = kind.references_from_batch(batch.outputs[name])
    pictures = [kind.drawn(value, image) for value, image in zip(values, images, strict=True)]
    return draw_sheet(pictures, [one.name for one in kind.classes], cell=CELL)
