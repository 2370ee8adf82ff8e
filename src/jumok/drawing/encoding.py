"""Encode drawn images as files."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from jumok.deferred import Deferred

if TYPE_CHECKING:
    from PIL import Image, PngImagePlugin
else:  # Pillow is loaded only when there are images
    Image, PngImagePlugin = Deferred("PIL.Image"), Deferred("PIL.PngImagePlugin")

QUALITIES = (88, 75, 60, 45)  # of JPEG, the first that is small enough is taken
SMALLER = 0.75  # of each side, where no quality is low enough
MIN_SCALED_SIDE = 64  # pixels of a side, below which nothing is gained
PAGE_SIDE = 1024  # pixels of the longer side of an image on a page
EXACT = 256 * 256  # pixels up to which an image on a page keeps each of them


def jpeg(image: Image.Image, most: int | None = None) -> bytes:
    """An image as JPEG, of at most `most` bytes where that is possible."""
    while True:
        for quality in QUALITIES:
            data = encode_jpeg(image, quality)
            if most is None or len(data) <= most:
                return data
        if min(image.size) <= MIN_SCALED_SIDE:
            return data
        width, height = (max(1, round(side * SMALLER)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)


def encode_jpeg(image: Image.Image, quality: int) -> bytes:
    """JPEG without chroma subsampling, so that thin lines keep their colours."""
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=quality, subsampling=0 if quality > 80 else 2)
    return file.getvalue()


def as_jpeg_url(image: Image.Image, most: int) -> str:
    """An image as the data URL of a JPEG of at most `most` bytes, where that is possible."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(image, most)).decode()


def png(image: Image.Image) -> bytes:
    """An image as PNG, marked as made by this program."""
    file, about = io.BytesIO(), PngImagePlugin.PngInfo()
    about.add_text("Software", "jumok")
    image.save(file, format="PNG", pnginfo=about)
    return file.getvalue()


def shrunk(size: tuple[int, int]) -> tuple[int, int]:
    """The height and width at which an image is shown on a page."""
    scale = min(1.0, PAGE_SIDE / max(1, *size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def data_url(image: Image.Image, exact: bool = False) -> str:
    """An image as a data URL, scaled down if it is large; `exact` keeps every colour."""
    height, width = shrunk((image.height, image.width))
    if image.size != (width, height):
        how = Image.Resampling.NEAREST if exact else Image.Resampling.LANCZOS
        image = image.resize((width, height), how)
    small = exact or width * height <= EXACT
    kind, data = ("png", png(image)) if small else ("jpeg", jpeg(image))
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
