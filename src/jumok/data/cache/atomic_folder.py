"""Folders that appear completely or not at all, and jumok's cache folder."""

import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from jumok.errors import DataError, RunError
from jumok.files import sync_folder

ABANDONED = 24 * 3600  # seconds after which a temporary folder can only be left from a writer that was killed
MAX_TRIES = 5
Store = TypeVar("Store")


def cache_folder() -> Path:
    """The folder for what can be made again: $JUMOK_CACHE, $XDG_CACHE_HOME/jumok or ~/.cache/jumok."""
    own, shared = os.environ.get("JUMOK_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own).expanduser()
    return (Path(shared) if shared else Path.home() / ".cache") / "jumok"


def cache_key(*parts: str | bytes) -> str:
    """A name that depends on these parts only."""
    made = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        made.update(len(data).to_bytes(8, "little") + data)
    return made.hexdigest()[:32]


@contextmanager
def new_folder(folder: Path, index: str) -> Iterator[Path]:
    """A temporary folder to write into, which is renamed to `folder` if the block ends well.

    An existing folder is replaced, unless it has the same content, which the file `index` identifies. Several
    writers at once do no harm; a reader keeps the files that it has open.
    """
    temporary = hidden_name(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder)
        temporary.mkdir()
        yield temporary
        for file in temporary.iterdir():
            sync_file(file)
        sync_folder(temporary)
        put_in_place(temporary, folder, index)
        sync_folder(folder.parent)
    except OSError as error:
        raise unwritable_cache(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)  # gone already unless something failed


def unwritable_cache(path: Path, error: BaseException | None) -> RunError:
    """The message for a cache that cannot be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return RunError(
        f"{path} could not be written ({reason}); it belongs to the cache: free some space, correct the permissions of "
        f"{cache_folder()}, or name another folder in the environment variable JUMOK_CACHE"
    )


def hidden_name(folder: Path) -> Path:
    """A unique hidden name beside `folder`."""
    return folder.parent / f".{folder.name}.{uuid.uuid4().hex}.tmp"


def read_stable(folder: Path, read: Callable[[Path], Store]) -> Store:
    """The result of `read` for a folder that may be replaced meanwhile, never of a mixture of both."""
    for _ in range(MAX_TRIES):
        before = folder_identity(folder)
        with suppress(DataError):
            store = read(folder)
            if before == folder_identity(folder):
                return store
        if before is not None and before == folder_identity(folder):
            break  # no writer is at work: it is damaged
        time.sleep(0.01)
    return read(folder)


def folder_identity(folder: Path) -> int | None:
    """A number that changes when the folder is replaced; None if it does not exist."""
    try:
        return folder.stat().st_ino
    except OSError:
        return None


def put_in_place(temporary: Path, folder: Path, index: str) -> None:
    """Rename a written folder; an existing one is moved away first.

    Args:
        temporary: The written folder.
        folder: Its new name.
        index: The file that identifies the content.
    """
    while True:
        try:
            os.rename(temporary, folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        if same_content(temporary, folder, index):
            return
        old = hidden_name(folder)
        with suppress(FileNotFoundError):  # another writer was faster: try again
            os.rename(folder, old)
            shutil.rmtree(old, ignore_errors=True)


def same_content(one: Path, other: Path, index: str) -> bool:
    """Whether two folders have files of the same names and sizes, and an equal index file."""
    try:
        sizes = [{file.name: file.stat().st_size for file in folder.iterdir()} for folder in (one, other)]
        return sizes[0] == sizes[1] and (one / index).read_bytes() == (other / index).read_bytes()
    except OSError:  # it went away meanwhile
        return False


def remove_abandoned(folder: Path) -> None:
    """Remove old temporary folders of killed processes beside `folder`."""
    for left in folder.parent.iterdir():
        ours = left.name.startswith(f".{folder.name}.") and left.name.endswith(".tmp")
        with suppress(OSError):
            if ours and time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)


def sync_file(path: Path) -> None:
    """Wait until the disk has the bytes of a file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
