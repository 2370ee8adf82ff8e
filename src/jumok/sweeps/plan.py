"""What a sweep is about: experiment, space, the score that it seeks; checked before anything is trained."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jumok.errors import ConfigurationError, RunError
from jumok.evaluation.answers import score_prefix
from jumok.experiment import read_experiment
from jumok.experiment.space import Space, overrides_of, parse_space, parse_texts
from jumok.files import read_whole, write_json
from jumok.runs.config import read_config
from jumok.runs.layout import RunLayout
from jumok.runs.log import read_log
from jumok.runs.ownership import owned

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment
    from jumok.kinds.contract import OutputField

ComparedItem = TypeVar("ComparedItem")
PLAN, SWEEP_LOCK, TRIALS, REPEATS, LOGS = "plan.json", ".lock", "trials", "repeats", "logs"
BEST_FILE, RESULT, SWEEP_PAGE = "best.yaml", "sweep.json", "sweep.html"
FIXED = ("training.select", "training.seed", "training.device", "training.log", "training.baselines", "sweep")
# baselines do not depend on what a sweep tries; whoever trains the best options by themselves gets them
IN_TRIALS = ("training.baselines=false",)


@dataclass(frozen=True)
class SweepPlan:
    """An experiment file with a space around it."""

    path: Path
    overrides: tuple[str, ...]
    space: Space
    experiment: "Experiment"  # as it is written

    def experiment_of(self, values: Mapping[str, Any], seed: int | None = None) -> "Experiment":
        """The experiment with these options; raises ConfigurationError where they do not go together."""
        seeds = [] if seed is None else [f"training.seed={seed}"]
        return read_experiment(self.path, [*self.overrides, *overrides_of(values), *IN_TRIALS, *seeds])

    def best(self, values: Mapping[str, Any]) -> "Experiment":
        """The experiment with these options, to be trained by itself."""
        return read_experiment(self.path, [*self.overrides, *overrides_of(values)])

    def to_json(self) -> dict[str, Any]:
        """What a sweep in the same folder must agree with, as JSON."""
        space = {one.key: [str(type(one).__name__), str(one)] for one in self.space}
        return {"experiment": self.experiment.model_dump(mode="json"), "space": space}


def read_plan(path: Path, texts: Sequence[str], overrides: Sequence[str]) -> SweepPlan:
    """The plan of an experiment file.

    Args:
        path: The file.
        texts: The space, like "model.width=[64, 128]"; none means that of the file.
        overrides: Changes of options, like "training.steps=100".

    Returns:
        The plan.

    Raises:
        ConfigurationError: There is no space, or one of its values is none for its option.
    """
    experiment = read_experiment(path, overrides)
    given = parse_texts(texts) or experiment.sweep
    if not given:
        raise ConfigurationError(
            f"{path} has no sweep:, and there is no --space; say what to try, like "
            "--space 'training.learning_rate=[1e-4, 3e-3, log]'"
        )
    space = parse_space(given)
    for one in space:
        refuse_fixed(one.key)
        for value in one.samples:
            require_fitting(path, overrides, one.key, value)
    return SweepPlan(path, tuple(overrides), space, experiment)


def refuse_fixed(key: str) -> None:
    """ConfigurationError for an option whose values could not be compared by a score."""
    if key in FIXED or key.endswith(".metric"):
        raise ConfigurationError(
            f"sweep: {key} cannot be searched, for the scores of its values mean different things; remove it"
        )


def require_fitting(path: Path, overrides: Sequence[str], key: str, value: Any) -> None:
    """ConfigurationError where a value is none for an option, in words that name the sweep."""
    try:
        read_experiment(path, [*overrides, *overrides_of({key: value})])
    except ConfigurationError as error:
        raise ConfigurationError(f"sweep: {key} cannot be {json.dumps(value)}: {error}") from None


@dataclass(frozen=True)
class Goal:
    """The score that a sweep seeks, as metrics.jsonl names it."""

    metric: str
    higher_is_better: bool

    def best(self, scores: Sequence[float]) -> float | None:
        """The best of some scores; None of none."""
        return self.best_by(scores, float) if scores else None

    def best_by(self, items: Sequence[ComparedItem], score: Callable[[ComparedItem], float]) -> ComparedItem:
        """The first of the items whose score is best."""
        return (max if self.higher_is_better else min)(items, key=score)


def goal_of(experiment: "Experiment", outputs: "Mapping[str, OutputField]") -> Goal:
    """The score that chooses the best model."""
    output = experiment.selection.output
    metric = outputs[output].scoring.selection_metric()
    return Goal(score_prefix(output, outputs) + metric.name, metric.higher_is_better)


def curve_of(run: Path, goal: Goal) -> list[tuple[int, float]]:
    """Steps of a run, and its score on the valid part after each."""
    lines = [line for line in read_log(RunLayout(run).log).lines if line["split"] == "valid"]
    return [(line["step"], line[goal.metric]) for line in lines if isinstance(line.get(goal.metric), float)]


def planned_steps_of(run: Path) -> int:
    """How many steps a run will have; none that has not begun."""
    config = RunLayout(run).config
    return read_config(config).training.steps or 0 if config.exists() else 0


def score_of(run: Path, goal: Goal) -> float | None:
    """The best score of a run on the valid part; None where it has none."""
    return goal.best([score for _, score in curve_of(run, goal)])


@contextmanager
def locked(folder: Path, plan: SweepPlan) -> Iterator[None]:
    """One process sweeps in a folder, and always the same; raises RunError."""
    in_use = f"{folder}: another process is sweeping here; wait for it, or choose another --run"
    with owned(folder / SWEEP_LOCK, lambda _: RunError(in_use)):
        require_same_sweep(folder, plan)
        yield


def require_same_sweep(folder: Path, plan: SweepPlan) -> None:
    """RunError where a folder holds another sweep, or other things; a new one is begun."""
    file, now = folder / PLAN, plan.to_json()
    if not file.exists():
        if strange := sorted(name for name in os.listdir(folder) if name != SWEEP_LOCK):
            raise RunError(
                f"{folder} holds other things ({strange[0]}) and no sweep; choose another folder by --run"
            )
        write_json(file, now)
        return
    try:
        before = json.loads(read_whole(file))
    except (OSError, ValueError):
        raise RunError(f"{file} is damaged; choose another folder by --run") from None
    if before != json.loads(json.dumps(now)):
        part = "space" if before.get("experiment") == now["experiment"] else "experiment"
        raise RunError(f"{folder} holds a sweep of another {part}; choose another folder by --run")
