"""Training: the loop, its optimizer and schedule, precision, averages, checkpoints."""

from jumok.training.machine import tune_process
from jumok.training.processes import joined, leave
from jumok.training.signals import Interrupted
from jumok.training.train import Outcome, follow, send_away, train

__all__ = ["Interrupted", "Outcome", "follow", "joined", "leave", "send_away", "train", "tune_process"]
