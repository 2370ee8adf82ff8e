"""The folder of a run: its configuration, its log, its lock."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from jumok.errors import JumokError, RunError
from jumok.evaluation.stored import EVALUATION
from jumok.files import read_whole, remove_file, unwritable, write_file_atomically
from jumok.predictor.model_folder import AGAIN, CONFIG, read_config, write_config
from jumok.reporting.runs import ENVIRONMENT, REPORT

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

# What may change when a run is continued, because it does not touch what was computed so far.
CHANGEABLE = {
    "training.steps",
    "training.minutes",
    "training.log",
    "training.patience",
    "training.keep",
    "training.evaluate_every",
    "training.evaluate_examples",
    "training.device",
    "training.shard",
    "decoding",
}
# What is found out when a run starts, and then stays: only an explicit other wish is a contradiction.
RESOLVED = {"training.precision": "auto", "training.learning_rate": None, "decoding.max_tokens": None}
UNFINISHED = ".*.tmp"  # as `write_file_atomically` names what is not yet whole


class RunFolder:
    """config.yaml, metrics.jsonl, evaluation.json, report.html, checkpoints/, model/ and the rest of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / CONFIG
        self.checkpoints = path / "checkpoints"
        self.model = path / "model"
        self.log = path / "metrics.jsonl"
        self.evaluation = path / EVALUATION
        self.environment = path / ENVIRONMENT
        self.report = path / REPORT

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process trains in a run; the lock ends with the process, however it ends."""
        self.require_ours()
        with self._lock_file() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.seek(0)
                owner = lock.read().strip() or "unknown"
                raise RunError(f"{self.path}: another process ({owner}) is training in this run") from None
            self._sign(lock)
            self._tidy()
            yield

    def require_ours(self) -> None:
        """RunError where the folder holds what is not a run."""
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

    def _lock_file(self) -> TextIO:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            return open(self.path / ".lock", "a+")
        except OSError as error:
            raise unwritable(self.path, error) from None

    def _tidy(self) -> None:
        """Remove what a killed process left half written."""
        for folder in (self.path, self.model):
            for left in folder.glob(UNFINISHED):
                remove_file(left)

    def _refuse_foreign_files(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file, a run needs a folder; choose another --run")
        known = {".lock", CONFIG, "checkpoints", "metrics.jsonl", "experiment.yaml", "data"}
        if self.path.is_dir() and not self.config.exists() and not any(self.checkpoints.glob("step-*")):
            items = [item for item in self.path.iterdir() if not item.match(UNFINISHED)]
            strange = sorted(item.name for item in items if item.name not in known)
            if strange:
                raise RunError(
                    f"{self.path} holds other things ({strange[0]}) and no run; choose another folder by --run"
                )

    def _refuse_own_config(self) -> None:
        """RunError where config.yaml is a person's: what a run writes beside it is not there."""
        beside = (".lock", "checkpoints", "metrics.jsonl", "model", EVALUATION)
        if self.config.exists() and not any(os.path.lexists(self.path / name) for name in beside):
            raise RunError(
                f"{self.config} is there, but no run, which would write a file of this name; "
                "choose another folder by --run"
            )

    def reconcile(
        self, experiment: "Experiment", say: Callable[[str], None], mends: bool = True
    ) -> "Experiment":
        """The experiment with what earlier sessions of this run found out; RunError where it contradicts them.

        With `mends`, a lost configuration is written anew.
        """
        before = self._before(say, mends)
        if before is None:
            return experiment
        old, new = flat(before.model_dump(mode="json")), flat(experiment.model_dump(mode="json"))
        for name in sorted(old.keys() | new.keys()):
            then, now = old.get(name), new.get(name)
            found_out = name in RESOLVED and now == RESOLVED[name]
            if (
                then != now
                and not found_out
                and not any(name == f or name.startswith(f + ".") for f in CHANGEABLE)
            ):
                raise RunError(
                    f"{self.path} was trained with {name}: {shown(then)}, now it is {shown(now)}; "
                    "choose another folder by --run, or take the old value"
                )
        settled = {
            "precision": before.training.precision,
            "steps": experiment.training.steps or before.training.steps,
            "learning_rate": before.training.learning_rate,
        }
        limit = experiment.decoding.max_tokens or before.decoding.max_tokens
        return experiment.model_copy(
            update={
                "training": experiment.training.model_copy(update=settled),
                "decoding": experiment.decoding.model_copy(update={"max_tokens": limit}),
            }
        )

    def _before(self, say: Callable[[str], None], mends: bool) -> "Experiment | None":
        """The experiment of earlier sessions; that of the model where config.yaml is gone or damaged."""
        copy = self.model / CONFIG
        if not self.config.exists() and not copy.exists():
            return None
        try:
            return read_config(self.config)
        except JumokError as error:
            if not copy.exists():
                raise
            why = (
                "is missing"
                if not self.config.exists()
                else f"is damaged ({str(error).removesuffix(f'; {AGAIN}')})"
            )
            say(f"{self.config} {why}; {copy} has the same and is used")
            before = read_config(copy)
            if mends:
                write_file_atomically(self.config, read_whole(copy))
            return before

    @property
    def has_begun(self) -> bool:
        """Whether an earlier session has settled what is to be done."""
        return self.config.exists() or (self.model / CONFIG).exists()

    def write_config(self, experiment: "Experiment") -> None:
        write_config(self.config, experiment)

    def append(self, record: dict[str, Any]) -> None:
        """Add a line to metrics.jsonl."""
        try:
            with open(self.log, "a", encoding="utf-8") as log:
                log.write(json.dumps(record) + "\n")
        except OSError as error:
            raise unwritable(self.log, error) from None

    def truncate_log(self, step: int) -> None:
        """Drop the lines of metrics.jsonl that are newer than the checkpoint a training goes on from."""
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
    """Whether a whole line of metrics.jsonl tells of a step up to this one; no line that a kill cut short does."""
    try:
        return line.endswith(b"\n") and bool(json.loads(line)["step"] <= step)
    except (ValueError, KeyError, TypeError):
        return False


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """A tree of options as dotted names and values."""
    if isinstance(value, dict) and value:
        found: dict[str, Any] = {}
        for key, inner in value.items():
            found |= flat(inner, f"{name}.{key}" if name else str(key))
        return found
    return {name: value}


def shown(value: Any) -> str:
    return "not given" if value is None else str(value)
