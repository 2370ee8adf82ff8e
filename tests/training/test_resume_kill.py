"""Whenever a training process is killed, the same command ends with the weights of a training that never was.

The killing happens in a program of its own: it loads torch once and forks its trainings, which a process that
has run OpenMP must not do.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
import torch

import blank_curves
from jumok.cli import main
from jumok.training.checkpoint import Checkpoints
from run_contents import assert_same_end, complain
from small_experiments import write_experiment, write_words

STEPS = ("training.steps=4", "training.evaluate_every=2", "training.keep=1", "training.average=last")
TESTS = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(TESTS), *sys.path])
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path, "NO_COLOR": "1"}


def command(folder: Path, run: Path, *overrides: str) -> list[str]:
    """What a user types to train, after the word jumok."""
    changes = [word for override in overrides for word in ("--set", override)]
    return ["train", str(folder / "x.yaml"), "--run", str(run), *changes]


def write_small(folder: Path) -> None:
    write_words(folder, train=60)
    write_experiment(folder)


@pytest.fixture(scope="module")
def ended(python, tmp_path_factory) -> subprocess.CompletedProcess[str]:
    """The program of this file, come to its end."""
    call = [*python, __file__, str(tmp_path_factory.mktemp("killed"))]
    return subprocess.run(call, env=environment(), capture_output=True, text=True)


@pytest.mark.parametrize("part", ["at every call", "at random moments"])
def test_killed_trainings(ended, part):
    assert f"whole: {part}" in ended.stdout.splitlines(), ended.stdout + ended.stderr[-3000:]


def test_the_command_killed_then_interrupted_then_left_alone(ended):
    assert "whole: in three sessions" in ended.stdout.splitlines(), ended.stdout + ended.stderr[-3000:]
    assert ended.returncode == 0, ended.stdout + ended.stderr[-3000:]


def at_every_call(folder: Path) -> None:
    """Kill a training before its first call that changes the disk, the next one before its second, and so on.

    A run that comes to its end is compared, and a new one begun, until one needs no more calls than were tried.
    """
    moment, number, began = 0, 0, 0
    while True:
        run = folder / f"run{number}"
        if status_of(training(command(folder, run, *STEPS), stop_at=moment)) == 0:
            assert_same_end(run, folder / "whole")
            if began == moment:  # in one go
                break
            number, began = number + 1, moment + 1
        moment += 1
    if moment < 50:
        raise AssertionError(f"only {moment} calls were seen")


def at_random_moments(folder: Path) -> None:
    """Kill one training from outside, again and again, and let it come to its end."""
    call = command(folder, folder / "random", *STEPS, "training.steps=40")
    for _ in range(10):
        child = training(call)
        time.sleep(random.uniform(0.05, 0.4))
        os.kill(child, signal.SIGKILL)
        status_of(child)
    if status_of(training(call)) != 0:
        raise AssertionError("the training did not end well")
    if status_of(training(command(folder, folder / "long", *STEPS, "training.steps=40"))) != 0:
        raise AssertionError("the undisturbed training did not end well")
    assert_same_end(folder / "random", folder / "long")


def training(arguments: list[str], stop_at: int | None = None, talk: str = os.devnull) -> int:
    """Start a process that trains, which says in the file `talk` what it says; its number."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(talk, os.O_WRONLY | os.O_CREAT, 0o600), 2)
        if stop_at is not None:
            vanish_at(stop_at)
        try:
            main(arguments)
        except SystemExit as end:
            sys.stderr.flush()
            os._exit(int(end.code or 0))
    return child


def load_what_training_loads(folder: Path) -> None:
    """Let a process train, and load here what it loads, so that none of the next ones takes seconds for it."""
    names = folder / "loaded"
    child = os.fork()
    if child == 0:
        with suppress(SystemExit):
            main(command(folder, folder / "first", *STEPS))
        names.write_text("\n".join(sys.modules))
        os._exit(0)
    status_of(child)
    for name in names.read_text().splitlines():
        with suppress(ImportError):  # a few are no files of their own
            import_module(name)


def status_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def vanish_at(moment: int) -> None:
    """Make the process vanish before its call number `moment` of those that change the disk."""
    calls = 0

    def counted(call):
        def stopping(*arguments, **named):
            nonlocal calls
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            calls += 1
            return call(*arguments, **named)

        return stopping

    for name in ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))


# --- the command itself, in three sessions

ENDLESS = (
    "training.schedule=constant",
    "training.warmup=5",
    "training.evaluate_every=10",
    "training.patience=null",
)


def wait_for_step(run: Path, step: int, child: int) -> None:
    """Wait until a training has written the checkpoint of a step at least."""
    while last_step(run) < step:
        if os.waitpid(child, os.WNOHANG)[0]:
            raise AssertionError(f"the training ended without a checkpoint of step {step}")
        time.sleep(0.01)


def last_step(run: Path) -> int:
    return Checkpoints(run / "checkpoints", warn=complain).latest_step() or 0


def require(holds: bool, what: object) -> None:
    if not holds:
        raise AssertionError(what)


def in_three_sessions(folder: Path) -> None:
    """Killed, then interrupted, then left alone."""
    run = folder / "run"

    def start(steps: int, talk: str = os.devnull) -> int:
        return training(command(folder, run, *ENDLESS, f"training.steps={steps}"), talk=talk)

    killed = start(10**6)
    wait_for_step(run, 10, killed)
    os.kill(killed, signal.SIGKILL)
    require(status_of(killed) == -signal.SIGKILL, "not killed")

    interrupted = start(10**6, str(folder / "talk"))
    wait_for_step(run, last_step(run) + 10, interrupted)
    os.kill(interrupted, signal.SIGINT)
    status, talk = status_of(interrupted), (folder / "talk").read_text()
    require(status == 1 and "Traceback" not in talk, talk)
    require(f"{run}: training goes on from step" in talk, talk)
    end = f"stopped and saved in {run}; the same command goes on from here\n"
    require(talk.endswith(end), talk)

    steps = last_step(run) + 13
    require(status_of(start(steps)) == 0, "the third session did not end well")
    undisturbed = command(folder, folder / "undisturbed", *ENDLESS, f"training.steps={steps}")
    require(status_of(training(undisturbed)) == 0, "the undisturbed training did not end well")
    assert_same_end(run, folder / "undisturbed")


if __name__ == "__main__":
    blank_curves.install()
    torch.set_num_threads(1)
    torch.optim.AdamW([torch.zeros(1)])  # loads what takes seconds, once for all
    random.seed(1)
    base = Path(sys.argv[1])
    write_small(base)
    load_what_training_loads(base)
    if status_of(training(command(base, base / "whole", *STEPS))) != 0:
        raise AssertionError("the undisturbed training did not end well")
    for part in (at_every_call, at_random_moments, in_three_sessions):
        part(base)
        print("whole:", part.__name__.replace("_", " "), flush=True)
