"""A training of a sweep waits for its predecessor, which may still be saving the run."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jumok.experiment import read_experiment
from jumok.runs.layout import LOCK, RunLayout
from jumok.runs.ownership import owner_of, wait_for_owner
from jumok.sweeps.jobs import Event, LocalJobs
from small_experiments import write_experiment, write_words

PYTHON = sys.executable  # whose process has the number that is told
HOLDER = """
import fcntl, os, sys
file = open(sys.argv[1], "a+")
fcntl.flock(file, fcntl.LOCK_EX)
print(os.getpid(), file=file, flush=True)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process owns the folder, until its input ends."""
    lock.parent.mkdir(exist_ok=True)
    call = [PYTHON, "-c", HOLDER, str(lock)]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        yield holder
        holder.communicate()


def test_waiting_is_bounded_and_told_once(tmp_path):
    lock, told = tmp_path / "run" / LOCK, []
    assert wait_for_owner(lock, 0, told.append) and told == []  # no run yet
    with held(lock) as holder:
        begun = time.monotonic()
        assert not wait_for_owner(lock, 0.3, told.append)
        assert time.monotonic() - begun >= 0.3 and told == [str(holder.pid)]
    assert owner_of(lock) is None and wait_for_owner(lock, 0, told.append) and len(told) == 1


def test_a_training_waits_for_the_process_that_is_saving(quick_processes, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_words(tmp_path)
    options = ["training.steps=2", "training.evaluate_every=2"]
    experiment = read_experiment(write_experiment(tmp_path), options)
    run, events = tmp_path / "run", list[Event]()
    with held(run / LOCK) as holder, LocalJobs(1, tmp_path / "logs") as jobs:
        jobs.start("0001", experiment, run)
        while not events:
            events += jobs.wait(60.0)
        assert (
            events[0].name == "waiting" and f"process {holder.pid} is still saving" in events[0].facts["why"]
        )
        assert not RunLayout(run).config.exists()
        holder.communicate()
        while jobs.working:
            events += jobs.wait(60.0)
    assert [event.name for event in events if event.name != "step"] == ["waiting", "evaluation", "end"]
    assert RunLayout(run).evaluation.exists()
