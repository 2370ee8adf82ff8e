"""Results of decoding images and masks, cached by the state of their files, so that each is decoded once."""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jumok.data.cache.states import FileState, file_system_time, is_settled, state_of
from jumok.data.images.mask_images import read_mask
from jumok.data.images.reading import (
    ImageHeader,
    Size,
    as_rgb,
    header_of,
    open_image,
    upright,
    used_bits,
)
from jumok.data.tables.faults import Fault, UnreadableFile

# by what was looked at and how: its state then, and what was seen
Known = dict[str, tuple[FileState, list[Any]]]


class Seen(NamedTuple):
    """A decoded image file."""

    header: ImageHeader
    digest: bytes  # of the file's content
    bits: int  # of the 16 of a channel that are used; 0 in an image of 8


class MaskSeen(NamedTuple):
    """A decoded mask file."""

    size: Size
    coloured: bool  # its values are packed colours
    counts: dict[int, int]  # pixels by their value
    boxes: dict[int, tuple[int, int, int, int]]  # around the pixels of each value, where they are wanted


class Looks:
    """Decodes files or returns cached results; `tell` is called with the number so far."""

    def __init__(self, known: Known | None = None, tell: Callable[[int], None] | None = None) -> None:
        self.known: Known = known or {}
        self.is_new = False  # something was seen that was not known
        self._tell = tell
        self._count = 0

    def image(self, path: Path) -> Seen | Fault:
        """Decode an image."""
        found = self._look(f"image {path}", path, see_image)
        if isinstance(found, Fault):
            return found
        size, stored, orientation, digest, bits = found
        return Seen(ImageHeader(Size(*size), Size(*stored), orientation), bytes.fromhex(digest), bits)

    def mask(self, path: Path, colours: bool, boxes: bool = False) -> MaskSeen | Fault:
        """Decode a mask, count its values, and find a box around each.

        Args:
            path: The mask.
            colours: Whether to count colours instead of numbers.
            boxes: Whether to find boxes.

        Returns:
            The result, or the fault.
        """
        how = f"mask{' colours' * colours}{' boxes' * boxes} {path}"
        found = self._look(how, path, lambda mask: see_mask(mask, colours, boxes))
        if isinstance(found, Fault):
            return found
        size, coloured, counts, around = found
        by_value = {value: (box[0], box[1], box[2], box[3]) for value, *box in around}
        return MaskSeen(Size(*size), coloured, dict(counts), by_value)

    def _look(self, how: str, path: Path, see: Callable[[Path], list[Any]]) -> list[Any] | Fault:
        began, state = file_system_time(), state_of(path)
        self._count += 1
        if self._tell is not None:
            self._tell(self._count)
        known = self.known.get(how)
        if known is not None and state is not None and list(known[0] or ()) == state:
            seen = known[1]
        else:
            seen = see(path)
            self.is_new = True
            if state is not None and is_settled(state, began) and state == state_of(path):
                self.known[how] = (state, seen)
        return Fault(*seen[1:]) if seen[0] == "fault" else seen[1:]


def see_image(path: Path) -> list[Any]:
    """What is cached of an image, as JSON."""
    try:
        with open_image(path) as image:
            header = header_of(image)
            shown = upright(image)
            bits = used_bits(np.asarray(shown)) if shown.mode.startswith("I;16") else 0
            as_rgb(path, shown)  # as training will read it
            digest = blake2b(path.read_bytes(), digest_size=16).hexdigest()
        return ["image", list(header.size), list(header.stored), header.orientation, digest, bits]
    except UnreadableFile as unreadable:
        return ["fault", *unreadable.fault]


def see_mask(path: Path, colours: bool, boxes: bool) -> list[Any]:
    """What is cached of a mask, as JSON; see `Looks.mask`."""
    try:
        mask = read_mask(path, colours)
    except UnreadableFile as unreadable:
        return ["fault", *unreadable.fault]
    coloured = mask.ndim == 3
    values = packed_colours(mask) if coloured else mask
    distinct, labels, counts = np.unique(values, return_inverse=True, return_counts=True)
    pairs = [[int(value), int(count)] for value, count in zip(distinct, counts, strict=True)]
    around = boxes_of(labels.reshape(values.shape), distinct) if boxes else []
    return ["mask", [mask.shape[1], mask.shape[0]], coloured, pairs, around]


def boxes_of(labels: np.ndarray, values: np.ndarray) -> list[list[int]]:
    """Each value with the box x1, y1, x2, y2 around its pixels; `labels` (Y, X) are indices of values."""
    from scipy.ndimage import find_objects

    places = find_objects(labels.astype(np.int32) + 1)
    return [
        [int(value), columns.start, rows.start, columns.stop, rows.stop]
        for value, (rows, columns) in zip(values, places, strict=True)
    ]


def packed_colours(colours: np.ndarray) -> np.ndarray:
    """Colours (..., 3) as one number each."""
    red, green, blue = np.moveaxis(colours.astype(np.int64), -1, 0)
    return red << 16 | green << 8 | blue
