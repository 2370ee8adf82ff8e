"""Train one experiment on growing parts of its data, to tell what more data would bring."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jumok.errors import ConfigurationError, DataError, RunError
from jumok.experiment import read_experiment
from jumok.predictor.model_folder import saved_fields
from jumok.reporting.learning_curve import CURVE_FILES, CurvePoint, LearningCurve, write_learning_curve
from jumok.reporting.run import read_record
from jumok.runs.layout import model_folder
from jumok.sweeps.comparison import require_own
from jumok.sweeps.plan import IN_TRIALS, Goal, goal_of
from jumok.training import train
from jumok.training.reporter import Reporter
from jumok.wording import from_to

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

CURVE_SHARES = (0.0625, 0.125, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class CurvePart:
    """A part of the train split, drawn and trained with a seed."""

    share: float
    seed: int

    @property
    def overrides(self) -> list[str]:
        """The part as arguments of `--set`."""
        share = [] if self.share == 1 else [f"data.split.train={self.share}"]
        return [*share, f"data.split.train_seed={self.seed}", f"training.seed={self.seed}", *IN_TRIALS]

    @property
    def folder(self) -> str:
        """The name of its run."""
        return f"share-{self.share:g}-seed-{self.seed}"


def parts_of(shares: Sequence[float], seeds: int, first_seed: int = 1) -> list[CurvePart]:
    """The parts to train, the smallest first.

    Args:
        shares: Parts of train, above 0 and at most 1.
        seeds: How many seeds each is drawn and trained with.
        first_seed: The first of them.

    Returns:
        The parts.

    Raises:
        ConfigurationError: There are fewer than two shares, one is given twice, or one is none.
    """
    for share in shares:
        if not 0 < share <= 1:
            raise ConfigurationError(f"--shares are parts of train, above 0 and at most 1; got {share:g}")
    if len(set(shares)) < max(len(shares), 2):
        raise ConfigurationError("--shares: give at least two, each once, like 0.0625,0.125,0.25,0.5,1")
    return [
        CurvePart(share, seed) for share in sorted(shares) for seed in range(first_seed, first_seed + seeds)
    ]


def trace_learning_curve(
    path: Path,
    parts: Sequence[CurvePart],
    folder: Path,
    overrides: Sequence[str] = (),
    reporter: Reporter | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> LearningCurve:
    """Train an experiment on each part, in a run folder of its own, and write learning_curve.json, .html and .png.

    Runs that are finished are not trained again; an interrupted call goes on where it was.

    Args:
        path: The experiment file.
        parts: The parts.
        folder: Where runs and page are written.
        overrides: Changes of options, like "training.steps=100".
        reporter: Receives training events; None ignores them.
        say: Called with messages.

    Returns:
        The curve.

    Raises:
        ConfigurationError: The experiment trains on a part already.
        DataError: A part is too small to train on.
    """
    whole = read_experiment(path, [*overrides, *IN_TRIALS])
    if whole.data.split is not None and whole.data.split.train is not None:
        raise ConfigurationError(
            "data.split.train is given; a learning curve sets it itself, so take it out or pass "
            "--set data.split.train=null"
        )
    experiments = [read_experiment(path, [*overrides, *part.overrides]) for part in parts]
    require_own(folder, [folder / part.folder for part in parts], CURVE_FILES)
    for number, (part, experiment) in enumerate(zip(parts, experiments, strict=True), 1):
        say(f"[{number}/{len(parts)}] {100 * part.share:.4g} % of train, seed {part.seed}")
        try:
            train(experiment, folder / part.folder, reporter)
        except DataError as error:
            if part.share == 1:
                raise
            raise DataError(
                f"{100 * part.share:.4g} % of train: {error} (or choose larger --shares)"
            ) from None
    curve = curve_of_runs(whole, parts, folder)
    write_learning_curve(folder, curve)
    return curve


def curve_of_runs(experiment: "Experiment", parts: Sequence[CurvePart], folder: Path) -> LearningCurve:
    """Collect the scores of the finished runs.

    Args:
        experiment: The experiment.
        parts: The parts.
        folder: Where their runs are.

    Returns:
        The curve.
    """
    last = folder / parts[-1].folder
    outputs = saved_fields(experiment, model_folder(last)).outputs
    goal = goal_of(experiment, outputs)
    limits = outputs[experiment.selection.output].scoring.selection_metric().limits
    points = [point_of(folder / part.folder, part, goal) for part in parts]
    evaluation = read_record(last).evaluation
    return LearningCurve(
        f"{from_to(experiment.inputs, experiment.outputs)}: what would more data bring?",
        goal.metric,
        goal.higher_is_better,
        limits,
        evaluation["split"],
        evaluation["examples"],
        points,
    )


def point_of(run: Path, part: CurvePart, goal: Goal) -> CurvePoint:
    """The score of a finished run.

    Args:
        run: The run.
        part: The part that it was trained on.
        goal: The score.

    Returns:
        The point.

    Raises:
        RunError: The run has no such score.
    """
    record = read_record(run)
    score = record.evaluation["metrics"].get(goal.metric, {}).get("value")
    if score is None:
        raise RunError(f"{run} was not scored by {goal.metric}; delete it and run the command again")
    return CurvePoint(
        part.share, part.seed, int(record.environment["examples"]["train"]), float(score), str(run)
    )
