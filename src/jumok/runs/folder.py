"""A run folder that a training writes in: its lock and its log."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from jumok.errors import RunError
from jumok.files import remove_file, unwritable, write_file_atomically
from jumok.runs.config import write_config
from jumok.runs.layout import CHECKPOINTS, CONFIG, DATA, EVALUATION, EXPERIMENT, LOCK, LOG, MODEL, RunLayout
from jumok.runs.ownership import owned

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

UNFINISHED = ".*.tmp"  # as `write_file_atomically` names what is not yet whole


class RunFolder(RunLayout):
    """The files of a run, for the one process that trains in it."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process trains in a run; the lock ends with the process, however it ends."""
        self.require_ours()
        with owned(self.path / LOCK, self._in_use) as lock:
            self._sign(lock)
            self._tidy()
            yield

    def require_ours(self) -> None:
        """RunError if the folder holds what is not a run."""
        self._refuse_foreign_files()
        self._refuse_own_config()

    def _sign(self, lock: TextIO) -> None:
        """Write the number of this process for others to see."""
        try:
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
        except OSError as error:
            raise unwritable(self.path, error) from None

    def _in_use(self, owner: str) -> RunError:
        return RunError(f"{self.path}: another process ({owner or 'unknown'}) is training in this run")

    def _tidy(self) -> None:
        """Remove what a killed process left half written."""
        for folder in (self.path, self.model):
            for left in folder.glob(UNFINISHED):
                remove_file(left)

    def _refuse_foreign_files(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file, a run needs a folder; choose another --run")
        known = {LOCK, CONFIG, CHECKPOINTS, LOG, EXPERIMENT, DATA}
        if self.path.is_dir() and not self.config.exists() and not any(self.checkpoints.glob("step-*")):
            items = [item for item in self.path.iterdir() if not item.match(UNFINISHED)]
            strange = sorted(item.name for item in items if item.name not in known)
            if strange:
                raise RunError(
                    f"{self.path} holds other things ({strange[0]}) and no run; choose another folder by --run"
                )

    def _refuse_own_config(self) -> None:
        """RunError if config.yaml is a person's: what a run writes beside it is not there."""
        beside = (LOCK, CHECKPOINTS, LOG, MODEL, EVALUATION)
        if self.config.exists() and not any(os.path.lexists(self.path / name) for name in beside):
            raise RunError(
                f"{self.config} is there, but no run, which would write a file of this name; "
                "choose another folder by --run"
            )

    def write_config(self, experiment: "Experiment") -> None:
        """Write the experiment into the run folder."""
        write_config(self.config, experiment)

    def append(self, record: dict[str, Any]) -> None:
        """Add a line to metrics.jsonl."""
        try:
            with open(self.log, "a", encoding="utf-8") as log:
                log.write(json.dumps(record) + "\n")
        except OSError as error:
            raise unwritable(self.log, error) from None

    def truncate_log(self, step: int) -> None:
        """Drop the lines of metrics.jsonl that are newer than the checkpoint that a training resumes from."""
        if not self.log.exists():
            return
        if not self.log.is_file():  # a device, say, which might be read for ever
            raise RunError(f"{self.log} is not a file; move it away and run the command again")
        try:
            lines = self.log.read_bytes().splitlines(keepends=True)
        except OSError as error:
            raise unwritable(self.log, error) from None
        write_file_atomically(self.log, b"".join(line for line in lines if is_up_to(line, step)))


def is_up_to(line: bytes, step: int) -> bool:
    """Whether a line of metrics.jsonl is complete and of a step up to this one."""
    try:
        return line.endswith(b"\n") and bool(json.loads(line)["step"] <= step)
    except (ValueError, KeyError, TypeError):
        return False
