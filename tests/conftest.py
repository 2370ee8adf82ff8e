"""The same conditions for every test: one thread, one seed, a cache of its own; and the command line to call."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest

# Where bytecode may not lie beside the sources, it lies here: else each process compiles torch and the rest anew,
# which takes longer than most tests. Workers and commands inherit it.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import torch
import typer.main

import blank_curves
import made_once
import preloaded
from jumok.cli import main
from jumok.evaluation import answers, apart, baselines
from jumok.experiment import read_experiment
from small_experiments import write_reversal

# Each command line builds the tree of all commands, always the same one.
typer.main.get_command = cache(typer.main.get_command)
# All devices are seeded where there are several; each that is not there keeps the stack of who asked.
seed = torch.manual_seed if torch.cuda.is_available() else torch.default_generator.manual_seed


@pytest.fixture(autouse=True)
def same_conditions(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.getbasetemp() / "caches" / uuid4().hex  # made when something is kept
    monkeypatch.setenv("JUMOK_CACHE", str(cache))
    torch.set_num_threads(1)
    seed(0)


@pytest.fixture(autouse=True)
def curves(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves are drawn only where tests look at them."""
    if not set(blank_curves.DRAWN) & set(request.path.parts):
        monkeypatch.setattr(blank_curves.plots, "_drawn", blank_curves.blank)


@pytest.fixture(scope="session", autouse=True)
def few_resamples() -> Iterator[None]:
    """Scores are resampled 200 times, enough for p < 0.05 of five comparisons; tests/metrics tests the bootstrap."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (answers, apart, baselines):
            patch.setattr(module, "RESAMPLES", 200)
        yield


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is made once is in a folder that all processes of this test run know."""
    own = tmp_path_factory.getbasetemp()
    made_once.shared[:] = [(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared"]


@pytest.fixture(scope="session")
def python() -> Iterator[list[str]]:
    """The beginning of a command line, as [sys.executable] is, whose process has loaded torch already."""
    with preloaded.python() as command:
        yield command


@pytest.fixture
def quick_processes(python: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that jumok itself starts, and those that these start, are forked where torch is loaded already."""
    (interpreter,) = python
    monkeypatch.setattr(sys, "executable", interpreter)
    monkeypatch.setenv(preloaded.INTERPRETER, interpreter)


@pytest.fixture(scope="session")
def reversal() -> Path:
    """A folder with x.yaml and its run, which has learned to write words from right to left; for reading only."""
    return made_once.trained_once("reversal", lambda folder: read_experiment(write_reversal(folder)))


@pytest.fixture(scope="session")
def small_run(reversal: Path) -> Path:
    """A run on the same data that has learned next to nothing; for reading only."""
    steps = ["training.steps=2", "model.width=16", "training.evaluate_every=1"]
    return made_once.trained_once("small", lambda _: read_experiment(reversal / "x.yaml", steps)) / "run"


class Ended(NamedTuple):
    """A command that came to its end."""

    status: int
    output: str
    talk: str  # stderr


class Keyboard(io.TextIOWrapper):
    """Standard input of a person."""

    def isatty(self) -> bool:
        return True


Shell = Callable[..., Ended]


@pytest.fixture
def jumok(capsys, monkeypatch) -> Shell:
    """Run `jumok` with these words, `given` on standard input."""

    def run(*words: object, given: bytes = b"", keyboard: bool = False) -> Ended:
        stdin = Keyboard if keyboard else io.TextIOWrapper
        monkeypatch.setattr(sys, "stdin", stdin(io.BytesIO(given)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        output, talk = capsys.readouterr()
        assert isinstance(end.value.code, int) and "Traceback" not in talk
        return Ended(end.value.code, output, talk)

    return run


@pytest.fixture
def refused(jumok) -> Callable[..., str]:
    """Run a command that must be refused; the sentence."""

    def run(*words: object, given: bytes = b"") -> str:
        ended = jumok(*words, given=given)
        assert ended.status == 2 and ended.output == ""
        *_, sentence = ended.talk.splitlines()
        assert sentence.startswith("error: ")
        return sentence.removeprefix("error: ")

    return run
