"""Whenever the writer is killed, a whole checkpoint is there, at least as new as the last one it finished.

The killing happens in a program of its own, with one thread: a process that runs OpenMP must not be forked.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from jumok.training.checkpoint import Checkpoints


def test_killed_writers(python, tmp_path):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [*python, __file__, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def at_every_call(folder: Path) -> None:
    """Stop the writer before its first call that changes the disk, its second, and so on to the end."""
    moment, finished = 0, False
    while not finished:
        before = last_step(folder)
        finished, acknowledged = killed_writer(folder, stop_at=moment, kill_after=None)
        check(folder, max(before, acknowledged))
        moment += 1
    if moment < 30:
        raise AssertionError(f"only {moment} calls were seen")


def at_random_moments(folder: Path) -> None:
    """Kill the writer from outside, 30 times."""
    for _ in range(30):
        before = last_step(folder)
        _, acknowledged = killed_writer(folder, stop_at=None, kill_after=random.uniform(0.0, 0.03))
        check(folder, max(before, acknowledged))


def killed_writer(folder: Path, stop_at: int | None, kill_after: float | None) -> tuple[bool, int]:
    """Let a child save; tells whether it came to its end, and the last step that it had finished."""
    reading, writing = os.pipe()
    first = last_step(folder) + 1
    child = os.fork()
    if child == 0:
        if stop_at is not None:
            vanish_at(stop_at)
        write(folder, first, saves=3 if kill_after is None else 10_000, report=writing)
        os._exit(0)
    os.close(writing)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as lines:
        acknowledged = [int(line) for line in lines]
    return status == 0, max(acknowledged, default=0)


def write(folder: Path, first: int, saves: int, report: int) -> None:
    """Save every step twice, so that replacing is interrupted, too."""
    checkpoints = Checkpoints(folder, keep=2, warn=complain)
    for number in range(saves):
        step = first + number // 2
        tensors = {"model": {"a": torch.full((50, 20), step), "b": torch.full((3,), float(step))}, "none": {}}
        checkpoints.save(step, tensors, {"step": step})
        os.write(report, f"{step}\n".encode())


def vanish_at(moment: int) -> None:
    """Make the process vanish before its call number `moment` of those that change the disk."""
    calls = 0

    def counted(call: Callable) -> Callable:
        def stopping(*arguments, **options):
            nonlocal calls
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            calls += 1
            return call(*arguments, **options)

        return stopping

    for name in ("fsync", "rename", "mkdir", "unlink", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))


def check(folder: Path, at_least: int) -> None:
    """The newest checkpoint is whole, as new as it should be, and alone but for an older one."""
    checkpoints = Checkpoints(folder, warn=complain)
    loaded = checkpoints.load()
    names = sorted(os.listdir(folder)) if folder.exists() else []
    if loaded is None:
        right = at_least == 0 and names == []
    else:
        right = loaded.step >= at_least and loaded.state == {"step": loaded.step}
        right = right and all((tensor == loaded.step).all() for tensor in loaded.tensors["model"].values())
        right = right and loaded.path.name == names[-1] and all(name.startswith("step-") for name in names)
        right = right and all(len(os.listdir(folder / name)) == 4 for name in names)  # older ones, too
    if not right:
        raise AssertionError(f"expected step {at_least} or later; {names}; {loaded}")
    if random.random() < 0.1:  # also begin from nothing now and then
        shutil.rmtree(folder, ignore_errors=True)


def last_step(folder: Path) -> int:
    return Checkpoints(folder, warn=complain).latest_step() or 0


def complain(sentence: str) -> None:
    raise AssertionError(sentence)  # nothing that a kill leaves may look damaged


if __name__ == "__main__":
    torch.set_num_threads(1)
    random.seed(1)
    at_every_call(Path(sys.argv[1]) / "one")
    at_random_moments(Path(sys.argv[1]) / "other")
