"""Reads masks: images whose pixels are class numbers, class colours or object numbers.

Numbers are read as stored, in any mode: one channel of 1, 8, 16 or 32 bits, a palette, grey with transparency, three
equal channels. Formats that do not preserve numbers (JPEG, CMYK, fractions) are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jumok.data.images.reading import open_image, upright
from jumok.data.tables.faults import Fault, UnreadableFile, refusing_unreadable
from jumok.deferred import Deferred
from jumok.wording import with_article

if TYPE_CHECKING:
    from PIL import Image
else:  # Pillow is loaded only when there are images
    Image = Deferred("PIL.Image")

NUMBER_MODES = ("L", "P", "I", "1")  # one channel of whole numbers; I;16 in both byte orders beside them
COLOUR_MODES = ("RGB", "RGBA", "RGBX", "RGBa")
GREY = ("LA", "La", "PA")  # one channel with transparency, which says nothing of classes
SAVE = "save the mask as PNG with one channel"


def read_mask(path: Path, colours: bool = False) -> np.ndarray:
    """The numbers (Y, X) of a mask, or its colours (Y, X, 3) if they are wanted or there are no numbers.

    Raises UnreadableFile.
    """
    with open_image(path) as image:
        if is_lossy(path, image):
            problem = (
                f"is {with_article(str(image.format))} image, which does not keep the exact values of pixels"
            )
            raise UnreadableFile(mask_fault(path, problem, "save the mask as PNG"))
        shown = upright(image)
        return colours_of(path, shown) if colours else mask_values(path, shown)


def load_mask(path: Path, colours: bool = False) -> np.ndarray:
    """`read_mask` for callers outside this room; raises DataError."""
    with refusing_unreadable():
        return read_mask(path, colours)


def mask_fault(path: Path, problem: str, remedy: str) -> Fault:
    """A fault of a mask file."""
    return Fault(str(path), None, problem, remedy, "mask_value")


def is_lossy(path: Path, image: Image.Image) -> bool:
    """Whether the format changes values slightly."""
    if image.format == "WEBP":
        with path.open("rb") as file:
            return b"VP8 " in file.read(1 << 12)  # VP8L keeps every value
    return image.format in ("JPEG", "MPO")


def mask_values(path: Path, image: Image.Image) -> np.ndarray:
    """The numbers (Y, X) of a mask, or the colours (Y, X, 3) if its channels differ."""
    if image.mode in NUMBER_MODES or image.mode.startswith("I;16"):
        values = np.asarray(image)
        return (
            values.astype(np.uint8) if values.dtype == bool else values.astype(values.dtype.newbyteorder("="))
        )
    if image.mode in GREY:
        return np.asarray(image)[..., 0]
    if image.mode == "F":
        return whole_numbers(path, np.asarray(image))
    if image.mode not in COLOUR_MODES:
        raise UnreadableFile(
            mask_fault(path, f"is {image.mode}, whose values are no numbers of classes", SAVE)
        )
    colours = np.asarray(image)[..., :3]
    equal = (colours == colours[..., :1]).all()
    return colours[..., 0] if equal else colours


def whole_numbers(path: Path, values: np.ndarray) -> np.ndarray:
    """Integers from numbers stored as fractions; raises UnreadableFile if they are not whole."""
    if (
        not np.isfinite(values).all()
        or (values != np.rint(values)).any()
        or np.abs(values).max(initial=0) > 2**31
    ):
        raise UnreadableFile(mask_fault(path, "holds fractions, expected the whole numbers of classes", SAVE))
    return values.astype(np.int64)


def colours_of(path: Path, image: Image.Image) -> np.ndarray:
    """The colours (Y, X, 3) of a mask; grey ones if it has one channel."""
    if image.mode not in (*COLOUR_MODES, *GREY, "L", "P", "1"):
        problem = f"is {image.mode}, but classes are given as colours of 8 bits a channel"
        raise UnreadableFile(mask_fault(path, problem, "save the mask as PNG in RGB"))
    return np.asarray(image.convert("RGB"))
