"""Label Studio's run lengths of brushes: bits of runs and single values, of four equal channels of each pixel.

A head says how many values follow (32 bits), their width less 1 (5 bits) and four widths of lengths less 1 (4 bits
each). Then come blocks: 1 bit whether one value repeats, 2 bits which width the length has, the length less 1, and the
value, or as many values as the length says.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from jumok.data.annotations.coco.fields import Wrong
from jumok.data.annotations.shapes import check_room
from jumok.wording import quantity

BRUSH_CHANNELS = 4  # red, green, blue and opacity
OPACITY_CHANNEL = 3
VALUE_BITS = 8
LENGTH_BITS = (3, 4, 8, 16)  # the widths that are written


def brush_pixels(rle: Sequence[int], width: int, height: int) -> np.ndarray:
    """Decode a brush.

    Args:
        rle: The bytes of the code.
        width: Width of the image in pixels.
        height: Height of the image in pixels.

    Returns:
        True (Y, X) for painted pixels.

    Raises:
        Wrong: If the code does not fill the image.
    """
    check_room(width, height)
    reader = BitReader(np.array(rle, np.uint8))
    count = reader.number(32)
    if count != BRUSH_CHANNELS * width * height:
        pixels = f"{width} × {height}"
        problem = (
            f"its rle holds {quantity(count, 'value')}, expected {BRUSH_CHANNELS} for each pixel of {pixels}"
        )
        raise Wrong(problem, "export it again", "bad_value")
    if reader.number(5) + 1 != VALUE_BITS:
        raise Wrong("its rle has values of another width than 8 bits", "export it again", "bad_value")
    widths = [reader.number(4) + 1 for _ in range(4)]
    values = np.zeros(count, np.uint8)
    position = 0
    while position < count:
        repeats = reader.number(1)
        length = reader.number(widths[reader.number(2)]) + 1
        part = reader.values(1 if repeats else length)  # one value fills the whole run
        values[position : position + length] = part[: count - position]
        position += length
    return values.reshape(height, width, BRUSH_CHANNELS)[..., OPACITY_CHANNEL] > 0


class BitReader:
    """Reads numbers of some bits one after the other."""

    def __init__(self, data: np.ndarray) -> None:
        self._bits = np.unpackbits(data)
        self._weights = 1 << np.arange(31, -1, -1, dtype=np.int64)
        self._position = 0

    def _take(self, count: int) -> np.ndarray:
        taken = self._bits[self._position : self._position + count]
        if len(taken) < count:
            raise Wrong("its rle ends too early", "export it again", "bad_value")
        self._position += count
        return taken

    def number(self, bits: int) -> int:
        """The next number of so many bits."""
        return int(self._take(bits) @ self._weights[32 - bits :])

    def values(self, count: int) -> np.ndarray:
        """The next values of 8 bits."""
        return np.packbits(self._take(count * VALUE_BITS))


def brush_code(mask: np.ndarray) -> list[int]:
    """Encode a mask (Y, X) as the bytes of a brush."""
    head = f"{BRUSH_CHANNELS * mask.size:032b}{VALUE_BITS - 1:05b}" + "".join(
        f"{one - 1:04b}" for one in LENGTH_BITS
    )
    blocks = (
        block for painted, length in runs_in(mask) for block in run_blocks(painted, BRUSH_CHANNELS * length)
    )
    bits = head + "".join(blocks)
    bits += "0" * (-len(bits) % 8)
    return [int(bits[start : start + 8], 2) for start in range(0, len(bits), 8)]


def runs_in(mask: np.ndarray) -> Iterator[tuple[bool, int]]:
    """The runs of a mask (Y, X), row by row: whether it is painted, and the pixels."""
    flat = mask.ravel().astype(bool)
    borders = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1, [len(flat)])).tolist()
    for start, end in zip(borders, borders[1:], strict=False):
        yield bool(flat[start]), end - start


def run_blocks(painted: bool, length: int) -> Iterator[str]:
    """The bits of a run, in blocks as long as a length can say."""
    while length > 0:
        part = min(length, 1 << LENGTH_BITS[-1])
        which = next(number for number, bits in enumerate(LENGTH_BITS) if part <= 1 << bits)
        yield f"1{which:02b}{part - 1:0{LENGTH_BITS[which]}b}{255 * painted:08b}"
        length -= part
