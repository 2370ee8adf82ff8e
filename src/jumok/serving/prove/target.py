"""The server that is proved, in a process of its own, and the process that sends it requests."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from jumok.errors import RunError
from jumok.serving.process import ModelSource, processor_seconds, resident_bytes
from jumok.serving.prove.load import CLIENT_PATIENCE, LoadPlan

STARTING = 300.0  # seconds
STANDING_STILL = 60.0  # seconds after which a load that should be over is given up
LONGEST_LINE = 1 << 24  # bytes
SHOWN_LINES = 3  # last lines of a server that did not start


class ProvedServer:
    """`jumok serve` with one model, as a child of this process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.changed = asyncio.Event()
        self.reading = asyncio.create_task(self.read())

    @classmethod
    async def start(cls, source: ModelSource, options: Sequence[str]) -> "ProvedServer":
        """Start the server at a free port, and wait until it answers; RunError with its reason if it does not."""
        command = [
            sys.executable,
            "-m",
            "jumok",
            "serve",
            f"{source.name}={source.path}",
            "--port",
            "0",
            *options,
        ]
        process = await asyncio.create_subprocess_exec(
            *command, stderr=asyncio.subprocess.PIPE, limit=LONGEST_LINE
        )
        server = cls(process)
        try:
            async with asyncio.timeout(STARTING):
                await server.event("loaded")
        except (TimeoutError, RunError):
            await server.end()
            last = " ".join(server.lines[-SHOWN_LINES:]).removeprefix("error: ")
            raise RunError(f"the server did not start: {last or 'it says nothing'}") from None
        return server

    async def read(self) -> None:
        """Read what the server logs, to its end: who writes into a full pipe waits."""
        pipe: Any = self.process.stderr
        while data := await pipe.readline():
            line = data.decode(errors="replace").strip()
            if line.startswith("{"):
                self.events.append(json.loads(line))
            elif line:
                self.lines.append(line)
            self.changed.set()
        self.changed.set()

    async def event(self, name: str, after: int = 0) -> dict[str, Any]:
        """The first event of a name after so many events; RunError if the server ends before."""
        while True:
            for event in self.events[after:]:
                if event["event"] == name:
                    return event
            if self.reading.done():
                raise RunError("the server ended")
            self.changed.clear()
            await self.changed.wait()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        url = urlsplit(next(one["address"] for one in self.events if one["event"] == "starting"))
        return str(url.hostname), int(url.port or 0)

    @property
    def worker(self) -> int:
        """The process that computes: the one that was loaded last."""
        return int([one["process"] for one in self.events if one["event"] == "loaded"][-1])

    @property
    def memory(self) -> int:
        """Bytes of the server and of its model."""
        return sum(self.memories)

    @property
    def memories(self) -> tuple[int, int]:
        """Bytes of the server, and of its model."""
        return resident_bytes(self.process.pid), resident_bytes(self.worker)

    def descriptions(self) -> list[Mapping[str, Any]]:
        """What the server tells of its models."""
        host, port = self.address
        with urlopen(Request(f"http://{host}:{port}/models"), timeout=30) as answer:
            models: list[Mapping[str, Any]] = json.loads(answer.read())["models"]
        return models

    @property
    def processors(self) -> tuple[float, float]:
        """Seconds of processors that the server and its model have used."""
        return processor_seconds(self.process.pid), processor_seconds(self.worker)

    def kill_worker(self) -> None:
        """End the process that computes at once."""
        os.kill(self.worker, signal.SIGKILL)

    async def end(self) -> int:
        """End the server in order; its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(60):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()


class Load:
    """The process that sends requests."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls) -> "Load":
        """Start the process."""
        file = Path(__file__).with_name("load.py")  # alone: it loads nothing of ours
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, str(file)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1 << 28,
            )
        )

    @property
    def processor(self) -> float:
        """Seconds of processors that it has used."""
        return processor_seconds(self.process.pid)

    async def send(self, plan: LoadPlan) -> dict[str, Any]:
        """Carry out a plan; its result."""
        pipes: Any = self.process
        pipes.stdin.write(json.dumps(asdict(plan)).encode() + b"\n")
        await pipes.stdin.drain()
        most = plan.seconds + CLIENT_PATIENCE + STANDING_STILL
        try:
            async with asyncio.timeout(most):
                result: dict[str, Any] = json.loads(await pipes.stdout.readline())
        except TimeoutError:
            raise RunError(
                f"the sender did not come to an end within {most:.0f} s; the machine may be too busy for a proof"
            ) from None
        return result

    async def end(self) -> None:
        """End the process."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
