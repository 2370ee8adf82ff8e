"""How a training looks: a live line on a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from jumok.console import new_table, say, talk
from jumok.metrics.interval import Interval
from jumok.reporting.baselines import BaselineRow, baseline_rows, baseline_sentences
from jumok.reporting.numbers import HUNDREDS, duration
from jumok.reporting.numbers import format_score as shown
from jumok.training.pace import Pace, TrainingClock
from jumok.training.reporter import EvaluationInfo, NullReporter, Progress, Reporter, RunInfo
from jumok.wording import all_of, quantity

QUIET = 10.0  # seconds between two plain lines


def make_display(quiet: bool = False) -> Reporter:
    """The display that suits stderr; a quiet one has no progress, only remarks and the scores."""
    if quiet:
        return QuietDisplay()
    return LiveDisplay() if talk.is_terminal else PlainDisplay()


class QuietDisplay(NullReporter):
    """Remarks and the final scores, without progress."""

    def message(self, message: str) -> None:
        """Print a message."""
        say(message)

    def on_scores(self, split: str, examples: int, metrics: dict[str, Interval]) -> None:
        """Print a table of the final scores of a split.

        Args:
            split: The split.
            examples: The number of its examples.
            metrics: The scores with their intervals.
        """
        talk.print(score_table(split, examples, metrics))

    def on_baselines(self, baselines: Mapping[str, Mapping[str, Any]]) -> None:
        """Print the scores of baselines, and which of them are as good as the model."""
        tell_baselines(baselines)


class PlainDisplay(QuietDisplay):
    """Lines that a log file can hold."""

    def __init__(self) -> None:
        self.clock, self.counted, self.answers = TrainingClock(), "token", Pace()
        self.last = time.monotonic()

    def on_start(self, what: RunInfo) -> None:
        """Print what is trained, and start the clock."""
        say(beginning(what))
        self.clock, self.counted = TrainingClock(what.start), what.loss_unit
        self.answers, self.last = Pace(), time.monotonic()  # it may have shown another training before

    def on_step(self, progress: Progress) -> None:
        """Print the progress now and then."""
        self.show(progress.step, progress.steps, self.line(progress))

    def line(self, progress: Progress) -> str:
        """What is said of a step."""
        self.clock.stepped(progress.step)
        return step_line(progress, self.counted, self.clock.left(progress.step, progress.steps))

    def show(self, done: int, number: int, line: str) -> None:
        """Print the progress of something, not more often than is good for a log.

        Args:
            done: What is done.
            number: What there is to do.
            line: Both in words.
        """
        if time.monotonic() - self.last >= QUIET:
            self.last = time.monotonic()
            say(line)

    def on_evaluation(self, evaluation: EvaluationInfo) -> None:
        """Print the loss and the scores of an evaluation."""
        self.clock.evaluated(evaluation.step)
        say(evaluation_line(evaluation))
        self.last = time.monotonic()

    def scoring(self, done: int, number: int) -> None:
        """The answers of the best model that are there, of all that it will be scored by."""
        self.answers.tick(done)
        self.show(done, number, scoring_line(done, number, self.answers.left(done, number)))


class LiveDisplay(PlainDisplay):
    """A bar that moves, with evaluations above it."""

    def __init__(self) -> None:
        super().__init__()
        self.live: Live | None = None

    def on_start(self, what: RunInfo) -> None:
        """Print what is trained, and begin the live line."""
        super().on_start(what)
        self._begin()

    def _begin(self) -> None:
        self.live = Live(console=talk, refresh_per_second=4, transient=True)
        self.live.start()

    def show(self, done: int, number: int, line: str) -> None:
        """Update the live line.

        Args:
            done: What is done.
            number: What there is to do.
            line: The text beside the bar.
        """
        if self.live is not None:
            row = Table.grid(padding=(0, 2))
            row.add_row(ProgressBar(total=number, completed=done, width=24), Text(line))
            self.live.update(row)

    def scoring(self, done: int, number: int) -> None:
        """Update the live line while the best model is scored."""
        if self.live is None:
            self._begin()
        super().scoring(done, number)

    def on_scores(self, split: str, examples: int, metrics: dict[str, Interval]) -> None:
        """End the live line, and print a table of the final scores of a split.

        Args:
            split: The split.
            examples: The number of its examples.
            metrics: The scores with their intervals.
        """
        self.on_end()
        super().on_scores(split, examples, metrics)

    def on_end(self) -> None:
        """End the live line."""
        if self.live is not None:
            self.live.stop()
            self.live = None


def step_line(progress: Progress, counted: str, left: float | None) -> str:
    """The progress of a training in one line.

    Args:
        progress: The step.
        counted: The unit of the loss, such as "token".
        left: Seconds left; None if unknown.

    Returns:
        Step, epoch, loss, speed and time left.
    """
    return (
        f"step {progress.step:,}/{progress.steps:,}  epoch {progress.epoch + 1}  loss {progress.loss:.3f}  "
        f"{speed(progress.per_second)} {counted}s/s{in_words(left)}"
    )


def scoring_line(done: int, number: int, left: float | None) -> str:
    """How far the answers are; when all are there, their scores and intervals are still to come."""
    if done >= number:
        return f"scoring: {all_of(number, 'answer', 'is', 'are')} there; computing scores and intervals"
    return f"scoring: {done:,} of {quantity(number, 'answer')}{in_words(left)}"


def in_words(left: float | None) -> str:
    """The time left in words; empty if it is unknown."""
    return "" if left is None else f"  {duration(left)} left"


def speed(value: float) -> str:
    """A number a second, of slow things with a decimal."""
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"


def beginning(what: RunInfo) -> str:
    """The two lines that say what is trained."""
    examples = ", ".join(f"{count:,} {part}" for part, count in what.examples.items())
    fields = ", ".join(f"{name} {summary}" for name, summary in what.fields.items())
    begin = f"goes on from step {what.start:,}" if what.start else "begins"
    device = (
        what.device
        if what.processes == 1
        else f"{what.device.partition(':')[0]}, {quantity(what.processes, 'process')}"
    )
    return (
        f"{what.run}: training {begin}, {quantity(what.steps, 'step')} in {what.precision} on {device}\n"
        f"  {quantity(what.parameters, 'parameter')}; examples: {examples}; {fields}"
    )


def evaluation_line(evaluation: EvaluationInfo) -> str:
    """The loss and the scores of an evaluation in one line."""
    selection = evaluation.selection_metric
    others = ("chrf",) if selection in HUNDREDS else ("token_accuracy", "token_error_rate")
    names = [selection, *(name for name in others if name in evaluation.metrics and name != selection)]
    scores = "  ".join(f"{name} {shown(name, evaluation.metrics[name])}" for name in names)
    best = "  (best so far)" if evaluation.best else ""
    return f"step {evaluation.step:,}: valid loss {evaluation.loss:.3f}  {scores}{best}"


def score_table(split: str, examples: int, metrics: dict[str, Interval]) -> Table:
    """Scores with their intervals.

    Args:
        split: Name of the split.
        examples: How many examples were answered.
        metrics: The scores.

    Returns:
        The table.
    """
    title, columns = f"{split}: {quantity(examples, 'example')}", ("metric", "value", "95 % interval")
    table = new_table(title, columns, left=("metric",))
    for name, interval in metrics.items():
        bounds = f"{shown(name, interval.low)} – {shown(name, interval.high)}"
        table.add_row(name, shown(name, interval.value), bounds)
    return table


def tell_baselines(baselines: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the baselines of evaluation.json: a table, and a sentence on each that is as good as the model."""
    if rows := [row for row in baseline_rows(baselines) if row.is_selecting]:
        talk.print(baseline_table(rows))
    for sentence in baseline_sentences(baselines):
        say(f"note: {sentence}")


def baseline_table(rows: Sequence[BaselineRow]) -> Table:
    """Baselines with their scores, and the paired test of the model against each."""
    table = Table(title="baselines", title_justify="left")
    for column in ("baseline", "metric", "value", "95 % interval", "p", "the model is"):
        table.add_column(column, justify="right" if column in ("value", "95 % interval", "p") else "left")
    for row in rows:
        table.add_row(row.name, row.metric, row.value, row.interval, row.p, row.verdict)
    return table
