"""One training of a sweep, in a process of its own: `python -m jumok.sweeps.job`.

It reads one line of JSON from standard input, {"experiment", "run"}, and writes a line for each event to
standard output. When standard input ends, whoever asked is gone: the training is saved and ends, and the next sweep
goes on with it.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import IO, Any

from jumok.errors import Interrupted, JumokError
from jumok.runs.layout import LOCK
from jumok.runs.ownership import wait_for_owner
from jumok.training.reporter import EvaluationInfo, NullReporter, Progress

LOCK_PATIENCE = (
    120  # seconds that a run may still be owned by the process before, which is asked to save and end
)
EVERY = 0.5  # seconds between two words about steps


class EventReporter(NullReporter):
    """Writes what a training tells as JSON, a line each."""

    def __init__(self, out: IO[str]) -> None:
        self.out, self.last = out, 0.0

    def send(self, event: str, facts: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Write an event; whoever does not read any more is no reason to stop."""
        try:
            self.out.write(json.dumps({"event": event, **facts}) + "\n")
            self.out.flush()
        except OSError:
            pass

    def on_step(self, progress: Progress) -> None:
        """Tell how far it is, now and then."""
        if time.monotonic() - self.last >= EVERY:
            self.last = time.monotonic()
            self.send("step", {"step": progress.step, "steps": progress.steps})

    def on_evaluation(self, evaluation: EvaluationInfo) -> None:
        """Tell that there is a new score in metrics.jsonl."""
        self.send("evaluation", {"step": evaluation.step})


def watch(source: IO[str]) -> None:
    """Ask the training to save and end when the input ends."""
    for _ in source:
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def raise_interrupted(number: int, frame: FrameType | None) -> None:
    """End what can be done again: reading data, or scoring a model that is trained."""
    raise Interrupted


def tell_waiting(reporter: EventReporter, owner: str) -> None:
    """Tell that the run is still being saved by the process that trained before."""
    why = (
        f"process {owner or 'unknown'} is still saving this run; waiting up to {LOCK_PATIENCE} seconds for it"
    )
    reporter.send("waiting", {"why": why})


def run_job() -> None:
    """Do the training that standard input names."""
    signal.signal(
        signal.SIGTERM, raise_interrupted
    )  # while steps are done, the training has a handler of its own
    order = json.loads(sys.stdin.readline())
    out, sys.stdout = sys.stdout, sys.stderr  # whatever else is printed is no event
    reporter = EventReporter(out)
    threading.Thread(target=watch, args=(sys.stdin,), daemon=True).start()
    try:
        from jumok.experiment.options import Experiment
        from jumok.training.train import train

        wait_for_owner(Path(order["run"]) / LOCK, LOCK_PATIENCE, partial(tell_waiting, reporter))
        train(Experiment.model_validate(order["experiment"]), Path(order["run"]), reporter)
        reporter.send("end")
    except Interrupted:
        reporter.send("stopped")
    except JumokError as error:
        reporter.send("failed", {"why": str(error)})
    except Exception as error:  # told as the reason of one trial; the others go on
        traceback.print_exc()
        reporter.send("failed", {"why": f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"})
    out.flush()
    os._exit(0)  # the thread that waits for standard input does not end


if __name__ == "__main__":
    run_job()
