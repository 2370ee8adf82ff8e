"""Files that several threads and programs change: looked at again under a lock, and replaced whole or not at all.

Whoever writes holds the lock of the folder, reads what stands there now, and replaces the file while holding it. The
lock is that of the system on the folder itself, so that nothing is left behind, and it ends with the process. Programs
that know no lock are noticed by what they have changed: the last look is directly before the file is replaced.
"""

import errno
import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jumok.data.cache.place import cache_folder, cache_key
from jumok.data.cache.states import FileState, is_settled, state_of
from jumok.errors import DataError
from jumok.files import read_whole, remove_left, unwritable, write_file_atomically

NO_FOLDER_LOCKS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EISDIR)
HELD = threading.local()  # the folders that this thread has locked


class ChangedMeanwhile(DataError):
    """A program that knows no lock has changed a file since it was read; nothing was written over it."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Keep every other thread and process of jumok from writing in a folder; may be nested for the same folder.

    Raises RunError if the folder cannot be opened.
    """
    place = os.path.realpath(folder)
    held: set[str] = HELD.__dict__.setdefault("folders", set())
    if place in held:
        yield
        return
    handle = _locked_handle(Path(place))
    held.add(place)
    try:
        yield
    finally:
        held.discard(place)
        os.close(handle)  # which ends the lock


def read_now(path: Path) -> bytes | None:
    """The bytes of a file, None where there is none; DataError if it cannot be read."""
    try:
        return read_whole(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path}: cannot be read ({reason}); fix its permissions or the disk") from None


def require_unchanged(path: Path, before: bytes | None) -> None:
    """Raise ChangedMeanwhile unless a file still holds these bytes; None where there was none."""
    if read_now(path) != before:
        raise ChangedMeanwhile(
            f"{path}: was changed by another program at this moment; nothing was written over it, try again",
            f"{path}: 바로 지금 다른 프로그램이 바꾸었습니다. 덮어쓰지 않았으니 다시 시도하세요",
        )


def replace_file(path: Path, data: bytes, before: bytes | None) -> None:
    """Replace a file as a whole, with its permissions; a link stays a link.

    Args:
        path: The file.
        data: Its new bytes.
        before: The bytes that were read under the lock; None where there was no file.

    Raises:
        ChangedMeanwhile: The file holds something else by now.
        RunError: The disk refuses, or the file is write-protected; nothing is changed then.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise unwritable(path, error) from error
    if mode is not None and not os.access(target, os.W_OK):
        denied = PermissionError(errno.EACCES, "it is write-protected")
        raise unwritable(path, denied) from denied
    write_file_atomically(target, data, mode, lambda: require_unchanged(path, before))


class GuardedFile:
    """A file that is kept in memory until it changes on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: tuple[FileState, bool, bytes | None] | None = None

    def read(self) -> bytes | None:
        """The bytes as they stand on the disk now, None where there is no file; equal objects while unchanged."""
        kept, state, began = self._kept, state_of(self.path), time.time_ns()
        if kept is not None and kept[1] and kept[0] == state:
            return kept[2]
        data = read_now(self.path)
        if kept is not None and kept[2] == data:
            data = kept[2]
        self._kept = (state, is_settled(state, began), data)
        return data

    def tidy(self) -> None:
        """Remove what killed programs left beside the file when they were about to replace it."""
        target = Path(os.path.realpath(self.path))
        remove_left(target.parent, [target.name])

    @contextmanager
    def lock(self) -> Iterator[bytes | None]:
        """Hold the lock of the folder; gives the bytes as they stand there now."""
        with lock_folder(Path(os.path.realpath(self.path)).parent):
            yield self.read()

    def replace(self, data: bytes, before: bytes | None) -> None:
        """Replace the file, which held `before` when it was read under the lock; see `replace_file`."""
        replace_file(self.path, data, before)
        self._kept = (state_of(self.path), False, data)


def _locked_handle(folder: Path) -> int:
    """An open and locked folder, or a file in the cache where a file system locks no folders."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return handle
    except OSError as error:
        os.close(handle)
        if error.errno not in NO_FOLDER_LOCKS:
            raise unwritable(folder, error) from error
    place = cache_folder() / "locks" / cache_key(str(folder))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(place, os.O_RDWR | os.O_CREAT)
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        raise unwritable(place, error) from error
    return handle
