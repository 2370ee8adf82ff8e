"""A folder that one process owns, by the lock of a file in it, which ends with the process, however it ends."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from jumok.errors import JumokError
from jumok.files import unwritable


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
