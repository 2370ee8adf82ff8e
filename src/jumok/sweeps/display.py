"""How a sweep looks: a live table on a terminal, a line for each trial elsewhere."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.live import Live

from jumok.console import new_table, say, talk
from jumok.experiment.variations import setting_title
from jumok.reporting.numbers import format_score, metric_name
from jumok.sweeps.study import SweepTrial, rank_trials
from jumok.wording import quantity

if TYPE_CHECKING:
    from rich.table import Table

    from jumok.sweeps.plan import Goal
    from jumok.sweeps.sweep import SweepDisplay

SHOWN_TRIALS = 8  # of the best trials


def make_sweep_display(quiet: bool = False) -> "SweepDisplay":
    """The display that suits stderr; a quiet one tells of failures alone."""
    if quiet:
        return QuietSweepDisplay()
    return LiveSweepDisplay() if talk.is_terminal else SweepLines()


def options_line(trial: SweepTrial) -> str:
    """The options of a trial in a line: learning rate 0.001, width 128."""
    return ", ".join(setting_title(key.rpartition(".")[2], value) for key, value in trial.values.items())


def trial_line(trial: SweepTrial, goal: "Goal") -> str:
    """What is said of a trial that ended."""
    score = f"{metric_name(goal.metric)} {format_score(goal.metric, trial.score)}"
    told = {"failed": f"failed: {trial.why}", "pruned": f"ended early at {score}"}.get(trial.state, score)
    return f"trial {trial.name}  {told}  ({options_line(trial)})"


class SweepLines:
    """Lines that a log file can hold."""

    def message(self, message: str) -> None:
        """Print a message."""
        say(message)

    def show(self, trials: Sequence[SweepTrial], working: Mapping[str, float], goal: "Goal") -> None:
        """Show nothing between the ends of trials."""

    def ended(self, trial: SweepTrial, goal: "Goal") -> None:
        """Print a line about a trial."""
        say(trial_line(trial, goal))

    def on_end(self) -> None:
        """Do nothing."""


class QuietSweepDisplay(SweepLines):
    """Only what failed."""

    def ended(self, trial: SweepTrial, goal: "Goal") -> None:
        """Print a line about a trial that failed."""
        if trial.state == "failed":
            say(trial_line(trial, goal))


class LiveSweepDisplay(SweepLines):
    """A table of the best trials and of those at work, drawn anew."""

    def __init__(self) -> None:
        self.live: Live | None = None

    def show(self, trials: Sequence[SweepTrial], working: Mapping[str, float], goal: "Goal") -> None:
        """Draw the table."""
        if self.live is None:
            self.live = Live(console=talk, auto_refresh=False, transient=True)
            self.live.start()
        self.live.update(sweep_table(trials, working, goal), refresh=True)

    def on_end(self) -> None:
        """Take the table away."""
        if self.live is not None:
            self.live.stop()
            self.live = None


def sweep_table(trials: Sequence[SweepTrial], working: Mapping[str, float], goal: "Goal") -> "Table":
    """The best trials, and the trainings at work with the share of their steps."""
    done = sum(trial.state != "running" for trial in trials)
    table = new_table(
        f"{done} of {quantity(len(trials), 'trial')} ended, {len(working)} at work",
        ("training", metric_name(goal.metric), "done", "options"),
        left=("training", "options"),
    )
    by_name = {trial.name: trial for trial in trials}
    for trial in rank_trials(trials, goal.higher_is_better)[:SHOWN_TRIALS]:
        table.add_row(trial.name, format_score(goal.metric, trial.score), "100 %", options_line(trial))
    for name, share in working.items():
        known = by_name.get(name)  # none of a repeated training
        score = format_score(goal.metric, known.score) if known else ""
        table.add_row(name, score, f"{100 * share:.0f} %", options_line(known) if known else "")
    return table
