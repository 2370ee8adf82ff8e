"""Training: the loop, its optimizer and schedule, precision, averages, checkpoints."""

from jumok.errors import Interrupted
from jumok.machine import tune_process
from jumok.training.processes import joined, leave
from jumok.training.reporter import Silent
from jumok.training.train import Outcome, follow, send_away, train

__all__ = [
    "Interrupted",
    "Outcome",
    "Silent",
    "follow",
    "joined",
    "leave",
    "send_away",
    "train",
    "tune_process",
]
