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
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from jumok.cli import main
from jumok.experiment import read_experiment
from jumok.training import train
from jumok.training.checkpoint import Checkpoints
from run_contents import assert_same_end, complain
from small_experiments import write_experiment, write_words

STEPS = ("training.steps=6", "training.evaluate_every=2", "training.keep=1", "training.average=last")
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


def test_killed_trainings(tmp_path):
    call = [sys.executable, __file__, str(tmp_path)]
    done = subprocess.run(call, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


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
    call = command(folder, folder / "random", *STEPS, "training.steps=60")
    for _ in range(20):
        child = training(call)
        time.sleep(random.uniform(0.05, 0.4))
        os.kill(child, signal.SIGKILL)
        status_of(child)
    if status_of(training(call)) != 0:
        raise AssertionError("the training did not end well")
    if status_of(training(command(folder, folder / "long", *STEPS, "training.steps=60"))) != 0:
        raise AssertionError("the undisturbed training did not end well")
    assert_same_end(folder / "random", folder / "long")


def training(arguments: list[str], stop_at: int | None = None) -> int:
    """Start a process that trains; its number."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        if stop_at is not None:
            vanish_at(stop_at)
        try:
            main(arguments)
        except SystemExit as end:
            os._exit(int(end.code or 0))
    return child


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


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[[int], subprocess.Popen]]:
    """Starts `jumok train` in a process of its own; none outlives the test."""
    started = []

    def start_process(steps: int) -> subprocess.Popen:
        words = command(tmp_path, tmp_path / "run", *ENDLESS, f"training.steps={steps}")
        call = [sys.executable, "-m", "jumok", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(call, env=environment(), text=True, **pipes))
        return started[-1]

    yield start_process
    for process in started:
        process.kill()
        process.communicate()


def wait_for_step(run: Path, step: int, process: subprocess.Popen) -> None:
    """Wait until a training has written the checkpoint of a step at least."""
    while last_step(run) < step:
        if process.poll() is not None:
            raise AssertionError(f"no checkpoint of step {step}: {process.communicate()}")
        time.sleep(0.01)


def last_step(run: Path) -> int:
    return Checkpoints(run / "checkpoints", warn=complain).latest_step() or 0


def test_the_command_killed_then_interrupted_then_left_alone(start, tmp_path):
    write_small(tmp_path)
    run = tmp_path / "run"

    killed = start(10**6)
    wait_for_step(run, 10, killed)
    killed.kill()
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL

    interrupted = start(10**6)
    wait_for_step(run, last_step(run) + 10, interrupted)
    interrupted.send_signal(signal.SIGINT)
    output, talk = interrupted.communicate()
    assert interrupted.returncode == 1 and output == "" and "Traceback" not in talk
    assert f"{run}: training goes on from step" in talk
    assert talk.endswith(f"stopped and saved in {run}; the same command goes on from here\n")

    steps = last_step(run) + 13
    ended = start(steps)
    output, talk = ended.communicate()
    assert ended.returncode == 0 and output == "", talk

    train(read_experiment(tmp_path / "x.yaml", [*ENDLESS, f"training.steps={steps}"]), tmp_path / "whole")
    assert_same_end(run, tmp_path / "whole")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.optim.AdamW([torch.zeros(1)])  # loads what takes seconds, once for all
    random.seed(1)
    base = Path(sys.argv[1])
    write_small(base)
    if status_of(training(command(base, base / "whole", *STEPS))) != 0:
        raise AssertionError("the undisturbed training did not end well")
    at_every_call(base)
    at_random_moments(base)
