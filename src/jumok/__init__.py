"""jumok: encoder-decoder models from examples.

`load` a trained model and `predict`, or `train` an experiment; the command `jumok` does the same from a shell.
"""

import os

# Threads of torch (GNU OpenMP) that wait for one another spin by default, for so long that a second busy process
# makes a training some fifteen times slower; a short spin costs little and shares the processor. benchmarks/waiting.py
# measures it. It counts only where torch is not loaded yet, and a value of the user's stays.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

from jumok.attention.maps import AttentionMap
from jumok.attention.record import Recording, record
from jumok.errors import ConfigurationError, DataError, JumokError, RunError
from jumok.experiment import Experiment, read_experiment
from jumok.inspection.show import show
from jumok.predictor import Predictor, load
from jumok.training import Outcome, train
from jumok.values import Prediction, TextPrediction

__version__ = "0.1.0"

__all__ = [
    "AttentionMap",
    "ConfigurationError",
    "DataError",
    "Experiment",
    "JumokError",
    "Outcome",
    "Prediction",
    "Predictor",
    "Recording",
    "RunError",
    "TextPrediction",
    "load",
    "read_experiment",
    "record",
    "show",
    "train",
]
