"""jumok: encoder-decoder models from examples.

`load` a trained model and `predict`, or `train` an experiment; the command `jumok` does the same from a shell.
"""

import os
from typing import TYPE_CHECKING

# Threads of torch (GNU OpenMP) that wait for one another spin by default, for so long that a second busy process
# makes a training some fifteen times slower; a short spin costs little and shares the processor. benchmarks/waiting.py
# measures it. It counts only where torch is not loaded yet, and a value of the user's stays.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

from jumok.deferred import lazy_names
from jumok.errors import ConfigurationError, DataError, JumokError, RunError

if TYPE_CHECKING:
    from jumok import presets
    from jumok.attention.maps import AttentionMap
    from jumok.attention.record import Recording, record
    from jumok.experiment import Experiment, read_experiment
    from jumok.predictor import Predictor, load
    from jumok.training.train import TrainingResult, train
    from jumok.values import Prediction, TextPrediction
    from jumok.workbench.notebook import look
    from jumok.workbench.show import show

__version__ = "0.1.0"

__all__ = [
    "AttentionMap",
    "ConfigurationError",
    "DataError",
    "Experiment",
    "JumokError",
    "TrainingResult",
    "Prediction",
    "Predictor",
    "Recording",
    "RunError",
    "TextPrediction",
    "load",
    "look",
    "presets",
    "read_experiment",
    "record",
    "show",
    "train",
]

# loaded when they are first used: PyTorch alone takes two seconds of a processor
if not TYPE_CHECKING:  # type checkers see the names above only
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "jumok.attention.maps": ("AttentionMap",),
            "jumok.attention.record": ("Recording", "record"),
            "jumok.experiment.file": ("read_experiment",),
            "jumok.experiment.options": ("Experiment",),
            "jumok.predictor.model_folder": ("load",),
            "jumok.predictor.predictor": ("Predictor",),
            "jumok.training.train": ("TrainingResult", "train"),
            "jumok.values": ("Prediction", "TextPrediction"),
            "jumok.workbench.notebook": ("look",),
            "jumok.workbench.show": ("show",),
        },
        modules=["presets"],
    )
