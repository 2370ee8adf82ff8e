"""Masks as images of their own."""

from collections.abc import Mapping

import numpy as np
from PIL import Image

from jumok.data.annotations.palette import Colour

MOST = 255  # the largest value that a palette can colour


def mask_image(values: np.ndarray, colours: Mapping[int, Colour]) -> Image.Image:
    """An image whose pixels are these values (Y, X), coloured by a palette where they are few enough for one."""
    if max(colours, default=0) > MOST:
        return Image.fromarray(values.astype(np.uint16))
    palette = [colours.get(value, (0, 0, 0)) for value in range(MOST + 1)]
    image = Image.fromarray(values.astype(np.uint8)).convert("P")
    image.putpalette([channel for colour in palette for channel in colour])
    return image
