"""Two processes learn what one learns where rows lack an input, even all rows that one of the processes has.

torchrun starts this file as a program of two processes; what it trained is then compared with one process.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from test_modality_dropout import two_inputs
from test_processes import TORCHRUN, assert_close_end, environment

import blank_curves
from jumok.experiment import Experiment
from jumok.training import init_distributed, shutdown, train
from jumok.training.batches import Batches
from jumok.values import PartialBatch
from run_contents import last_checkpoint

SETTINGS = (
    "model.dropout=0",
    "training.schedule=constant",
    "training.warmup=3",
    "training.batch_tokens=12",  # often one row a process
    "training.evaluate_every=4",
    "training.steps=8",
)
DROPOUT = "training.modality_dropout={}"


def experiment_of(folder: Path, dropout: float) -> Experiment:
    return two_inputs(folder, *SETTINGS, DROPOUT.format(dropout))


def test_a_process_whose_rows_all_lack_an_input_learns_along(python, tmp_path, monkeypatch):
    """Nothing differs from one process; with modality dropout, which each process draws, both come to the end."""
    monkeypatch.setenv("JUMOK_CACHE", str(tmp_path / "cache"))
    torch.set_num_threads(1)
    experiment = experiment_of(tmp_path, 0.0)
    call = [*python, *TORCHRUN, *python, __file__, str(tmp_path)]
    done = subprocess.run(call, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    train(experiment, tmp_path / "one")
    assert_close_end(tmp_path / "two", tmp_path / "one")
    assert last_checkpoint(tmp_path / "dropped").step == last_checkpoint(tmp_path / "two").step


def train_in_two(folder: Path) -> None:
    """Train, and check that in some step one process alone had no row with the optional input."""
    processes = init_distributed()
    had: list[bool] = []  # in each batch of this process
    take = Batches.next

    def noted(batches: Batches) -> Any:
        found = take(batches)
        hint = found.batch.result().inputs["hint"]
        had.append(not isinstance(hint, PartialBatch) or bool(hint.present.any()))
        return found

    Batches.next = noted  # type: ignore[method-assign]
    for dropout, run in ((0.0, "two"), (0.5, "dropped")):
        had.clear()
        train(processes.rank_zero_first(lambda share=dropout: experiment_of(folder, share)), folder / run)
        one, other = processes.all_gather(lambda: list(had))
        if all(a == b for a, b in zip(one, other, strict=True)):
            raise RuntimeError("in no step did one process alone lack the input, so nothing was tested")


if __name__ == "__main__":
    blank_curves.install()
    torch.set_num_threads(1)
    train_in_two(Path(sys.argv[1]))
    shutdown()
    os._exit(0)
