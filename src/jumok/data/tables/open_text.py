"""Opens text files, plain or gzip, and reads their lines."""

import gzip
import os
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from jumok.data.tables.encodings import likely_encoding, marked_form
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.errors import how_it_differs, nearest
from jumok.files import open_regular
from jumok.wording import with_article

DIGIT_RUN = re.compile(r"\d+")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GZIP_MARK = b"\x1f\x8b"


def read_fault(path: Path) -> Fault | None:
    """The fault of a file that cannot be read (missing, a folder, empty, damaged), or None."""
    try:
        if is_folder(path):
            return Fault(
                str(path), None, "is a folder, expected a file", "name a file inside it", "not_a_file"
            )
        special = special_file(path)
        if special:
            return special
        with open_bytes(path) as file:
            begin = file.read(4)
    except FileNotFoundError:
        return Fault(str(path), None, "does not exist", nearest_file(path), "missing_file")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        return damaged_gzip(path, error)
    except OSError as error:
        return unreadable(path, error)
    except ValueError:  # a NUL, which no name of a file can have
        return Fault(repr(str(path)), None, "is not a valid file name", "correct it", "missing_file")
    if not begin or begin == BYTE_ORDER_MARK:
        return Fault(
            str(path), None, "is empty", "write some examples into it or name another file", "empty_file"
        )
    wide = marked_form(begin)
    if wide:
        return Fault(str(path), 1, f"is {wide}, expected UTF-8", "save the file as UTF-8", "wrong_encoding")
    return None


def special_file(path: Path) -> Fault | None:
    """The fault of a device or pipe: a device never ends, and a pipe can be read only once."""
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) or path == Path(os.devnull):
        return None
    what = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
    return Fault(
        str(path), None, f"is {with_article(what)}, expected a file", "name a file on a disk", "not_a_file"
    )


def is_file(path: Path) -> bool:
    """Whether a file exists; False, unlike Path.is_file, for invalid names."""
    return os.path.isfile(path)


def is_folder(path: Path) -> bool:
    """Whether a folder exists."""
    return os.path.isdir(path)


def raw_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, split at "\\n" only, because other separators occur inside texts.

    Raises UnreadableFile if the file cannot be read any further.
    """
    try:
        with open_bytes(path) as file:
            for number, line in enumerate(file):
                if number == 0:
                    line = line.removeprefix(BYTE_ORDER_MARK)
                yield line.removesuffix(b"\n")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFile(damaged_gzip(path, error)) from error
    except OSError as error:
        raise UnreadableFile(unreadable(path, error)) from error


def text_lines(path: Path) -> Iterator[tuple[int, str | Fault]]:
    """The lines of a file by their numbers from 1, a fault in place of each that is not UTF-8."""
    for number, raw in enumerate(raw_lines(path), start=1):
        yield number, decode_line(path, number, raw)


def without_blank_end(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without empty ones at the end of the file, which many programs leave there."""
    blank: list[bytes] = []
    for line in lines:
        if line.strip():
            yield from blank
            blank.clear()
            yield line
        else:
            blank.append(line)


def open_bytes(path: Path) -> BinaryIO:
    """The bytes of a file, decompressed if its name or its first bytes say gzip."""
    file = path.open("rb") if path == Path(os.devnull) else open_regular(path)
    if path.suffix.lower() != ".gz" and file.peek(2)[:2] != GZIP_MARK:
        return file
    file.close()
    return cast(BinaryIO, gzip.open(path, "rb"))


def decode_line(path: Path, line: int, raw: bytes) -> str | Fault:
    """The text of a line, or the fault of its first byte that is not UTF-8.

    Args:
        path: The file.
        line: Number of the line.
        raw: Its bytes.

    Returns:
        The text or the fault.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = f"is not valid UTF-8 at byte {error.start + 1} of the line (0x{raw[error.start]:02x})"
        remedy = f"save the file as UTF-8 (it may be {likely_encoding(raw)})"
        return Fault(str(path), line, wrong, remedy, "invalid_utf8")


def nearest_file(path: Path) -> str:
    """What to do about a missing file: a similar name in its folder, if there is one."""
    if not is_folder(path.parent):
        return f"nor does its folder {path.parent}; correct the path"
    names = sorted(os.listdir(path.parent))
    other_suffix = [name for name in names if Path(name).stem == path.stem]
    near = other_suffix[0] if other_suffix else nearest(path.name, names)
    if near and DIGIT_RUN.sub("0", near) == DIGIT_RUN.sub(
        "0", path.name
    ):  # another number is another file, no slip
        near = None
    return f"did you mean {near!r}?{how_it_differs(path.name, near)}" if near else "correct the path"


def damaged_gzip(path: Path, error: Exception) -> Fault:
    """The fault of a compressed file that is truncated, has trailing data, or is not gzip."""
    if "Not a gzipped" not in str(error):
        return Fault(
            str(path), None, f"is a damaged gzip file ({error})", "fetch or compress it again", "damaged_gzip"
        )
    with path.open("rb") as file:
        begins_well = file.read(2) == GZIP_MARK
    if begins_well:
        reason, remedy = (
            "has bytes after the end of its gzip data that are no gzip",
            "fetch or compress it again",
        )
    else:
        reason, remedy = "is not a gzip file, though its name says so", "rename or compress it"
    return Fault(str(path), None, reason, remedy, "damaged_gzip")


def unreadable(path: Path, error: OSError) -> Fault:
    """The fault of a file that the system does not let us read."""
    reason = f"cannot be read ({error.strerror or error})"
    return Fault(str(path), None, reason, "fix its permissions or the disk", "unreadable_file")
