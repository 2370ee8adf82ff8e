"""What a sweep found, as JSON and as a page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jumok.experiment.space import Range, Space
from jumok.experiment.variations import setting_title
from jumok.files import write_file_atomically, write_json
from jumok.reporting.comparison import link
from jumok.reporting.numbers import format_score, metric_name, scale
from jumok.reporting.page import flow, render
from jumok.reporting.parallel import Coordinate, TrialLine, number_axis, parallel_svg, word_axis
from jumok.runs.layout import RunLayout
from jumok.sweeps.plan import BEST_FILE, REPEATS, RESULT, SWEEP_PAGE, TRIALS, Goal
from jumok.sweeps.repeats import Repeats, mean_with_deviation, noise_verdicts
from jumok.sweeps.study import SweepTrial, rank_trials
from jumok.wording import quantity

LEAST_LINES = 3  # trials that a plot is drawn of


@dataclass(frozen=True)
class SweepResult:
    """Trials, what mattered, and how much of it is noise."""

    goal: Goal
    space: Space
    trials: Sequence[SweepTrial]
    importance: Mapping[str, float]  # by option
    repeats: Sequence[Repeats]

    @property
    def ranked(self) -> list[SweepTrial]:
        """The finished trials, the best first."""
        return rank_trials(self.trials, self.goal.higher_is_better)

    @property
    def best_values(self) -> dict[str, Any]:
        """The best options: by the mean over seeds where trials were repeated, else by the best trial."""
        several = [one for one in self.repeats if one.scores]
        if not several:
            return self.ranked[0].values
        return self.goal.best_by(several, lambda one: one.mean).values

    @property
    def verdicts(self) -> list[str]:
        """The result in sentences."""
        best = self.ranked[0]
        score = format_score(self.goal.metric, best.score)
        counts = [
            (state, sum(trial.state == state for trial in self.trials)) for state in ("pruned", "failed")
        ]
        others = "".join(
            f", {count} {'ended early' if state == 'pruned' else state}" for state, count in counts if count
        )
        first = (
            f"Of {quantity(len(self.trials), 'trial')} ({len(self.ranked)} finished{others}) {best.name} has the best "
            f"{metric_name(self.goal.metric)} on the valid part: {score}."
        )
        return [first, *noise_verdicts(self.repeats, self.goal)]

    def to_json(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "metric": self.goal.metric,
            "best": self.best_values,
            "verdicts": self.verdicts,
            "importance": dict(self.importance),
            "trials": [asdict(trial) | {"name": trial.name} for trial in self.trials],
            "repeats": [asdict(one) | {"mean": one.mean, "deviation": one.deviation} for one in self.repeats],
        }


def write_result(folder: Path, result: SweepResult, title: str) -> None:
    """Write sweep.json and the page sweep.html.

    Args:
        folder: The folder of the sweep.
        result: What was found.
        title: The title of the page.
    """
    write_json(folder / RESULT, result.to_json())
    shown = [*result.ranked, *(trial for trial in result.trials if trial.state != "finished")]
    values = {
        "title": title,
        "verdicts": result.verdicts,
        "metric": result.goal.metric,
        "keys": [one.key for one in result.space],
        "short": {one.key: short_name(one.key) for one in result.space},
        "trials": shown,
        "reports": {trial.name: report_link(folder / TRIALS / trial.name, folder) for trial in shown},
        "importance": {key: round(100 * share) for key, share in result.importance.items()},
        "plot": parallel_plot(result),
        "repeats": [repeated_row(folder, one, result.goal) for one in result.repeats],
        "space": {one.key: str(one) for one in result.space},
        "best": BEST_FILE,
    }
    write_file_atomically(folder / SWEEP_PAGE, render("sweep.html", values).encode())


def repeated_row(folder: Path, one: Repeats, goal: Goal) -> dict[str, Any]:
    """A row of the table of repeated trials."""
    test = mean_with_deviation(Repeats(one.name, one.values, one.test, {}), goal) if len(one.test) > 1 else ""
    return {
        "name": "the file as it is written" if one.is_as_written else one.name,
        "options": ", ".join(setting_title(short_name(key), value) for key, value in one.values.items()),
        "valid": mean_with_deviation(one, goal) if one.scores else "",
        "test": test,
        "runs": {
            seed: report_link(folder / REPEATS / f"{one.name}-seed-{seed}", folder) for seed in one.scores
        },
        "scores": {seed: format_score(goal.metric, score) for seed, score in one.scores.items()},
        "why": one.why,
    }


def report_link(run: Path, folder: Path) -> str:
    """The link from the page to the report of a run; empty where it has none."""
    return link(run, folder) if RunLayout(run).report.exists() else ""


def short_name(key: str) -> str:
    """An option without the section that it is in: learning rate; german encoder kind."""
    section, _, rest = key.partition(".")
    return (rest or section).replace(".", " ").replace("_", " ")


def parallel_plot(result: SweepResult) -> str:
    """Parallel coordinates of the trials that have a score; empty for too few."""
    scored = [trial for trial in result.trials if trial.score is not None]
    if len(scored) < LEAST_LINES:
        return ""
    factor, unit = scale(result.goal.metric)
    axes = [coordinate(one, scored) for one in result.space]
    scores = [factor * (trial.score or 0.0) for trial in scored]
    last = number_axis(metric_name(result.goal.metric) + unit, scores, unit="{:.4g}")
    strengths = last.places if result.goal.higher_is_better else [1 - place for place in last.places]
    lines = [
        TrialLine(strength if trial.state == "finished" else math.nan)
        for trial, strength in zip(scored, strengths, strict=True)
    ]
    return parallel_svg([*axes, last], lines)


def coordinate(one: Any, trials: Sequence[SweepTrial]) -> Coordinate:
    """The axis of an option."""
    values = [trial.values[one.key] for trial in trials]
    name = short_name(one.key)
    if isinstance(one, Range):
        return number_axis(name, values, one.is_log)
    order = {flow(value): i for i, value in enumerate(one.values)}
    axis = word_axis(name, sorted(set(map(flow, values)), key=lambda word: order[word]))
    places = {word: place for place, word in axis.ticks}
    return Coordinate(name, [places[flow(value)] for value in values], axis.ticks)
