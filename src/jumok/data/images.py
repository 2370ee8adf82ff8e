"""Reads people's pictures: the formats below, shown upright, never a surprise about memory.

Cameras store a picture as the sensor saw it, and in EXIF how to turn it. Annotation tools and browsers show it turned,
and so do we: sizes, pixels and boxes always mean the picture as it is shown. What a PNG says about it after its pixels
comes too late and is not looked at.
"""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.Image import Transpose

from jumok.data.faults import Fault, UnreadableFile
from jumok.data.reading import why_unreadable
from jumok.errors import DataError

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
HIDDEN = ("@eaDir", "__MACOSX", "$RECYCLE.BIN")  # folders of thumbnails and leftovers that systems make
MOST_PIXELS = 100_000_000  # 300 MB as RGB
UPRIGHT = 1  # EXIF's number for a picture that is stored as it is shown
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)
OTHER_FORMATS = {
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"<svg": "SVG",
    b"<!DO": "HTML",
    b"<htm": "HTML",
    b"8BPS": "PSD",
}
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
    """What is known of a picture without decoding its pixels."""

    size: Size  # as it is shown
    stored: Size  # as the file has it
    orientation: int  # EXIF: 1 upright, 2 to 8 turned or mirrored


def is_hidden(path: Path) -> bool:
    """Whether a path below a folder is hidden (".ipynb_checkpoints", "._a.jpg") or what a system left there."""
    return any(part.startswith(".") or part in HIDDEN for part in path.parts)


def read_header(path: Path) -> ImageHeader:
    """Size and orientation of a picture; raises UnreadableFile."""
    with opened(path) as image:
        return header_of(image)


def read_image(path: Path) -> Image.Image:
    """A picture as RGB, shown upright; transparency is dropped, 16 bits become 8. Raises UnreadableFile."""
    with opened(path) as image:
        return as_rgb(path, upright(image))


def load_image(path: Path) -> Image.Image:
    """A picture as RGB, shown upright, for callers outside this room; raises DataError."""
    try:
        return read_image(path)
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable)) from None


def read_mask(path: Path) -> np.ndarray:
    """The numbers (Y, X) of a mask with one channel or a palette, or the colours (Y, X, 3) of another."""
    with opened(path) as image:
        shown = upright(image)
        if shown.mode in ("P", "L", "I;16", "I"):
            return np.asarray(shown)
        if shown.mode == "1":
            return np.asarray(shown).astype(np.uint8)
        return np.asarray(shown.convert("RGB"))


def load_mask(path: Path) -> np.ndarray:
    """A mask as `read_mask` gives it, for callers outside this room; raises DataError."""
    try:
        return read_mask(path)
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable)) from None


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """An image file whose header was read and found good; what goes wrong in the block is the file's fault."""
    fault = why_unreadable(path)
    if fault:
        raise UnreadableFile(fault)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # said better below
            warnings.simplefilter("ignore", UserWarning)  # of damaged remarks in files, which do no harm
            with Image.open(path, formats=FORMATS) as image:
                check_pixels(path, image.size)
                yield image
    except UnidentifiedImageError:
        raise UnreadableFile(unknown_format(path)) from None
    except Image.DecompressionBombError:
        raise UnreadableFile(too_large(path, f"more than {MOST_PIXELS // 10**6}")) from None
    except BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        problem = f"cannot be decoded ({reason})"
        remedy = "fetch or save the picture again, or remove it"
        raise UnreadableFile(Fault(str(path), None, problem, remedy, "undecodable_image")) from None


def check_pixels(path: Path, size: tuple[int, int]) -> None:
    """Refuse what would fill the memory."""
    if size[0] * size[1] > MOST_PIXELS:
        raise UnreadableFile(too_large(path, f"{Size(*size)} = {size[0] * size[1] / 1e6:,.0f}"))


def too_large(path: Path, count: str) -> Fault:
    problem = f"has {count} million pixels, at most {MOST_PIXELS // 10**6} million are read"
    return Fault(str(path), None, problem, "make it smaller or cut it into tiles", "too_large_image")


def unknown_format(path: Path) -> Fault:
    """The fault of a file that is none of the formats that are read."""
    with path.open("rb") as file:
        begin = file.read(12)
    name = "HEIC or AVIF" if begin[4:8] == b"ftyp" else OTHER_FORMATS.get(begin[:4], "another kind of file")
    problem = f"is {name} or damaged, expected one of {', '.join(FORMATS)}"
    return Fault(str(path), None, problem, "save it as JPEG or PNG", "undecodable_image")


def header_of(image: Image.Image) -> ImageHeader:
    turn, size = orientation(image), Size(*image.size)
    turned = Size(*reversed(size)) if turn in SIDEWAYS else size
    if image.format == "TIFF":  # Pillow has turned its size already
        return ImageHeader(size, turned, turn)
    return ImageHeader(turned, size, turn)


def orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 when there is none or nonsense; looks at the header alone."""
    try:
        # of the base class: the one of PNG decodes the picture, to find what stands behind its pixels
        number = Image.Image.getexif(image).get(Base.Orientation, UPRIGHT)
    except BROKEN:  # damaged EXIF; the picture may be fine
        return UPRIGHT
    return number if number in TURNS else UPRIGHT


def upright(image: Image.Image) -> Image.Image:
    """The pixels as they are shown."""
    turn = orientation(image)
    image.load()
    if turn == UPRIGHT or image.format == "TIFF":  # Pillow turns TIFF while it loads
        return image.copy()
    return image.transpose(TURNS[turn])


def as_rgb(path: Path, image: Image.Image) -> Image.Image:
    """RGB of any mode; Pillow alone would cut 16 bits off at 255."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise UnreadableFile(
            Fault(
                str(path),
                None,
                "holds 32 bits for each pixel, expected 8 or 16",
                "save it with 8 or 16 bits, scaled to what should be black and white",
                "undecodable_image",
            )
        )
    return image.convert("RGB")
