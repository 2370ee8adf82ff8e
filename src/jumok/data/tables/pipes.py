"""Pipes as data files, like /dev/stdin or <(...): copied once into the cache, named by their content."""

import hashlib
import os
import select
import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from jumok.data.cache.place import cache_folder
from jumok.errors import ConfigurationError
from jumok.files import unwritable

PIPE_BLOCK = 1 << 20
PIPE_TIMEOUT = 3.0  # seconds to wait for a writer

_copies: dict[tuple[int, int], Path] = {}  # by the device and number of a pipe, for this process


def is_pipe(path: Path) -> bool:
    """Whether a path is a pipe, named or not."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def spooled(path: Path) -> Path:
    """The file itself, or a copy of the content of a pipe.

    Equal contents have the same copy, so that results of an older content are never used for it. A pipe is read once
    per process; naming it again returns the same copy.
    """
    if not is_pipe(path):
        return path
    state = os.stat(path)
    key = (state.st_dev, state.st_ino)
    if key not in _copies:
        _copies[key] = copy_of(path)
    return _copies[key]


def is_pipe_copy(path: Path) -> bool:
    """Whether a file is a copy of a pipe, so that its name says nothing about its format."""
    return path.parent.parent == cache_folder() / "pipes"


def copy_of(path: Path) -> Path:
    """Copy the content of a pipe."""
    folder = cache_folder() / "pipes"
    temporary = folder / f".{uuid.uuid4().hex}.tmp"
    digest = hashlib.sha256()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            for block in blocks(path):
                digest.update(block)
                file.write(block)
        final = folder / digest.hexdigest()[:16] / path.name
        final.parent.mkdir(exist_ok=True)
        os.replace(temporary, final)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        temporary.unlink(missing_ok=True)  # gone already unless something failed
    return final


def blocks(path: Path) -> Iterator[bytes]:
    """The content of a pipe in blocks; raises ConfigurationError if nobody writes into it."""
    # without it, opening waits for a writer, perhaps for ever
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        begin, begun = time.monotonic(), False
        while True:
            try:
                block = os.read(handle, PIPE_BLOCK)
            except BlockingIOError:  # a writer has opened it but not written yet
                begun = True
                select.select([handle], [], [])
                continue
            if block:
                begun = True
                yield block
            elif begun:
                return
            elif closed(handle):
                begun = True  # read once more: a writer may have come and gone since
            elif time.monotonic() - begin > PIPE_TIMEOUT:
                raise ConfigurationError(
                    f"{path} is a pipe without a writer; name a file, or start the writer"
                )
            else:
                time.sleep(0.02)
    finally:
        os.close(handle)


def closed(handle: int) -> bool:
    """Whether all writers of a pipe have left."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return any(event & select.POLLHUP for _, event in poll.poll(0))
