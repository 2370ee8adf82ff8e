"""jumok's cache folder, and files in it that appear completely or not at all."""

import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from jumok.errors import RunError
from jumok.files import remove, sync_folder

ABANDONED = 24 * 3600  # seconds after which a temporary file can only be left from a writer that was killed


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
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A temporary file to write into, which replaces `path` if the block ends well.

    Several writers at once do no harm; a reader keeps the file that it has open.
    """
    temporary = hidden_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path)
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable_cache(path, error) from error
    finally:
        remove(temporary)  # gone already unless something failed


def unwritable_cache(path: Path, error: BaseException | None) -> RunError:
    """The message for a cache that cannot be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return RunError(
        f"{path} could not be written ({reason}); it belongs to the cache: free some space, correct the permissions of "
        f"{cache_folder()}, or name another folder in the environment variable JUMOK_CACHE"
    )


def hidden_name(path: Path) -> Path:
    """A unique hidden name beside `path`."""
    return path.parent / f".{path.name}.{uuid.uuid4().hex}.tmp"


def remove_abandoned(path: Path) -> None:
    """Remove old temporary files of killed processes beside `path`."""
    for left in path.parent.iterdir():
        ours = left.name.startswith(f".{path.name}.") and left.name.endswith(".tmp")
        with suppress(OSError):
            if ours and time.time() - left.stat().st_mtime > ABANDONED:
                remove(left)
