"""Training: the loop, its optimizer and schedule, precision, averages, checkpoints."""

from jumok.training.loop import Interrupted
from jumok.training.train import Outcome, train

__all__ = ["Interrupted", "Outcome", "train"]
