"""States of files and folders, by which a cache knows whether it is up to date."""

import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path

FileState = list[int] | None  # size and times of a file, times of a folder; None for what is not there
TICK = 50_000_000  # ns; a file system may give two changes within its tick the same time
SECOND = 1_000_000_000  # ns; the tick of file systems that keep whole seconds, twice as long on some


def state_of(path: Path) -> FileState:
    """A value that changes when a file is written or replaced, or a folder gets or loses an entry."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    times = [status.st_mtime_ns, status.st_ctime_ns]
    if stat.S_ISDIR(status.st_mode):
        return times
    if not stat.S_ISREG(status.st_mode):  # a pipe: what comes out of it next is not known
        return [-1, time.time_ns(), time.time_ns()]
    return [status.st_size, *times]


def states_of(paths: Iterable[Path]) -> dict[str, FileState]:
    """The states of files, by path."""
    return {str(path): state_of(path) for path in paths}


def are_unchanged(states: dict[str, FileState]) -> bool:
    """Whether every file and folder is unchanged, and missing ones are still missing."""
    return all(state_of(Path(path)) == state for path, state in states.items())


def is_settled(state: FileState, began: int) -> bool:
    """Whether a file was last changed well before `began` (ns), so that any later change will alter its state.

    A file that changed while it was read, or within a tick of the file system's clock before, may differ from what
    was read without another state.
    """
    if state is None:
        return True
    changed = state[-1] if os.name != "nt" else state[-2]  # Windows: the last is the time of creation
    tick = TICK if changed % SECOND else 2 * SECOND
    return changed < began - tick


def are_settled(states: dict[str, FileState], began: int) -> bool:
    """Whether all files were last changed well before reading began."""
    return all(is_settled(state, began) for state in states.values())


def file_system_time() -> int:
    """The current time (ns) of the file system's clock."""
    return time.time_ns()
