"""Files written whole or not at all."""

import errno
import hashlib
import json
import math
import os
import re
import shutil
import stat
from collections.abc import Callable, Collection
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

from jumok.errors import RunError

UNFINISHED_NAME = re.compile(r"\.(?P<name>.+)\.(?P<process>[0-9]{1,10})\.tmp", re.DOTALL)
SURROGATE = re.compile("[\ud800-\udfff]")  # how Python keeps bytes of a name that are no UTF-8
MAX_NAME_BYTES = 200  # bytes of a name that gets something before and behind it


def write_file_atomically(
    path: Path, data: bytes, mode: int | None = None, check: Callable[[], None] | None = None
) -> None:
    """Write a file so that, whenever the machine stops, the old or the new file is there, complete.

    Args:
        path: The file.
        data: Its new bytes.
        mode: Its permissions; None for those of any new file.
        check: Called directly before the old file is replaced, which stays if this raises an error.
    """
    temporary = temporary_beside(path)
    try:
        write_synced(temporary, data)
        if mode is not None:
            os.chmod(temporary, mode)
        if check is not None:
            check()
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):  # gone already unless something failed
            temporary.unlink()


def temporary_beside(path: Path) -> Path:
    """A hidden temporary name in the same folder, never longer than file systems allow."""
    return path.parent / f".{shorten_name(path.name)}.{os.getpid()}.tmp"


def read_whole(path: Path) -> bytes:
    """The bytes of a regular file; raises OSError for devices and pipes."""
    with open_regular(path) as file:
        return file.read()


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file; raises OSError for devices and pipes, which might be waited for or read for ever."""
    file = open(path, "rb", opener=without_waiting)  # noqa: SIM115 (the caller closes it)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
    return file


def without_waiting(name: str, flags: int) -> int:
    """Open a file or pipe without waiting for a writer; an opener for `open`."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def remove_left(folder: Path, names: Collection[str]) -> None:
    """Remove temporary files of killed processes that were writing these names."""
    ours = {shorten_name(name) for name in names}
    for left in os.listdir(folder) if os.path.isdir(folder) else ():
        match = UNFINISHED_NAME.fullmatch(left)
        if match and match["name"] in ours and not is_running(int(match["process"])):
            remove(folder / left)


def shorten_name(name: str) -> str:
    """A name short enough for a prefix and suffix within 255 bytes; one that is too long ends in a hash."""
    data = os.fsencode(name)
    return name if len(data) <= MAX_NAME_BYTES else hashlib.sha256(data).hexdigest()


def is_running(process: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # of another user
        return True
    return True


def remove(path: Path) -> None:
    """Remove a temporary file or folder; one that cannot be removed does no harm."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def remove_file(path: Path) -> None:
    """Remove a file if it exists; raises RunError if it cannot be removed."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, whole or not at all; NaN and infinity, unknown to JSON, become null."""
    text = json.dumps(_with_null(value), indent=2, ensure_ascii=False, allow_nan=False)
    write_file_atomically(path, (text + "\n").encode())


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    if os.name == "nt":  # Windows opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot, and need not
            raise
    finally:
        os.close(handle)


def unwritable(path: Path, error: OSError) -> RunError:
    """The message for a full disk, a missing permission and the like."""
    reason = error.strerror or str(error)
    for place in (path, *path.parents):
        if os.path.islink(place) and not os.path.exists(place):
            return RunError(
                f"{place} is a link that leads nowhere or to itself; remove it or choose another name"
            )
    return RunError(
        f"{path} could not be written ({reason}); "
        "free some space or correct the permissions, then run the command again"
    )


def not_text(text: str) -> bool:
    """Whether a text contains surrogates, as file names that are not UTF-8 do."""
    return SURROGATE.search(text) is not None


def spelt_out(text: str) -> str:
    """A text whose undecodable bytes are written as \\xb0 and other surrogates as \\ud800."""
    return SURROGATE.sub(lambda found: escaped(ord(found[0])), text)


def escaped(half: int) -> str:
    """A surrogate as an escape sequence, such as \\xff for an undecodable byte."""
    return f"\\x{half & 0xFF:02x}" if 0xDC80 <= half <= 0xDCFF else f"\\u{half:04x}"


def _with_null(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _with_null(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_null(inner) for inner in value]
    return value
