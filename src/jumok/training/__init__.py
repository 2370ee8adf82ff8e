"""Training: the loop, its optimizer and schedule, precision, averages, checkpoints."""

from jumok.errors import Interrupted
from jumok.machine import tune_process
from jumok.training.distributed import init_distributed, shutdown
from jumok.training.reporter import NullReporter
from jumok.training.train import TrainingResult, stop_workers, train, worker_loop

__all__ = [
    "Interrupted",
    "TrainingResult",
    "NullReporter",
    "worker_loop",
    "init_distributed",
    "shutdown",
    "stop_workers",
    "train",
    "tune_process",
]
