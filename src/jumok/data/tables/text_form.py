"""Recognizes files that are no UTF-8 text from their first bytes."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from jumok.data.tables.encodings import wide_form
from jumok.data.tables.faults import Fault
from jumok.data.tables.open_text import BYTE_ORDER_MARK, open_bytes, read_fault, text_lines

SAMPLE = 1 << 16  # bytes that are looked at
BINARY_FORMATS = {  # how files begin that are no text, what they are, and what to do
    b"PAR1": ("is a Parquet file", "name it .parquet and give it as a table"),
    b"PK\x03\x04": ("is a zip archive or an Excel workbook", "unpack it, or save the sheet as CSV UTF-8"),
    b"\xd0\xcf\x11\xe0": ("is an old Excel or Word file", "save it as CSV UTF-8 or as text"),
    b"%PDF-": ("is a PDF", "save its text as UTF-8"),
    b"BZh": ("is compressed with bzip2", "unpack it, or compress it with gzip"),
    b"\xfd7zXZ\x00": ("is compressed with xz", "unpack it, or compress it with gzip"),
    b"\x28\xb5\x2f\xfd": ("is compressed with Zstandard", "unpack it, or compress it with gzip"),
    b"SQLite format 3": ("is an SQLite database", "export the table as .csv or .jsonl"),
    b"version https://git-lfs": (
        "is a pointer of Git LFS, not the file itself",
        "fetch it with `git lfs pull`",
    ),
}
LINE_SEPARATORS = {"\u0085": "U+0085", "\u2028": "U+2028", "\u2029": "U+2029"}


def plain_lines(path: Path) -> Iterator[tuple[int, str | Fault]]:
    """The lines of a short file by their numbers, or the one fault of a file that is no UTF-8 text with such lines.

    Its form is looked at where a line is odd, so that many small files are opened once each.
    """
    for number, text in text_lines(path):
        if isinstance(text, Fault) or "\0" in text or "\r" in text.rstrip("\r"):
            fault = form_fault(path)
            if fault:
                yield number, fault
                return
        yield number, text


def why_no_text(path: Path) -> Fault | None:
    """The fault of a file that is not UTF-8 text with LF or CRLF line ends, or None."""
    return read_fault(path) or form_fault(path)


def form_fault(path: Path) -> Fault | None:
    """The fault of a file that can be read and is another kind of file or text."""
    begin = first_bytes(path).removeprefix(BYTE_ORDER_MARK)
    for mark, (what, remedy) in BINARY_FORMATS.items():
        if begin.startswith(mark):
            return Fault(str(path), None, what, remedy, "wrong_format")
    form = wide_form(begin)
    if form:
        return Fault(str(path), 1, f"is {form}, expected UTF-8", "save the file as UTF-8", "wrong_encoding")
    if b"\n" not in begin and b"\r" in begin.strip():
        return Fault(
            str(path),
            1,
            "has CR line ends (old Mac), so that all of it is one line",
            "save it with LF or CRLF line ends, for example by tr '\\r' '\\n' < OLD > NEW",
            "cr_line_ends",
        )
    return odd_line_ends(path, begin)


def odd_line_ends(path: Path, begin: bytes) -> Fault | None:
    """The fault of a text, no JSON, whose lines end in characters that stand inside the texts of others."""
    if b"\n" in begin or begin.lstrip()[:1] in (b"[", b"{"):
        return None
    for character, name in LINE_SEPARATORS.items():
        if begin.count(character.encode()) > 1:
            problem = f"has {name} at its line ends, so that all of it is one line"
            return Fault(str(path), 1, problem, "save it with LF or CRLF line ends", "odd_line_ends")
    return None


def first_bytes(path: Path) -> bytes:
    """The first bytes of a file, decompressed as far as possible."""
    try:
        with open_bytes(path) as file:
            return file.read(SAMPLE)
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError):
        return b""  # whoever reads the lines will say so
