"""Training over two hosts, which are two addresses of this machine: one dies, and the other goes on alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from jumok.experiment import read_experiment
from jumok.training import NullReporter, train
from jumok.training.checkpoint import Checkpoints
from run_contents import complain, last_checkpoint, log_of
from small_experiments import write_experiment, write_words

TESTS = Path(__file__).parents[1]
SMALL = (
    *("model.dropout=0", "training.schedule=constant", "training.warmup=3", "training.evaluate_every=4"),
    "training.patience=null",
)


@pytest.fixture
def hosts(tmp_path) -> Iterator[list[subprocess.Popen]]:
    """The same command on both hosts."""
    write_words(tmp_path, train=60)
    write_experiment(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]), "NO_COLOR": "1"}
    changes = [word for override in (*SMALL, "training.steps=1000000") for word in ("--set", override)]
    train_words = ["-m", "jumok", "train", str(tmp_path / "x.yaml"), "--run", str(tmp_path / "run"), *changes]
    started = []
    for rank, address in enumerate(("127.0.0.1", "127.0.0.2")):
        torchrun = [
            *(
                "-m",
                "torch.distributed.run",
                "--nnodes",
                "2",
                "--node-rank",
                str(rank),
                "--nproc-per-node",
                "1",
            ),
            *("--master-addr", "127.0.0.1", "--master-port", str(port), "--local-addr", address),
            *("--no-python", "--"),
        ]
        with open(tmp_path / f"{address}.log", "w") as talk:
            call = [sys.executable, *torchrun, sys.executable, *train_words]
            started.append(subprocess.Popen(call, env=environment, stderr=talk, start_new_session=True))
    yield started
    for process in started:
        kill(process)


def kill(host: subprocess.Popen) -> None:
    """As a power cut: torchrun and its processes are gone at once."""
    for process in [host.pid, *descendants(host.pid)] if host.poll() is None else []:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    host.wait()


def descendants(process: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = children.get(process, [])
    for child in found:  # grows while it is gone through
        found.extend(children.get(child, []))
    return found


def test_the_host_that_is_left_says_what_happened_and_goes_on(hosts, tmp_path):
    run, talk = tmp_path / "run", tmp_path / "127.0.0.1.log"
    checkpoints = Checkpoints(run / "checkpoints", warn=complain)
    while (checkpoints.latest_step() or 0) < 8:
        assert hosts[0].poll() is None, talk.read_text()
        time.sleep(0.02)
    kill(hosts[1])
    assert hosts[0].wait() != 0
    said = talk.read_text()
    assert "2 processes" in said and "jumok/" not in said  # no traceback of ours
    assert "error: another process of this training is gone" in said
    steps = checkpoints.latest_step() + 8
    train(read_experiment(tmp_path / "x.yaml", [*SMALL, f"training.steps={steps}"]), run, NullReporter())
    assert last_checkpoint(run).step == steps
    valid = [line for line in log_of(run) if line["split"] == "valid"]
    assert [line["step"] for line in valid] == list(range(4, steps + 1, 4))
    assert valid[-1]["loss"] < valid[0]["loss"]
