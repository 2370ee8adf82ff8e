"""The bytes of a text: plain or gzip, with a byte order mark or without."""

import gzip
from pathlib import Path

from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.open_text import BYTE_ORDER_MARK, GZIP_MARK


def decompressed(path: Path, data: bytes) -> bytes:
    """The bytes of a text, decompressed if they are gzip; raises UnreadableFile."""
    if not data.startswith(GZIP_MARK):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, ValueError) as error:
        fault = Fault(
            str(path), None, f"is a damaged gzip file ({error})", "compress it again", "damaged_gzip"
        )
        raise UnreadableFile(fault) from None


def compress_like(data: bytes, before: bytes) -> bytes:
    """The bytes of a text in the form of those that it replaces: gzip, or with a byte order mark."""
    if before.startswith(GZIP_MARK):
        marked = gzip.decompress(before).startswith(BYTE_ORDER_MARK)
        return gzip.compress(BYTE_ORDER_MARK + data if marked else data, mtime=0)
    return BYTE_ORDER_MARK + data if before.startswith(BYTE_ORDER_MARK) else data
