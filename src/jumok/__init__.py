"""jumok: encoder-decoder models from examples.

`load` a trained model and `predict`, or `train` an experiment; the command `jumok` does the same from a shell.
"""

from jumok.errors import ConfigurationError, DataError, JumokError, RunError
from jumok.experiment import Experiment, read_experiment
from jumok.predictor import Predictor, load
from jumok.training import Outcome, train
from jumok.values import Prediction, TextPrediction

__version__ = "0.1.0"

__all__ = [
    "ConfigurationError",
    "DataError",
    "Experiment",
    "JumokError",
    "Outcome",
    "Prediction",
    "Predictor",
    "RunError",
    "TextPrediction",
    "load",
    "read_experiment",
    "train",
]
