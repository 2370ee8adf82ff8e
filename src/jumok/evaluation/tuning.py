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
    (kind,) = predictor.outputs.values()
    if kind.score_threshold is None or "valid" not in experiment.data.splits():
        return predictor
    split = open_split(experiment, predictor, "valid", say)
    if kind.lacks(split.texts, split.rows, learning=False):
        return predictor
    answered = predict_split(predictor, split, MOST)
    tuned = kind.tuned(answered.metric_predictions, answered.metric_references)
    if tuned is None:
        return predictor
    tuned.save(folder, predictor.model.decoders[kind.name])
    fields = predictor.fields._replace(outputs={kind.name: tuned})
    return Predictor(predictor.model, fields, predictor.decoding, predictor.notes)
