"""The best trials once more with other seeds: how much of a difference is only the noise of seeds."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jumok.evaluation.apart import holm
from jumok.metrics.interval import SIGNIFICANT
from jumok.reporting.numbers import format_score
from jumok.runs.layout import RunLayout
from jumok.sweeps.plan import Goal, score_of

AS_WRITTEN = "as-written"


@dataclass(frozen=True)
class Repeats:
    """One set of options trained with several seeds that the search did not see."""

    name: str  # of the trial, or `AS_WRITTEN`
    values: dict[str, Any]
    scores: dict[int, float]  # on the valid part, by seed; only of those that came to their end
    test: dict[int, float]  # on the test part where there is one
    why: str = ""  # one of them failed

    @property
    def mean(self) -> float:
        """The mean score on the valid part; NaN of none."""
        return statistics.fmean(self.scores.values()) if self.scores else math.nan

    @property
    def deviation(self) -> float:
        """The standard deviation over seeds; NaN of fewer than two."""
        return statistics.stdev(self.scores.values()) if len(self.scores) > 1 else math.nan

    @property
    def is_as_written(self) -> bool:
        """Whether these are the options of the file, without a change."""
        return self.name == AS_WRITTEN


@dataclass(frozen=True)
class Duel:
    """The options with the best mean against others, by Welch's test over seeds."""

    best: Repeats
    other: Repeats
    p: float  # corrected for the number of duels (Holm, 1979)

    @property
    def is_sure(self) -> bool:
        """Whether the difference is more than the noise of seeds."""
        return self.p < SIGNIFICANT


def repeats_of(
    folder: Path,
    tops: Mapping[str, Mapping[str, Any]],
    seeds: Sequence[int],
    failed: Mapping[str, str],
    goal: Goal,
) -> list[Repeats]:
    """Collect the repeated trainings.

    Args:
        folder: Where their runs are, NAME-seed-SEED.
        tops: The options of the repeated trials, by name.
        seeds: The seeds.
        failed: Why those failed that did, by the name of the run.
        goal: The score.

    Returns:
        One for the file as it is written, then one for each trial.
    """
    found = []
    for name, values in {AS_WRITTEN: {}, **tops}.items():
        runs = {seed: f"{name}-seed-{seed}" for seed in sorted(set(seeds))}
        done = {seed: run for seed, run in runs.items() if run not in failed}
        scores = {seed: score_of(folder / run, goal) for seed, run in done.items()}
        tests = {seed: test_score(folder / run, goal) for seed, run in done.items()}
        why = next((failed[run] for run in runs.values() if run in failed), "")
        found.append(Repeats(name, dict(values), known(scores), known(tests), why))
    return found


def known(scores: Mapping[int, float | None]) -> dict[int, float]:
    """The scores that are there."""
    return {seed: score for seed, score in scores.items() if score is not None}


def test_score(run: Path, goal: Goal) -> float | None:
    """The score of a finished run on its test part; None where it has none."""
    try:
        evaluation = json.loads(RunLayout(run).evaluation.read_bytes())
        value = evaluation["metrics"][goal.metric]["value"] if evaluation["split"] == "test" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(value) if isinstance(value, int | float) else None


def duels(repeats: Sequence[Repeats], goal: Goal) -> list[Duel]:
    """The options with the best mean against each of the others; only those that have several seeds."""
    from scipy import stats

    scored = [one for one in repeats if len(one.scores) > 1]
    if len(scored) < 2:
        return []
    best = goal.best_by(scored, lambda one: one.mean)
    others, ps = [one for one in scored if one is not best], []
    for other in others:
        if best.deviation == other.deviation == 0.0:  # nothing is noise, and the test is not defined
            ps.append(1.0 if best.mean == other.mean else 0.0)
        else:
            sides = [(one.mean, one.deviation, len(one.scores)) for one in (best, other)]
            ps.append(float(stats.ttest_ind_from_stats(*sides[0], *sides[1], equal_var=False).pvalue))
    return [Duel(best, other, p) for other, p in zip(others, holm(ps), strict=True)]


def noise_verdicts(repeats: Sequence[Repeats], goal: Goal) -> list[str]:
    """What the repeated trainings say, in sentences."""
    fought = duels(repeats, goal)
    if not fought:
        return []
    best, seeds = fought[0].best, len(fought[0].best.scores)
    name = "the file as it is written" if best.is_as_written else f"trial {best.name}"
    said = [
        f"With {seeds} seeds that the search did not see, {name} has the best mean: {mean_with_deviation(best, goal)}."
    ]
    equal = [duel.other for duel in fought if not duel.is_sure and not duel.other.is_as_written]
    written = next((duel for duel in fought if duel.other.is_as_written), None)
    if best.is_as_written:
        said.append("The search found nothing better than the file as it is written.")
    elif equal:
        names = " and ".join(f"{one.name} ({mean_with_deviation(one, goal)})" for one in equal)
        said.append(f"It is not told apart from {names}: which of them wins is noise of the seeds.")
    if written is not None:
        than = f"the file as it is written ({mean_with_deviation(written.other, goal)}, p = {written.p:.2g})"
        said.append(
            f"It is better than {than}." if written.is_sure else f"It is not shown to be better than {than}."
        )
    return said


def mean_with_deviation(one: Repeats, goal: Goal) -> str:
    """Mean and standard deviation over seeds: 98.10 ± 0.43 %."""
    mean = format_score(goal.metric, one.mean)
    spread = format_score(goal.metric, one.deviation).removesuffix(" %")
    return f"{mean.removesuffix(' %')} ± {spread}{' %' if mean.endswith(' %') else ''}"
