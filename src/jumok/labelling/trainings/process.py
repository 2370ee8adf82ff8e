"""A training beside the label page: a process of its own, which reports into files and ends when the server does.

`python -m jumok.labelling.trainings.process RUN` trains the experiment file in a run folder. Its standard input is a
pipe of the server that nobody writes into: when it ends, the server has gone, whatever became of it, and the training
saves and stops, to be continued by the next server.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from jumok.errors import Interrupted, JumokError, RunError
from jumok.files import write_json
from jumok.labelling.trainings.files import TrainingFiles, read_report
from jumok.metrics.interval import Interval
from jumok.runs.layout import LOCK, RunLayout
from jumok.runs.ownership import owned
from jumok.training.pace import TrainingClock
from jumok.training.reporter import EvaluationInfo, Progress, RunInfo

INTERVAL = 0.5  # seconds between two reports
SAVING_SECONDS = 20.0  # seconds that a training has to save after the server has gone
SPARE_SECONDS = 10.0  # seconds that a busy machine may take beside these
NICENESS = 10  # so that the page stays quick


class FileReporter:
    """Writes how far a training is into a file, and keeps its final score."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known = read_report(file)
        self.metric = ""
        self.final: dict[str, Any] = {}
        self.clock = TrainingClock()
        self._written = 0.0

    def tell(self, news: Mapping[str, Any], now: bool = False) -> None:
        """Write what is known, if the last report is old enough, or now."""
        self.known |= news
        if now or time.monotonic() - self._written >= INTERVAL:
            self._written = time.monotonic()
            write_json(self.file, self.known)

    def message(self, message: str) -> None:
        """Keep the last message."""
        self.tell({"message": message})

    def on_start(self, what: RunInfo) -> None:
        """Tell what is trained, and start the clock."""
        self.clock = TrainingClock(what.start)
        count = what.examples.get("train", 0)
        self.tell({"step": what.start, "steps": what.steps, "left": None, "examples": count}, True)

    def on_step(self, progress: Progress) -> None:
        """Tell the step, and the seconds that are left by the pace of late."""
        self.clock.stepped(progress.step)
        left = self.clock.left(progress.step, progress.steps)
        self.tell({"step": progress.step, "steps": progress.steps, "left": left})

    def on_evaluation(self, evaluation: EvaluationInfo) -> None:
        """Tell the scores of an evaluation."""
        self.clock.evaluated(evaluation.step)
        self.metric = evaluation.selection_metric
        self.tell({"step": evaluation.step, "score": evaluation.metrics}, True)

    def scoring(self, done: int, number: int) -> None:
        """Tell that the steps are done."""
        self.tell({"step": self.known.get("steps", 0)})

    def on_scores(self, split: str, examples: int, metrics: dict[str, Interval]) -> None:
        """Keep the final score, of the metric that chose the best model if it is among them.

        Args:
            split: The split that was scored.
            examples: The number of its examples.
            metrics: The scores.
        """
        name = self.metric if self.metric in metrics else next(iter(metrics), None)
        if name is not None:
            self.final = {
                "metric": name,
                "score": metrics[name].value,
                "split": split,
                "scored_on": examples,
            }

    def on_baselines(self, baselines: Mapping[str, Mapping[str, Any]]) -> None:
        """Baselines are in the report of the run."""

    def on_end(self) -> None:
        """Tell where it ended."""
        self.tell({}, True)


def train_in_process(run: Path) -> dict[str, Any]:
    """Train the experiment in a run folder on, and tell how it ended, as its result file says it."""
    from jumok.experiment.file import read_experiment
    from jumok.training.train import train

    reporter = FileReporter(TrainingFiles(run).progress)
    try:
        train(read_experiment(RunLayout(run).experiment), run, reporter)
    except Interrupted:
        return {"state": "interrupted"}
    except JumokError as error:
        korean = error.ko or f"학습할 수 없습니다: {error}"
        return {"state": "failed", "sentence": {"en": str(error), "ko": korean}}
    except Exception as error:
        sentence = f"the training failed ({type(error).__name__}: {error})"
        return {"state": "failed", "sentence": {"en": sentence, "ko": f"학습이 실패했습니다 ({error})"}}
    return {"state": "done", "labelled": reporter.known.get("labelled", 0), **reporter.final}


def await_earlier(run: Path) -> None:
    """Wait until the process of a server that was killed, which saves and ends, has let go of the run."""
    end = time.monotonic() + SAVING_SECONDS + SPARE_SECONDS
    refusal = RunError(f"{run} is still trained by another process")
    while time.monotonic() < end:
        with suppress(RunError), owned(run / LOCK, lambda _: refusal):
            return
        time.sleep(INTERVAL)


def end_with_server() -> None:
    """Wait until the server has gone, then let the training save, and end."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SAVING_SECONDS)
    os._exit(1)


def train_beside_page() -> None:
    """Train in the run folder that the command line names."""
    import torch

    run = Path(sys.argv[1])
    os.nice(max(0, NICENESS - os.nice(0)))
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    threading.Thread(target=end_with_server, daemon=True).start()
    await_earlier(run)
    if read_report(TrainingFiles(run).result):  # it was done just then
        return
    result = train_in_process(run)
    if result["state"] != "interrupted":
        try:
            write_json(TrainingFiles(run).result, result)
        except RunError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    train_beside_page()
