"""A PNG with other pixels: all chunks that say something else keep their bytes and their order.

Portable Network Graphics Specification (Second Edition), W3C 2003, section 5: a signature, then chunks of a length, a
type, data and a check sum.
"""

from collections.abc import Iterator
from typing import NamedTuple

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
OF_DEPTH = (b"tRNS", b"sBIT", b"bKGD", b"hIST")  # mean something else when pixels are stored otherwise
PALETTED = b"\x03"  # the colour type of pixels that are numbers of colours
REPLACED = (b"IHDR", b"PLTE", b"IDAT")


class Chunk(NamedTuple):
    """A chunk of a PNG."""

    type: bytes
    raw: bytes  # all of it


def chunks_of(data: bytes) -> Iterator[Chunk]:
    """The chunks of a PNG, the last of which may be cut off."""
    at = len(PNG_SIGNATURE)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield Chunk(data[at + 4 : at + 8], data[at:end])
        at = end


def with_pixels_of(old: bytes, new: bytes) -> bytes:
    """The bytes of a PNG with the pixels of another one."""
    made: dict[bytes, bytes] = {}
    for chunk in chunks_of(new):
        made[chunk.type] = made.get(chunk.type, b"") + chunk.raw
    kept = list(chunks_of(old))
    header = next((chunk.raw for chunk in kept if chunk.type == b"IHDR"), b"")
    own, other = header[16:18], made[b"IHDR"][16:18]  # bits and colour type
    other_depth = own != other and own[1:] != PALETTED
    parts = [PNG_SIGNATURE]
    for chunk in kept:
        if chunk.type in REPLACED:
            if chunk.type == b"IDAT" and b"PLTE" in made:  # the old one had none
                parts.append(made.pop(b"PLTE"))
            parts.append(made.pop(chunk.type, b""))
        elif not (other_depth and chunk.type in OF_DEPTH):
            parts.append(chunk.raw)
    return b"".join(parts)
