"""From raw input to readable output: what the command line, the evaluation and everything that serves call."""

from typing import TYPE_CHECKING

from jumok.deferred import lazy_names

if TYPE_CHECKING:
    from jumok.predictor.model_folder import load, save_model, save_weights, weights_of
    from jumok.predictor.predictor import Predictor

__all__ = ["Predictor", "load", "save_model", "save_weights", "weights_of"]

if not TYPE_CHECKING:  # who checks types sees the names above, and no others
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "jumok.predictor.model_folder": ("load", "save_model", "save_weights", "weights_of"),
            "jumok.predictor.predictor": ("Predictor",),
        },
    )
