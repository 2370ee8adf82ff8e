"""Masks as files: the class of each pixel, and the same file with other classes at some pixels."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jumok.classes import Class
from jumok.data.annotations.masks.class_masks import class_indices, is_coloured
from jumok.data.annotations.palette import PALETTE
from jumok.data.images.mask_images import COLOUR_MODES, GREY, colours_of, is_lossy, mask_values
from jumok.data.images.reading import UPRIGHT, Size, open_image, orientation, upright
from jumok.deferred import Deferred
from jumok.errors import DataError
from jumok.labelling.files.png_chunks import with_pixels_of
from jumok.labelling.refusals import readable

if TYPE_CHECKING:
    from PIL import Image
else:  # Pillow is loaded only when there are images
    Image = Deferred("PIL.Image")

NO_CLASS = 255  # in the masks of a page: no class is known there
BACK = {6: 8, 8: 6}  # the turn that undoes another; all others undo themselves
TURNS_BY_NUMBER = {  # what EXIF's orientations do to an array (Y, X)
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].T,
    8: lambda a: np.rot90(a),
}


@dataclass(frozen=True)
class MaskValues:
    """The classes of masks, and what pixels hold for them."""

    classes: tuple[Class, ...]
    ignore: int | None  # what pixels hold that do not count

    @property
    def is_coloured(self) -> bool:
        """Whether classes are colours."""
        return is_coloured(self.classes)

    @property
    def is_numbered(self) -> bool:
        """Whether the classes are the values 0, 1, 2, …"""
        return [one.id for one in self.classes] == list(range(len(self.classes))) and not self.is_coloured

    def value(self, path: Path, index: int) -> Any:
        """What pixels of a class hold, a number or a colour; of no class at `NO_CLASS`. DataError if nothing."""
        if index != NO_CLASS:
            one = self.classes[index]
            return one.id if one.colour is None else one.colour
        if self.is_coloured:
            return self.colour_of_none()
        if self.ignore is None:
            raise DataError(
                f"{path}: no value stands for pixels that do not count (ignore: null); give each pixel a class"
            )
        return self.ignore

    def colour_of_none(self) -> tuple[int, int, int]:
        """A colour that no class has."""
        taken = {one.colour for one in self.classes}
        return next(one for one in ((0, 0, 0), (255, 255, 255), *PALETTE) if one not in taken)


def read_classes_of(path: Path, data: bytes, values: MaskValues) -> np.ndarray:
    """The class of each pixel of a mask.

    Args:
        path: The mask, for messages.
        data: Its bytes.
        values: What pixels hold.

    Returns:
        The index of each pixel's class (Y, X) uint8, `NO_CLASS` where none is known.

    Raises:
        DataError: The mask cannot be read.
    """
    pixels = decode_mask(path, data, values.is_coloured)
    if pixels.dtype != np.uint8 or pixels.ndim != 2:
        return known_classes(pixels, values)
    return known_classes(np.arange(256, dtype=np.uint8)[None], values)[0][pixels]


def known_classes(pixels: np.ndarray, values: MaskValues) -> np.ndarray:
    """The classes of pixels (Y, X) uint8, `NO_CLASS` where none is known."""
    indices = class_indices(pixels, values.classes, values.ignore)
    return np.where(indices < 0, NO_CLASS, indices).astype(np.uint8)


def occurring(classes: np.ndarray) -> list[int]:
    """The different classes of pixels (Y, X) uint8."""
    found: list[int] = np.flatnonzero(np.bincount(classes.ravel(), minlength=256)).tolist()
    return found


def decode_mask(path: Path, data: bytes, coloured: bool) -> np.ndarray:
    """The numbers (Y, X) or colours (Y, X, 3) of a mask, as readers have them.

    Args:
        path: The mask, for messages.
        data: Its bytes.
        coloured: Whether classes are colours.

    Returns:
        The pixels.

    Raises:
        DataError: They cannot be read, or are not exact.
    """
    with readable(), open_image(path, data) as image:
        if not is_lossy(path, image):
            shown = upright(image)
            return colours_of(path, shown) if coloured else mask_values(path, shown)
    raise DataError(f"{path}: does not keep the exact values of pixels; save the mask as PNG")


def page_mask(classes: np.ndarray) -> str:
    """The classes of pixels (Y, X) as the PNG of a page."""
    out = BytesIO()
    Image.fromarray(classes).save(out, format="PNG", compress_level=1)
    return base64.b64encode(out.getvalue()).decode()


def mask_of_page(text: str, size: Size, count: int) -> np.ndarray:
    """The classes of pixels (Y, X) that a page has sent.

    Args:
        text: Base64 of a PNG of 8-bit gray.
        size: The size of the image as it is shown, in pixels.
        count: How many classes there are.

    Returns:
        The index of each pixel's class, `NO_CLASS` where none is.

    Raises:
        DataError: It is no such PNG, has another size, or a class that does not exist.
    """
    try:
        with Image.open(BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",)) as image:
            if image.mode != "L" or Size(*image.size) != size:
                raise DataError(
                    f"a mask must be 8-bit gray of {size}; got {image.mode} of {Size(*image.size)}"
                )
            classes = np.asarray(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"a mask must be the base64 of a PNG ({error})") from None
    strange = [index for index in occurring(classes) if index >= count and index != NO_CLASS]
    if strange:
        raise DataError(f"a mask has the class {strange[0]}, but there are {count}, from 0")
    return classes


def changed_mask(
    path: Path, data: bytes, before: np.ndarray, classes: np.ndarray, values: MaskValues
) -> bytes:
    """The bytes of a mask with other classes at some pixels; all others keep their values.

    Args:
        path: The mask, for messages.
        data: Its bytes.
        before: The class of each pixel (Y, X) in it, as it is shown.
        classes: The class that each pixel should have, `NO_CLASS` where none is.
        values: What pixels hold.

    Returns:
        The new bytes; the same ones if no pixel changes.

    Raises:
        DataError: The file cannot hold them.
    """
    changed = classes != before
    if not changed.any():
        return data
    with open_image(path, data) as image:
        if image.format != "PNG":
            raise DataError(f"{path}: is {image.format}, which is not written here; save the mask as PNG")
        turn = orientation(image)
        image.load()
        stored = image.copy()
    shown = classes
    if turn != UPRIGHT:
        classes, changed = (turned(one, BACK.get(turn, turn)) for one in (classes, changed))
    for index in occurring(classes[changed]):
        stored = painted(path, stored, changed & (classes == index), values.value(path, index), values)
    new = with_pixels_of(data, png_bytes(stored))
    if (read_classes_of(path, new, values) != shown).any():
        raise DataError(f"{path}: a mask like this cannot hold these classes; save it as PNG with 8 bits")
    return new


def turned(pixels: np.ndarray, turn: int) -> np.ndarray:
    """Pixels (Y, X) as EXIF's orientation shows them."""
    return np.ascontiguousarray(TURNS_BY_NUMBER[turn](pixels))


def painted(path: Path, image: Image.Image, where: np.ndarray, value: Any, values: MaskValues) -> Image.Image:
    """An image with another value or colour at some pixels (Y, X), in its own mode; DataError if it has none."""
    if image.mode == "P":
        index = palette_index(path, image, value) if values.is_coloured else paletted(image, value)
        return repainted(image, where, index)
    if image.mode in COLOUR_MODES:
        colour = value if values.is_coloured else (value,) * 3
        pixels = np.array(image)
        pixels[where, :3] = colour
        return Image.fromarray(pixels)
    if values.is_coloured:
        if len(set(value)) > 1 or image.mode not in ("L", *GREY):
            raise DataError(f"{path}: has no colours but gray; save it as PNG in RGB to label it")
        value = value[0]
    most = {"1": 1, "L": 255, "LA": 255, "I;16": 65535}.get(image.mode, 255)
    if value > most:
        raise DataError(
            f"{path}: cannot hold the value {value}, only up to {most}; save it as PNG with more bits"
        )
    return repainted(image, where, value)


def repainted(image: Image.Image, where: np.ndarray, value: int) -> Image.Image:
    """An image with another number at some pixels; transparency stays.

    Args:
        image: The image.
        where: True (Y, X) for the pixels.
        value: The number.

    Returns:
        The image.
    """
    pixels = np.array(image)
    if pixels.ndim == 3:
        pixels[where, 0] = value
    else:
        pixels[where] = value
    made = (
        Image.fromarray(pixels) if image.mode != "P" else Image.frombytes("P", image.size, pixels.tobytes())
    )
    if image.mode == "P":
        made.putpalette(image.getpalette("RGB") or [], "RGB")
    return made


def paletted(image: Image.Image, value: int) -> int:
    """A number that the palette of an image has, which is made longer if it is too short."""
    palette = image.getpalette("RGB") or []
    for number in range(len(palette) // 3, value + 1):
        palette += (0, 0, 0) if number == 0 else PALETTE[number - 1]
    image.putpalette(palette, "RGB")
    return value


def palette_index(path: Path, image: Image.Image, colour: tuple[int, int, int]) -> int:
    """The number of a colour in the palette of an image, which gets it if it has room."""
    palette = image.getpalette("RGB") or []
    colours = [tuple(palette[at : at + 3]) for at in range(0, len(palette), 3)]
    if colour not in colours:
        if len(colours) > NO_CLASS:
            raise DataError(f"{path}: its palette has no room for another colour; save it as PNG in RGB")
        image.putpalette([*palette, *colour], "RGB")
        return len(colours)
    return colours.index(colour)


def new_mask(path: Path, classes: np.ndarray, values: MaskValues, like: Image.Image | None = None) -> bytes:
    """The bytes of a new mask, in the mode of another one if it is given.

    Args:
        path: The mask, for messages.
        classes: The class of each pixel (Y, X), `NO_CLASS` where none is.
        values: What pixels hold.
        like: Another mask of the same data.

    Returns:
        A PNG.

    Raises:
        DataError: A class has a value that does not fit.
    """
    height, width = classes.shape
    found = occurring(classes)
    numbers = [values.value(path, index) for index in found]
    mode = "RGB" if values.is_coloured else "L" if like is not None and like.mode == "L" else "P"
    if not values.is_coloured and max(numbers) > NO_CLASS:
        mode = "I;16"
    image = Image.new(mode, (width, height))
    if mode == "P":
        own = like.getpalette("RGB") if like is not None and like.mode == "P" else None
        image.putpalette(
            own or [channel for colour in ((0, 0, 0), *PALETTE[:255]) for channel in colour], "RGB"
        )
    for index, value in zip(found, numbers, strict=True):
        image = painted(path, image, classes == index, value, values)
    return png_bytes(image)


def png_bytes(image: Image.Image) -> bytes:
    """An image as PNG; a palette of any length has 8 bits a pixel, as most readers want it."""
    out = BytesIO()
    image.save(out, format="PNG", **({"bits": 8} if image.mode == "P" else {}))
    return out.getvalue()


def class_names_in(classes: np.ndarray, names: Sequence[str]) -> tuple[str, ...]:
    """The classes that pixels have, in their order."""
    return tuple(names[index] for index in occurring(classes) if index < len(names))


def same_pixels(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether two masks say the same, as when a page sends one twice."""
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)
