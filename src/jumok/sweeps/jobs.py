"""Trainings in processes of their own, several at a time; their events come through one queue."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

TRIAL_PROGRAM = ("-m", "jumok.sweeps.job")  # what the interpreter is given
LAST_LINES = 2000  # bytes of what a dead process said that are looked at


class Event(NamedTuple):
    """What a training tells: "waiting", "step", "evaluation", "end", "stopped" or "failed"."""

    job: str
    name: str
    facts: dict[str, Any]


@dataclass
class Process:
    """A training that works."""

    process: "subprocess.Popen[str]"
    orders: IO[str]  # its standard input, which ends when it is to be saved and ended
    events: IO[str]  # its standard output
    log: Path  # what it says beside its events


class LocalJobs:
    """Up to `most` trainings at a time on this machine; those that work are saved and ended when the block is left."""

    def __init__(self, most: int, logs: Path, program: Sequence[str] = TRIAL_PROGRAM) -> None:
        self.most, self.logs, self.program = most, logs, program
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.working: dict[str, Process] = {}

    def __enter__(self) -> "LocalJobs":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    @property
    def has_room(self) -> bool:
        """Whether one more training may begin."""
        return len(self.working) < self.most

    def start(self, name: str, experiment: "Experiment", run: Path) -> None:
        """Begin a training, or go on with it, in a run folder."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        with open(log, "w") as talk:
            process = subprocess.Popen(
                [sys.executable, *self.program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=talk,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for us, who tell it
                env=os.environ | self.shared_threads,
            )
        job = Process(process, cast(IO[str], process.stdin), cast(IO[str], process.stdout), log)
        order = {"experiment": experiment.model_dump(mode="json"), "run": str(run)}
        job.orders.write(json.dumps(order) + "\n")
        job.orders.flush()
        self.working[name] = job
        threading.Thread(target=self._listen, args=(name, job), daemon=True).start()

    @property
    def shared_threads(self) -> dict[str, str]:
        """Variables by which several trainings share the processors, unless the environment has its own."""
        if self.most == 1 or "OMP_NUM_THREADS" in os.environ:
            return {}
        return {"OMP_NUM_THREADS": str(max(1, len(os.sched_getaffinity(0)) // self.most))}

    def _listen(self, name: str, job: Process) -> None:
        """Put the events of a training into the queue; a last one, whatever becomes of it."""
        last = ""
        for line in job.events:
            facts = json.loads(line)
            last = facts.pop("event")
            if last not in ENDS:
                self.events.put(Event(name, last, facts))
            else:
                end = Event(name, last, facts)
        status = job.process.wait()
        if last not in ENDS:
            end = Event(name, "failed", {"why": how_it_died(status, job.log)})
        self.events.put(end)

    def wait(self, seconds: float) -> Iterator[Event]:
        """The events that are there, after at most so many seconds."""
        try:
            first = self.events.get(timeout=seconds)
        except queue.Empty:
            return
        yield self._seen(first)
        while not self.events.empty():
            yield self._seen(self.events.get())

    def _seen(self, event: Event) -> Event:
        if event.name in ENDS:
            job = self.working.pop(event.job)
            close(job)
            if event.name != "failed":
                job.log.unlink(missing_ok=True)
        return event

    def stop(self, name: str) -> None:
        """Ask a training to save and end; its last event tells that it has."""
        if name in self.working:
            self.working[name].orders.close()

    def stop_all(self) -> None:
        """Save and end all that work, and wait for it."""
        for name in list(self.working):
            self.stop(name)
        for job in self.working.values():
            job.process.wait()
            close(job)
        self.working.clear()


ENDS = ("end", "stopped", "failed")


def close(job: Process) -> None:
    """Close the pipes of a training that has ended."""
    for pipe in (job.orders, job.events):
        with suppress(OSError):  # what was not read is of no use any more
            pipe.close()


def how_it_died(status: int, log: Path) -> str:
    """A sentence about a training whose process ended without a word."""
    if status == -9:
        return "its process was killed (signal 9); often there is too little memory for it"
    said = log.read_bytes()[-LAST_LINES:].decode("utf-8", "replace").strip().splitlines() or [
        "it said nothing"
    ]
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    return f"its process ended {how}: {said[-1]}"
