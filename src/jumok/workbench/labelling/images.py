"""Images for a browser: as jumok reads them, upright and in 8 bits, and small ones for lists."""

import io
import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from jumok.data.cache.place import cache_folder, cache_key, new_file
from jumok.data.images.reading import UPRIGHT, as_rgb, open_image, orientation, upright
from jumok.data.tables.faults import UnreadableFile
from jumok.deferred import Deferred
from jumok.errors import DataError, RunError

if TYPE_CHECKING:
    from PIL import Image
else:
    Image = Deferred("PIL.Image")

THUMB_SIDE = 160  # pixels of the longer side
THUMBS_BYTES = 64_000_000  # kept in memory
SHOWN_BYTES = 256_000_000  # of converted images, kept in memory
THUMB_QUALITY, SHOWN_QUALITY = 80, 95  # of JPEG
AS_THEY_ARE = {
    "JPEG": ("RGB", "L"),
    "PNG": ("RGB", "L", "1"),
    "WEBP": ("RGB",),
}  # modes that browsers show alike


class EncodedImage(NamedTuple):
    """The bytes of an image file."""

    data: bytes
    media_type: str


class KeptImages:
    """The images that were asked for last, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[str, EncodedImage] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: str, make: Callable[[], EncodedImage]) -> EncodedImage:
        """A kept image, or one that is made now."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._bytes += len(made.data)
            while self._bytes > self.most_bytes and len(self._kept) > 1:
                self._bytes -= len(self._kept.popitem(last=False)[1].data)
        return made


class ShownImages:
    """Images and thumbnails as a browser shows them."""

    def __init__(self) -> None:
        self._thumbs = KeptImages(THUMBS_BYTES)
        self._converted = KeptImages(SHOWN_BYTES)

    def image(self, path: Path) -> EncodedImage:
        """An image in full size; DataError if it cannot be read."""
        return refused(
            path, lambda: self._as_is(path) or self._converted.get(state_key(path), lambda: convert(path))
        )

    def _as_is(self, path: Path) -> EncodedImage | None:
        """The file itself, if a browser shows it as jumok reads it."""
        with open_image(path) as image:
            kind = format_of(image)
            plain = image.mode in AS_THEY_ARE.get(kind, ()) and "transparency" not in image.info
            moves = kind != "JPEG" and getattr(image, "n_frames", 1) > 1
            if not plain or moves or orientation(image) != UPRIGHT:
                return None
        return EncodedImage(path.read_bytes(), f"image/{kind.lower()}")

    def thumb(self, path: Path) -> EncodedImage:
        """A thumbnail, kept in memory and in the cache folder; DataError if the image cannot be read."""
        return refused(path, lambda: self._thumbs.get(key := state_key(path), lambda: kept_thumb(path, key)))


def refused(path: Path, make: Callable[[], EncodedImage]) -> EncodedImage:
    """What is made of a file; DataError if it cannot be read."""
    try:
        return make()
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable)) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from None


def state_key(path: Path) -> str:
    """A key of a file in its present state."""
    state = os.stat(path)
    return cache_key(str(path.absolute()), str(state.st_mtime_ns), str(state.st_size), str(THUMB_SIDE))


def format_of(image: "Image.Image") -> str:
    """The format of an image; JPEG with a second image in it, as telephones write, is JPEG."""
    return "JPEG" if image.format == "MPO" else str(image.format)


def convert(path: Path) -> EncodedImage:
    """An image as jumok reads it: as JPEG if it is one, else without loss."""
    with open_image(path) as image:
        kind, shown = format_of(image), as_rgb(path, upright(image))
    return encoded(shown, "JPEG", SHOWN_QUALITY) if kind == "JPEG" else encoded(shown, "PNG", 0)


def encoded(image: "Image.Image", kind: str, quality: int) -> EncodedImage:
    """The file of an image.

    Args:
        image: The image.
        kind: JPEG or PNG.
        quality: Of JPEG.

    Returns:
        The file.
    """
    file = io.BytesIO()
    if kind == "JPEG":
        image.save(file, kind, quality=quality, subsampling=0)
    else:
        image.save(file, kind, compress_level=1)  # quickly
    return EncodedImage(file.getvalue(), f"image/{kind.lower()}")


def kept_thumb(path: Path, key: str) -> EncodedImage:
    """A thumbnail from the cache folder, or made now and kept there as far as that is possible."""
    file = cache_folder() / "thumbnails" / key[:2] / f"{key}.jpg"
    with suppress(OSError):
        return EncodedImage(file.read_bytes(), "image/jpeg")
    made = make_thumb(path)
    with suppress(RunError), new_file(file) as target:
        target.write(made.data)
    return made


def make_thumb(path: Path) -> EncodedImage:
    """A small image; JPEG is decoded at a part of its size."""
    with open_image(path) as image:
        image.draft("RGB", (2 * THUMB_SIDE, 2 * THUMB_SIDE))
        small = as_rgb(path, upright(image))
    small.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return encoded(small, "JPEG", THUMB_QUALITY)
