"""Reads images (formats below), upright, with a pixel limit.

Cameras store an image as the sensor saw it, and in EXIF how to rotate it. Annotation tools and browsers show it
rotated, and so do we: sizes, pixels and boxes always refer to the image as it is shown. EXIF data after the pixels of
a PNG are ignored.
"""

from __future__ import annotations

import os
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jumok.data.tables.faults import Fault, UnreadableFile, refusing_unreadable
from jumok.data.tables.open_text import nearest_file
from jumok.deferred import Deferred

if TYPE_CHECKING:
    import PIL
    from PIL import ExifTags, Image
else:  # Pillow is loaded only when there are images
    PIL, ExifTags, Image = Deferred("PIL"), Deferred("PIL.ExifTags"), Deferred("PIL.Image")

IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
MOST_PIXELS = 100_000_000  # 300 MB as RGB
UPRIGHT = 1  # EXIF's number for an image that is stored as it is shown
TURNS = {  # what makes an image upright, in the words of PIL.Image.Transpose
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
SIDEWAYS = (5, 6, 7, 8)
OTHER_FORMATS = {
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"<svg": "SVG",
    b"<!DO": "HTML",
    b"<htm": "HTML",
    b"8BPS": "PSD",
    b"\x1f\x8b\x08\x00": "gzip",
    b"\x1f\x8b\x08\x08": "gzip",
    b"PK\x03\x04": "a ZIP archive",
}
LFS_POINTER = b"version https://git-lfs"
REPLACE = "fetch or save the image again, or remove it"
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    OverflowError,
    TypeError,
    struct.error,
    zlib.error,
)  # Pillow's


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width} × {self.height}"


class ImageHeader(NamedTuple):
    """What is known about an image without decoding its pixels."""

    size: Size  # as it is shown
    stored: Size  # as the file has it
    orientation: int  # EXIF: 1 upright, 2 to 8 turned or mirrored


def read_header(path: Path) -> ImageHeader:
    """Size and orientation of an image; raises UnreadableFile."""
    with open_image(path) as image:
        return header_of(image)


def read_image(path: Path) -> Image.Image:
    """An image as RGB, upright, 8 bits, without transparency. Raises UnreadableFile."""
    with open_image(path) as image:
        return as_rgb(path, upright(image))


def load_image(path: Path) -> Image.Image:
    """An image as RGB, upright; for callers outside this room. Raises DataError."""
    with refusing_unreadable():
        return read_image(path)


@contextmanager
def open_image(path: Path, data: bytes | None = None) -> Iterator[Image.Image]:
    """Open an image whose header is valid, by its bytes if they are given; errors in the block become its faults."""
    if data is None:
        require_image_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # said better below
            warnings.simplefilter("ignore", UserWarning)  # of damaged remarks in files, which do no harm
            with Image.open(path if data is None else BytesIO(data), formats=IMAGE_FORMATS) as image:
                check_pixels(path, image.size)
                yield image
    except PIL.UnidentifiedImageError:
        raise UnreadableFile(unknown_format(path)) from None
    except Image.DecompressionBombError:
        raise UnreadableFile(too_large(path, f"more than {MOST_PIXELS // 10**6}")) from None
    except BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableFile(undecodable(path, f"cannot be decoded ({reason})", REPLACE)) from None


def undecodable(path: Path, problem: str, remedy: str) -> Fault:
    """The fault of one image that the others do not depend on.

    Args:
        path: The image.
        problem: What is wrong.
        remedy: What to do.

    Returns:
        The fault.
    """
    return Fault(str(path), None, problem, remedy, "undecodable_image")


def require_image_file(path: Path) -> None:
    """Refuse missing and empty files, folders, pipes and Git LFS pointers; raises UnreadableFile."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
            raise UnreadableFile(undecodable(path, f"is {what}, expected an image", "rename or remove it"))
        with path.open("rb") as file:
            begin = file.read(len(LFS_POINTER))
    except FileNotFoundError:
        fault = Fault(str(path), None, "does not exist", nearest_file(path), "missing_file")
        raise UnreadableFile(fault) from None
    except OSError as error:  # a link that leads to itself, too long a name, no permission
        problem = f"cannot be read ({error.strerror or error})"
        raise UnreadableFile(
            undecodable(path, problem, "correct it or its permissions, or remove it")
        ) from None
    except ValueError:  # a NUL, which no name of a file can have
        fault = Fault(repr(str(path)), None, "is not a valid file name", "correct it", "missing_file")
        raise UnreadableFile(fault) from None
    if not begin:
        raise UnreadableFile(undecodable(path, "is empty", REPLACE))
    if begin == LFS_POINTER:
        problem = "is a Git LFS pointer, not the image itself"
        raise UnreadableFile(undecodable(path, problem, "fetch the images with `git lfs pull`"))


def check_pixels(path: Path, size: tuple[int, int]) -> None:
    """Refuse images that would not fit into memory; raises UnreadableFile."""
    if size[0] * size[1] > MOST_PIXELS:
        raise UnreadableFile(too_large(path, f"{Size(*size)} = {size[0] * size[1] / 1e6:,.0f}"))


def too_large(path: Path, count: str) -> Fault:
    """The fault of an image with more pixels than are read."""
    problem = f"has {count} million pixels, at most {MOST_PIXELS // 10**6} million are read"
    return Fault(str(path), None, problem, "make it smaller or cut it into tiles", "too_large_image")


def unknown_format(path: Path) -> Fault:
    """The fault of a file in none of the supported formats."""
    with path.open("rb") as file:
        begin = file.read(12)
    name = "HEIC or AVIF" if begin[4:8] == b"ftyp" else OTHER_FORMATS.get(begin[:4], "another kind of file")
    problem = f"is {name} or damaged, expected one of {', '.join(IMAGE_FORMATS)}"
    return undecodable(path, problem, "save it as JPEG or PNG")


def header_of(image: Image.Image) -> ImageHeader:
    """The size of an image upright and as stored, with its orientation."""
    turn, size = orientation(image), Size(*image.size)
    turned = Size(*reversed(size)) if turn in SIDEWAYS else size
    if image.format == "TIFF":  # Pillow has turned its size already
        return ImageHeader(size, turned, turn)
    return ImageHeader(turned, size, turn)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation from the header; 1 if it is missing or invalid."""
    try:
        # of the base class: the one of PNG decodes the image, to find what follows its pixels
        number = Image.Image.getexif(image).get(ExifTags.Base.Orientation, UPRIGHT)
    except BROKEN:  # damaged EXIF; the image may be fine
        return UPRIGHT
    return number if number in TURNS else UPRIGHT


def upright(image: Image.Image) -> Image.Image:
    """The pixels as they are shown."""
    turn = orientation(image)
    image.load()
    if turn == UPRIGHT or image.format == "TIFF":  # Pillow turns TIFF while it loads
        return image.copy()
    return image.transpose(Image.Transpose[TURNS[turn]])


def as_rgb(path: Path, image: Image.Image) -> Image.Image:
    """An image of any mode as RGB; Pillow alone would clip 16 bits at 255."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        image = Image.fromarray((values >> (used_bits(values) - 8)).astype(np.uint8))
    if image.mode in ("I", "F"):
        problem = "holds 32 bits for each pixel, expected 8 or 16"
        remedy = "save it with 8 or 16 bits, scaled to what should be black and white"
        raise UnreadableFile(undecodable(path, problem, remedy))
    return image.convert("RGB")


def used_bits(values: np.ndarray) -> int:
    """The bit depth of 16-bit values: 8 or 12 if no value needs more.

    Cameras and microscopes store 12 bits in 16 without scaling; read as 16 bits they would be nearly black.
    """
    most = int(values.max(initial=0))
    return next(bits for bits in (8, 12, 16) if most < 1 << bits)
