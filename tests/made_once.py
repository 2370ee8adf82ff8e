"""What takes long to make is made once for all processes of a test run, in a folder that they share."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import blank_curves
from jumok.experiment import Experiment
from jumok.kinds.forecast import showing
from jumok.reporting import plots
from jumok.training import train

shared: list[Path] = []  # the folder of this test run, which conftest.py tells


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """A folder of this name, filled by the first process that asks for it; for reading only."""
    (base,) = shared
    folder, made = base / name, base / f"{name}.made"
    base.mkdir(exist_ok=True)
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def trained_once(name: str, experiment: Callable[[Path], Experiment]) -> Path:
    """A folder with its data and its run, which the first process that asks for it has trained; for reading only.

    Curves and charts of its report are blank.
    """

    def make(folder: Path) -> None:
        torch.set_num_threads(1)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JUMOK_CACHE", str(folder.with_name(f"{name}.cache")))
            patch.setattr(plots, "_drawn", blank_curves.blank)
            patch.setattr(showing, "draw_forecast", blank_curves.blank_chart)
            train(experiment(folder), folder / "run")

    return made_once(name, make)
