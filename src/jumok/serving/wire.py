"""Frames between the server and a process that computes: JSON, and bytes beside it."""

import json
import struct
from asyncio import IncompleteReadError, StreamReader
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

LENGTH = struct.Struct(">I")  # of the JSON, before it
BLOBS = "blobs"  # the key of the lengths of what follows it


class Frame(NamedTuple):
    """A message."""

    header: Mapping[str, Any]
    blobs: Sequence[bytes] = ()


def pack(frame: Frame) -> bytes:
    """The bytes of a frame."""
    header = json.dumps({**frame.header, BLOBS: [len(blob) for blob in frame.blobs]}).encode()
    return b"".join((LENGTH.pack(len(header)), header, *frame.blobs))


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next frame; None at the end of the stream, be it in the midst of a frame."""
    try:
        (length,) = LENGTH.unpack(_exactly(stream, LENGTH.size))
        header = json.loads(_exactly(stream, length))
        return Frame(header, [_exactly(stream, size) for size in header.pop(BLOBS)])
    except EOFError:
        return None


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


async def receive_frame(reader: StreamReader) -> Frame | None:
    """The next frame; None at the end of the stream, be it in the midst of a frame."""
    try:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        header = json.loads(await reader.readexactly(length))
        return Frame(header, [await reader.readexactly(size) for size in header.pop(BLOBS)])
    except IncompleteReadError:
        return None
