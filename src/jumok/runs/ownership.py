"""A folder that one process owns, by the lock of a file in it, which ends with the process, however it ends."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from jumok.errors import JumokError
from jumok.files import unwritable

LOCK_ASKED_EVERY = 0.1  # seconds between two looks at a lock


@contextmanager
def owned(lock: Path, refusal: Callable[[str], JumokError]) -> Iterator[TextIO]:
    """Own the folder of a lock file, which is made where it is not there.

    Args:
        lock: The file.
        refusal: The error where another process owns the folder, given what that one has written into the file.

    Yields:
        The open file.

    Raises:
        RunError: The folder or the file cannot be made.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = open(lock, "a+")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise unwritable(lock.parent, error) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise refusal(file.read().strip()) from None
        yield file


def wait_for_owner(lock: Path, seconds: float, on_wait: Callable[[str], None]) -> bool:
    """Wait until no process owns the folder of a lock file.

    Args:
        lock: The file.
        seconds: How long, at most.
        on_wait: Is told once what the owner has written into the file, where there is one.

    Returns:
        Whether nobody owns it.
    """
    until, told = time.monotonic() + seconds, False
    while (owner := owner_of(lock)) is not None:
        if not told:
            on_wait(owner)
        told = True
        if time.monotonic() >= until:
            return False
        time.sleep(LOCK_ASKED_EVERY)
    return True


def owner_of(lock: Path) -> str | None:
    """What the process that owns a folder has written into its lock file; None where no process owns it."""
    try:
        with open(lock) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return file.read().strip()
    except FileNotFoundError:
        pass
    return None
