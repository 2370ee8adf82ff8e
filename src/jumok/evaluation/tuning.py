"""What is told of answers, chosen on the valid part when a training is done, and kept with the model."""

from pathlib import Path
from typing import TYPE_CHECKING

from jumok.dataset.prepare import Say
from jumok.evaluation.answers import open_split, predict_split
from jumok.predictor.predictor import Predictor

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

MOST = 1000  # inputs of the valid part that are looked at


def tune(folder: Path, predictor: Predictor, experiment: "Experiment", say: Say) -> Predictor:
    """The same predictor with the choices of its outputs, which are written into the folder of its model."""
    (field,) = predictor.outputs.values()
    if field.threshold is None or "valid" not in experiment.data.splits():
        return predictor
    split = open_split(experiment, predictor, "valid", say)
    if field.classes is not None and field.classes.lacks(split.texts, split.rows, learning=False):
        return predictor
    answered = predict_split(predictor, split, MOST)
    tuned = field.threshold.tuned(answered.metric_predictions, answered.metric_references)
    if tuned is None:
        return predictor
    tuned.codec.save(folder, predictor.model.decoders[field.name])
    fields = predictor.fields._replace(outputs={field.name: tuned})
    return Predictor(predictor.model, fields, predictor.decoding, predictor.notes)
