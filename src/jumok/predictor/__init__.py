"""From raw input to readable output: what the command line, the evaluation and everything that serves call."""

from jumok.predictor.predictor import Predictor
from jumok.predictor.saved import load, save_model, save_weights, weights_of

__all__ = ["Predictor", "load", "save_model", "save_weights", "weights_of"]
