"""Cross-prediction: each fold of train is looked at by a model that has not learned from it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jumok.dataset.folds import fold_numbers
from jumok.dataset.prepare import Say
from jumok.dataset.split import Split
from jumok.evaluation.answers import open_split
from jumok.evaluation.mistakes.suspicions import CheckedRows, check_rows
from jumok.experiment.options import FoldOptions
from jumok.predictor import load
from jumok.runs.layout import RunLayout
from jumok.training.reporter import Reporter
from jumok.training.train import train

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment


def without_fold(experiment: "Experiment", number: int, of: int) -> "Experiment":
    """The same experiment, trained without one fold of train.

    Raises:
        DataError: Its data have no folds, like windows that overlap.
    """
    data = {**experiment.data.model_dump(mode="json"), "fold": FoldOptions(number=number, of=of).model_dump()}
    training = {**experiment.training.model_dump(mode="json"), "baselines": False}
    changed = {**experiment.model_dump(mode="json"), "data": data, "training": training}
    return type(experiment).model_validate(changed)


def check_folds(
    run: Path,
    experiment: "Experiment",
    folds: int,
    device: str,
    reporter: Reporter,
    say: Say,
    progress: Callable[[int], None] | None = None,
) -> Iterator[CheckedRows]:
    """Train once for each fold, without it, and compare its annotations with what that model says.

    A training that was interrupted goes on when this is called again; one that is done is not done again.

    Args:
        run: The run that the trainings are kept in.
        experiment: The experiment.
        folds: How many folds there are.
        device: Where the models compute.
        reporter: Receives the events of the trainings.
        say: Called with messages.
        progress: Called with the number of examples that were compared since it was called last.

    Returns:
        The examples of each fold, one fold after the other.
    """
    for number in range(folds):
        folder = RunLayout(run).fold(number, folds)
        say(f"fold {number + 1} of {folds}: {folder}")
        train(without_fold(experiment, number, folds), folder, reporter)
        predictor = load(folder, device)
        split = open_split(experiment, predictor, "train", lambda _: None)
        yield check_rows(
            predictor, split, examples_of_fold(split, number, folds), is_seen=False, progress=progress
        )


def examples_of_fold(split: Split, number: int, of: int) -> list[int]:
    """The examples of train that a training without this fold has not seen."""
    numbers = fold_numbers(split.texts, list(split.inputs), of)[split.rows]
    return [int(i) for i in np.flatnonzero(numbers == number)]
