"""Masks as images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jumok.data.annotations.palette import Colour
from jumok.deferred import Deferred

if TYPE_CHECKING:
    from PIL import Image
else:  # Pillow is loaded only when there are images
    Image = Deferred("PIL.Image")

MAX_PALETTE_VALUE = 255  # the largest value that a palette can colour


def mask_image(values: np.ndarray, colours: Mapping[int, Colour]) -> Image.Image:
    """An image whose pixels are these values (Y, X), with a palette if values are small enough."""
    if max(colours, default=0) > MAX_PALETTE_VALUE:
        return Image.fromarray(values.astype(np.uint16))
    palette = [colours.get(value, (0, 0, 0)) for value in range(MAX_PALETTE_VALUE + 1)]
    image = Image.fromarray(values.astype(np.uint8)).convert("P")
    image.putpalette([channel for colour in palette for channel in colour])
    return image
