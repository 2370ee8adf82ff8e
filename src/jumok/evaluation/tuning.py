"""Thresholds and calibration, chosen on the valid part when a training is done, and kept with the model."""

from pathlib import Path
from typing import TYPE_CHECKING

from jumok.dataset.prepare import Say
from jumok.dataset.split import Split
from jumok.evaluation.answers import OutputPredictions, open_split, predict_split
from jumok.kinds.contract import OutputField
from jumok.predictor.predictor import Predictor

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

MAX_TUNING_EXAMPLES = 1000  # inputs of the valid part that are looked at


def tune(folder: Path, predictor: Predictor, experiment: "Experiment", say: Say) -> Predictor:
    """The same predictor with the choices of its outputs, which are written into the folder of its model.

    Args:
        folder: The folder of the model.
        predictor: The model.
        experiment: Where the valid split is described.
        say: Called with messages.

    Returns:
        The tuned predictor; the same one where there is nothing to choose or no valid split.
    """
    wanted = [name for name, field in predictor.outputs.items() if field.tune is not None]
    if not wanted or "valid" not in experiment.data.splits():
        return predictor
    split = open_split(experiment, predictor, "valid", say)
    if all(is_unseen(split, predictor.outputs[name]) for name in wanted):
        return predictor
    answered = predict_split(predictor, split, MAX_TUNING_EXAMPLES).outputs
    tuned = {name: field for name in wanted if (field := tuned_output(answered[name])) is not None}
    for name, field in tuned.items():
        field.codec.save(folder, predictor.model.decoders[name])
    fields = predictor.fields._replace(outputs={**predictor.outputs, **tuned})
    return Predictor(predictor.model, fields, predictor.decoding, predictor.notes)


def is_unseen(split: Split, field: OutputField) -> bool:
    """Whether a split shows nothing that answers of an output could be compared with."""
    return field.classes is not None and bool(field.classes.lacks(split.texts, split.rows, learning=False))


def tuned_output(answered: OutputPredictions) -> OutputField | None:
    """The output with what is best for its answers; None where they do not tell."""
    field = answered.field
    if field.tune is None or is_unseen(answered.split, field):
        return None
    return field.tune(answered.metric_predictions, answered.metric_references)
