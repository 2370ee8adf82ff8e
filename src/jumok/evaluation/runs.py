"""A run's best model on a split of its data, and beside the model of another run."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.dataset.prepare import Say
from jumok.errors import RunError
from jumok.evaluation.answers import (
    AnswerProgress,
    SplitPredictions,
    final_split,
    open_split,
    predict_examples,
    predict_split,
)
from jumok.metrics.interval import Difference
from jumok.predictor.model_folder import load
from jumok.predictor.predictor import Predictor
from jumok.runs.config import experiment_of
from jumok.wording import from_to

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

ALTERNATIVES = 4  # of an answer, kept for the record


def with_n_best(predictor: Predictor) -> Predictor:
    """The same predictor, which also gives the other answers that its beam finds on the way to the best one."""
    decoding = predictor.decoding
    if decoding.method != "beam":
        return predictor
    best = max(decoding.best, min(decoding.beam, 1 + ALTERNATIVES))
    return predictor.with_options(decoding.model_copy(update={"best": best}))


def evaluate(
    run: Path,
    split: str | None = None,
    decoding: dict[str, Any] | None = None,
    say: Say = lambda _: None,
    progress: AnswerProgress | None = None,
    device: str = "auto",
) -> SplitPredictions:
    """The answers of a run's best model on a split of its data.

    Args:
        run: The run folder.
        split: train, valid or test; the one that a finished run is scored on by default.
        decoding: Changes of the decoding options.
        say: Called with messages.
        progress: Called with the number of answers that are there, and that of all.
        device: Where the model computes.

    Returns:
        The answers.

    Raises:
        RunError: There is no model.
        DataError: The experiment has no such split, or its data cannot be read.
    """
    predictor = load_with_n_best(run, device, decoding, say)
    return answer_split(predictor, experiment_of(run), split, say, progress)


def load_with_n_best(run: Path, device: str, decoding: dict[str, Any] | None, say: Say) -> Predictor:
    """A run's best model, which gives several answers and has said its notes.

    Args:
        run: The run folder.
        device: Where the model computes.
        decoding: Changes of the decoding options.
        say: Called with the notes.

    Returns:
        The predictor.

    Raises:
        RunError: There is no model.
    """
    predictor = with_n_best(load(run, device, decoding))
    for note in predictor.notes:
        say(note)
    return predictor


def answer_split(
    predictor: Predictor,
    experiment: "Experiment",
    split: str | None,
    say: Say,
    progress: AnswerProgress | None = None,
) -> SplitPredictions:
    """The answers of a model to a split of an experiment.

    Args:
        predictor: The model.
        experiment: Where the data are described.
        split: train, valid or test; None for the one that a finished run is scored on.
        say: Called with messages.
        progress: Called with the number of answers that are there, and that of all.

    Returns:
        The answers.

    Raises:
        DataError: The experiment has no such split, or its data cannot be read.
    """
    opened = open_split(experiment, predictor, split or final_split(experiment), say)
    return predict_split(predictor, opened, progress=progress)


def compare(
    run: Path,
    other: Path,
    ours: SplitPredictions,
    decoding: dict[str, Any] | None = None,
    device: str = "auto",
) -> dict[str, Difference]:
    """Whether a run differs from another on the same examples: paired bootstrap of every metric (Koehn, 2004).

    Args:
        run: The run folder.
        other: The run to compare with.
        ours: The answers of the first run.
        decoding: Changes of the decoding options.
        device: Where the other model computes.

    Returns:
        The difference in each metric, first minus other.

    Raises:
        RunError: The other run has other inputs or outputs.
    """
    theirs = load(other, device, decoding)
    if list(theirs.inputs) != list(ours.split.inputs) or list(theirs.outputs) != list(ours.split.outputs):
        raise RunError(
            f"{other} cannot be compared with {run}: it does {from_to(theirs.inputs, theirs.outputs)}; both must have "
            "the same names"
        )
    others = replace(ours, predictions=predict_examples(theirs, ours.split, ours.examples)).outputs
    found: dict[str, Difference] = {}
    for name, one in ours.outputs.items():
        found |= one.named(one.differences(others[name]))
    return found
