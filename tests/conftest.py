"""The same conditions for every test: one thread, one seed, a cache of its own."""

from pathlib import Path
from uuid import uuid4

import pytest
import torch

from jumok.experiment import read_experiment
from jumok.training import train
from small_experiments import write_reversal


@pytest.fixture(autouse=True)
def same_conditions(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.getbasetemp() / "caches" / uuid4().hex
    cache.mkdir(parents=True)
    monkeypatch.setenv("JUMOK_CACHE", str(cache))
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def reversal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with x.yaml and its run, which has learned to write words from right to left; for reading only."""
    folder = tmp_path_factory.mktemp("reversal")
    file = write_reversal(folder)
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUMOK_CACHE", str(tmp_path_factory.mktemp("cache")))
        train(read_experiment(file), folder / "run")
    return folder


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, reversal: Path) -> Path:
    """A run on the same data that has learned next to nothing; for reading only."""
    folder = tmp_path_factory.mktemp("small")
    steps = ["training.steps=2", "model.width=16", "training.evaluate_every=1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUMOK_CACHE", str(tmp_path_factory.mktemp("cache")))
        train(read_experiment(reversal / "x.yaml", steps), folder / "run")
    return folder / "run"
