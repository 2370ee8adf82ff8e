"""What a training tells, written for TensorBoard, too, when `training.log: tensorboard` asks for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jumok.errors import ConfigurationError
from jumok.metrics.interval import Interval
from jumok.runs.layout import RunLayout
from jumok.training.reporter import EvaluationInfo, Progress, Reporter, RunInfo

POINTS = 1000  # of the curve of a training


class TensorBoard:
    """A reporter that hands everything on, and writes curves into RUN/tensorboard.

    Tags: train/loss, train/learning_rate, train/per_second (target tokens or images), valid/loss and valid/METRIC of
    each evaluation, and test/METRIC of the best model. A training that goes on from a checkpoint replaces what was
    written after it.
    """

    def __init__(self, reporter: Reporter, run: Path) -> None:
        """ConfigurationError where the package tensorboard is not installed."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ConfigurationError(
                "training.log: tensorboard needs the package tensorboard; install it: pip install tensorboard"
            ) from None
        self.make: type[SummaryWriter] = SummaryWriter
        self.reporter, self.folder = reporter, RunLayout(run).tensorboard
        self.writer: SummaryWriter | None = None
        self.every, self.step = 1, 0

    def message(self, message: str) -> None:
        """Pass a message on."""
        self.reporter.message(message)

    def on_start(self, what: RunInfo) -> None:
        """Open the log, and pass the start on."""
        self.every = max(1, what.steps // POINTS)
        self.writer = self.make(str(self.folder), purge_step=what.start + 1)
        self.reporter.on_start(what)

    def on_step(self, progress: Progress) -> None:
        """Write loss, learning rate and speed now and then, and pass the step on."""
        self.step = progress.step
        if self.step % self.every == 0:
            self._write("train", "loss", progress.step_loss)
            self._write("train", "learning_rate", progress.learning_rate)
            self._write("train", "per_second", progress.per_second)
        self.reporter.on_step(progress)

    def on_evaluation(self, evaluation: EvaluationInfo) -> None:
        """Write the loss and the scores of an evaluation, and pass it on."""
        self.step = evaluation.step
        for name, value in {"loss": evaluation.loss, **evaluation.metrics}.items():
            self._write("valid", name, value)
        if self.writer is not None:
            self.writer.flush()
        self.reporter.on_evaluation(evaluation)

    def scoring(self, done: int, number: int) -> None:
        """Pass the progress of scoring on."""
        self.reporter.scoring(done, number)

    def on_scores(self, split: str, examples: int, metrics: dict[str, Interval]) -> None:
        """Write the final scores of a split, and pass them on.

        Args:
            split: The split.
            examples: The number of its examples.
            metrics: The scores with their intervals.
        """
        if self.step:  # and not a run that was finished before
            self.writer = self.make(str(self.folder))
            for name, interval in metrics.items():
                self._write(split, name, interval.value)
            self._close()
        self.reporter.on_scores(split, examples, metrics)

    def on_baselines(self, baselines: Mapping[str, Mapping[str, Any]]) -> None:
        """Pass the baselines on."""
        self.reporter.on_baselines(baselines)

    def on_end(self) -> None:
        """Close the log, and pass the end on."""
        self._close()
        self.reporter.on_end()

    def _write(self, part: str, name: str, value: float) -> None:
        if self.writer is not None:
            self.writer.add_scalar(f"{part}/{name}", value, self.step)

    def _close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None
