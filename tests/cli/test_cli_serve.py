"""`jumok serve`: the real server with the real processes, and what it refuses."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError

import pytest

import made_once
from jumok.errors import RunError
from jumok.experiment import read_experiment
from jumok.serving import memory
from jumok.serving.limits import ServingLimits
from jumok.serving.process import WorkerProcess
from jumok.serving.prove.attacks import png_bomb
from jumok.serving.prove.proof import cores_between, longest_gap, slope_of
from jumok.serving.prove.step import percentile, step_of
from jumok.serving.prove.table import tables_of
from jumok.serving.prove.target import LONGEST_LINE, ProvedServer
from served_models import run
from small_experiments import write_reversal

PYTHON = sys.executable  # whose process has the number that is killed
PATIENCE = 240  # seconds


@pytest.fixture(scope="module")
def trained() -> Path:
    """A run that has learned next to nothing; for reading only."""
    steps = ["training.steps=2", "model.width=16", "training.evaluate_every=1"]
    return (
        made_once.trained_once("served", lambda folder: read_experiment(write_reversal(folder), steps))
        / "run"
    )


class Running:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.events = process, []
        self.reading = Thread(target=self.read, daemon=True)
        self.reading.start()

    def read(self) -> None:
        for line in self.process.stderr:
            self.events.append(json.loads(line) if line.startswith("{") else {"event": line})

    def wait(self, event: str, after: int = 0) -> dict:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            for one in self.events[after:]:
                if event in one["event"]:
                    return one
            time.sleep(0.05)
        raise AssertionError(f"no event {event!r}: {self.events}")

    def ask(self, path: str, document: dict | None = None) -> tuple[int, dict]:
        address = self.wait("starting")["address"]
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(address + path, data, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@contextmanager
def running(*words: object) -> Iterator[Running]:
    command = [PYTHON, "-m", "jumok", "serve", *map(str, words), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        server = Running(process)
        yield server
    finally:
        process.kill()
        process.wait()
        server.reading.join()
        process.stderr.close()


def test_a_server_answers_survives_and_ends_in_order(quick_processes, trained):
    with running(f"letters={trained}", "--threads", 1, "--timeout", 200, "--wait", 100) as server:
        server.wait("serving letters")
        status, said = server.ask("/predict/letters", {"inputs": "abc", "method": "greedy"})
        assert status == 200 and "text" in said["answer"]
        assert server.ask("/v2/health/ready") == (200, {"ready": True})

        os.kill(server.wait("loaded")["process"], signal.SIGKILL)
        count = len(server.events)
        server.wait("died")
        assert server.ask("/predict", {"inputs": "abc", "method": "greedy"}) == (status, said)

        server.process.send_signal(signal.SIGHUP)
        server.wait("reloaded", count)
        assert server.ask("/predict", {"inputs": "abc", "method": "greedy"}) == (status, said)

        answers: list[tuple[int, dict]] = []
        asking = [
            Thread(target=lambda: answers.append(server.ask("/predict", {"inputs": "abc", "beam": 9})))
            for _ in range(5)
        ]
        for one in asking:
            one.start()
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        for one in asking:
            one.join()
        assert {status for status, _ in answers} <= {200, 503} and answers
        assert server.process.wait(PATIENCE) == 0


def test_a_port_in_use_is_refused(trained, refused):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused("serve", trained, "--port", port)
    assert (
        said
        == f"port {port} of 127.0.0.1 cannot be used (Address already in use); --port 0 takes any free one"
    )


def test_what_cannot_be_served_is_refused(trained, refused, tmp_path, monkeypatch):
    assert "there is no such run" in refused("serve", tmp_path / "none")
    (tmp_path / "begun" / "checkpoints").mkdir(parents=True)
    assert "this run has no model yet" in refused("serve", tmp_path / "begun")
    run = trained
    assert "two models are called 'run'" in refused("serve", run, run)
    assert "one model at a time" in refused("serve", run, f"b={run}", "--prove")
    assert "name an address of this machine" in refused("serve", run, "--host", "no.such.host.invalid")
    assert "memory" in refused("serve", run, "--max-memory", 1)
    monkeypatch.setattr("jumok.cli.serve.EXTRA_PACKAGES", ("no_such_package",))
    assert refused("serve", run).endswith("pip install 'jumok[serve]'")


def test_a_model_that_does_not_fit_memory(trained, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 5_000_000)
    with pytest.raises(RunError, match="needs about .* MB of memory; 5 MB are free"):
        memory.require_room(trained, ServingLimits())


def test_figures_of_a_proof():
    assert slope_of([(0.0, 5), (1.0, 7), (2.0, 9)]) == pytest.approx(2.0)
    assert longest_gap([0.5, 3.0, 3.5]) == 2.5
    assert percentile([0.1, 0.2, 0.3, 0.4], 0.5) == 300.0
    result = {"statuses": {"200": 6, "429": 3, "0": 1, "500": 2}, "latencies": [0.1] * 6, "late": 0.0}
    cores = cores_between({"server": 1.0, "model": 2.0}, {"server": 1.5, "model": 1.9}, 2.0)
    assert cores == {"server": 0.25, "model": 0.0}
    step = step_of(2.0, 4.0, 3.0, {**result, "in_time": 6}, 10, cores)
    assert (step.goodput, step.shed, step.failed, step.lost) == (2.0, 0.25, 2, 1)
    aims = [{"aim": "lost", "measured": 1.0, "wanted": 0, "met": False}]
    beside = {"beside": step.to_json()}
    proof = {
        "one_at_a_time": 1.0,
        "capacity": 2.0,
        "steps": [step.to_json()],
        "attacks": beside,
        "aims": aims,
    }
    loads, told = tables_of({**proof, "killed": {"step": step.to_json()}})
    assert loads.row_count == 3 and told.row_count == 1


def test_a_bomb_is_small_and_large():
    from PIL import Image

    data = png_bomb()
    assert len(data) < 1_000_000 and data.startswith(b"\x89PNG")
    with pytest.raises(Image.DecompressionBombError):
        import io

        Image.open(io.BytesIO(data))


def test_the_log_of_a_server_is_read_to_its_end():
    """Empty lines, as tracebacks have them, do not end it: what writes into a pipe that nobody reads waits for ever."""

    async def test():
        said = "import sys; sys.stderr.write('a\\n\\n{\"event\": \"loaded\"}\\n' + 'x' * 300_000 + '\\n'); print(1)"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", said), stderr=asyncio.subprocess.PIPE, limit=LONGEST_LINE
        )
        server = ProvedServer(process)
        assert await server.event("loaded") == {"event": "loaded"}
        assert await process.wait() == 0
        await server.reading
        assert [len(line) for line in server.lines] == [1, 300_000]

    run(test)


def test_threads_of_a_model_sleep_where_they_wait(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)

    async def test():
        worker = await WorkerProcess.spawn()
        while not (told := Path(f"/proc/{worker.process.pid}/environ").read_bytes().strip(b"\0")):
            await asyncio.sleep(0.01)  # it has only begun
        worker.kill()
        await worker.process.wait()
        assert b"OMP_WAIT_POLICY=passive" in told.split(b"\0")

    run(test)
