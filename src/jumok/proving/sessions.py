"""Sessions of a training in forked processes, and what may happen to them."""

import errno
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.errors import JumokError

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

# the calls that change what a disk holds
DISK_CALLS = ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir")
ENDED, BROKE, REFUSED = 0, 1, 2


@dataclass(frozen=True)
class Session:
    """How a session ended."""

    status: int  # 0 done, 2 refused with a sentence, negative: the signal that killed it
    seconds: float
    said: str  # its error


class DiskCalls:
    """Counts the calls of this process that change the disk, and lets something happen at one of them."""

    def __init__(self, at: int | None = None, happen: Callable[[], None] = lambda: None) -> None:
        self.count, self.at, self.happen = 0, at, happen
        for name in DISK_CALLS:
            setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def counted(*arguments: Any, **named: Any) -> Any:
            number, self.count = self.count, self.count + 1
            if self.at is not None and number >= self.at:
                self.happen()
            return call(*arguments, **named)

        return counted


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill_disk() -> None:
    """Fail as on a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def run_session(
    experiment: "Experiment",
    run: Path,
    talk: Path,
    kill_after: float | None = None,
    at_call: int | None = None,
    happen: Callable[[], None] = die,
    notes: Path | None = None,
) -> Session:
    """Train in a forked process until it ends or something happens to it.

    Args:
        experiment: The experiment.
        run: Its run folder.
        talk: A file for what it says.
        kill_after: Seconds after which it is killed.
        at_call: The number of the disk call at which something happens, from 0.
        happen: What happens there, and at all later ones.
        notes: A file for the number of its disk calls, and the names of the modules that it has loaded.

    Returns:
        How it ended.
    """
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _train_and_exit(experiment, run, talk, at_call, happen, notes)
    if kill_after is not None:
        wait_until(child, began + kill_after)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Session(status, time.monotonic() - began, talk.read_text(errors="replace").strip())


def wait_until(child: int, moment: float) -> None:
    """Wait for a moment, or until a child has ended, which stays to be waited for."""
    while time.monotonic() < moment:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.002)


def _train_and_exit(
    experiment: "Experiment",
    run: Path,
    talk: Path,
    at_call: int | None,
    happen: Callable[[], None],
    notes: Path | None,
) -> None:
    """What the forked process does."""
    status = BROKE
    said = os.open(talk, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(said, 2)
    try:
        from jumok.training import NullReporter, train

        calls = DiskCalls(at_call, happen)
        train(experiment, run, NullReporter())
        status = ENDED
        if notes is not None:
            notes.write_text("\n".join([str(calls.count), *sys.modules]))
    except BaseException as error:
        # of a full disk, wherever it is met, the command makes a sentence
        is_told = isinstance(error, JumokError) or getattr(error, "errno", None) == errno.ENOSPC
        status = REFUSED if is_told else BROKE
        os.write(2, (f"{error}\n" if is_told else traceback.format_exc()).encode())
    finally:
        os._exit(status)


def answer_of_fork(ask: Callable[[], str]) -> str:
    """The answer of a function that computes in a forked process: a process that has run threads must not fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, ask().encode())
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(ENDED)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read().decode(errors="replace")
    os.waitpid(child, 0)
    return said


def load_modules(names: Sequence[str]) -> None:
    """Load here what the trainings load, so that their forks need no seconds for it."""
    for name in names:
        with suppress(Exception):  # a few are no files of their own
            import_module(name)
