"""Files that a page has sent: images, and animations as their frames."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageSequence

from jumok.data.images.reading import BROKEN, MOST_PIXELS, Size, load_image, read_header
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import DataError
from jumok.wording import quantity

GIF = b"GIF8"  # how such a file begins
FRAME_PIXELS = 200_000_000  # of all frames of an animation together, at most


def decode_upload(
    data: bytes, name: str, most_pixels: int = MOST_PIXELS
) -> Image.Image | tuple[Image.Image, ...]:
    """An image, or the frames of a GIF, all in RGB.

    Args:
        data: The bytes of the file.
        name: The name of the file, for messages.
        most_pixels: The limit of an image.

    Returns:
        The image, or the frames.

    Raises:
        DataError: It cannot be read, or has too many pixels.
    """
    name = Path(name).name
    return decode_frames(data, name) if data.startswith(GIF) else decode_image(data, name, most_pixels)


def decode_image(data: bytes, name: str, most_pixels: int = MOST_PIXELS) -> Image.Image:
    """An image, read as any other: formats of a list, and not more pixels than are good.

    Args:
        data: The bytes of the file.
        name: The name of the file, for messages.
        most_pixels: The limit of the image.

    Returns:
        The image.

    Raises:
        DataError: It cannot be read, or has too many pixels.
    """
    with TemporaryDirectory(prefix="jumok-") as folder:
        file = Path(folder) / "image"
        file.write_bytes(data)
        try:
            refuse_large(read_header(file).size, name, most_pixels)
            return load_image(file)
        except (DataError, UnreadableFile) as error:
            raise DataError(str(error).replace(str(file), name)) from None


def refuse_large(size: Size, name: str, most_pixels: int) -> None:
    """DataError for an image with more pixels than are read."""
    pixels = size.width * size.height
    if pixels > most_pixels:
        raise DataError(
            f"{name} has {size} = {pixels / 1e6:,.0f} million pixels, at most {most_pixels / 1e6:g} million are read; "
            "make it smaller or cut it into tiles"
        )


def decode_frames(data: bytes, name: str) -> tuple[Image.Image, ...]:
    """The frames of a GIF, as they are shown: each is drawn over the one before it."""
    try:
        with Image.open(io.BytesIO(data), formats=("GIF",)) as animation:
            check_frames(animation.n_frames, animation.size, name)  # type: ignore[attr-defined]
            return tuple(frame.convert("RGB") for frame in ImageSequence.Iterator(animation))
    except BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{name}: cannot be decoded ({reason}); save it again as GIF") from None


def check_frames(count: int, size: tuple[int, int], name: str) -> None:
    """Refuse an animation that does not fit into memory.

    Args:
        count: The number of frames.
        size: Width and height of each.
        name: The name of the file, for the message.

    Raises:
        DataError: It has more than FRAME_PIXELS pixels.
    """
    width, height = size
    pixels = count * width * height
    if pixels > FRAME_PIXELS:
        raise DataError(
            f"{name} has {quantity(count, 'frame')} of {width} × {height} pixels, together "
            f"{pixels / 1e6:,.0f} million; "
            f"at most {FRAME_PIXELS / 1e6:,.0f} million are read; send fewer frames, or smaller ones",
            f"{name}: 프레임이 모두 {pixels / 1e6:,.0f}백만 화소입니다. {FRAME_PIXELS / 1e6:,.0f}백만 화소까지만 "
            "읽으니 프레임을 줄이세요.",
        )
