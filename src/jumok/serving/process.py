"""A process that computes, as the server sees it."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jumok.errors import RunError
from jumok.serving.limits import ServingLimits
from jumok.serving.memory import require_room
from jumok.serving.queue import Job
from jumok.serving.wire import Frame, pack, receive_frame

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STOPPING = 3.0  # seconds
# Threads that wait for each other sleep. Where they spin, as is the default, and another program has one of the
# processors, a batch takes ten times as long and more: a thread turns until the other one is let in again.
PATIENT = {"OMP_WAIT_POLICY": "passive"}


class WorkerDied(Exception):
    """The process ended, or was ended, while it computed."""


@dataclass(frozen=True)
class ModelSource:
    """What a process loads."""

    name: str
    path: Path
    device: str = "auto"
    decoding: Mapping[str, Any] | None = None
    threads: int | None = None


class WorkerProcess:
    """A process with a loaded model; one batch at a time."""

    def __init__(self, process: asyncio.subprocess.Process, description: Mapping[str, Any]) -> None:
        self.process, self.description = process, description
        self.modules: Sequence[str] = ()  # that its model needed
        self.batches = 0
        self.last = asyncio.Event()  # is set when the batch that was sent last is over
        self.last.set()

    @classmethod
    async def spawn(cls, modules: Sequence[str] = ()) -> "WorkerProcess":
        """Start a process that loads all libraries, and these modules, and then waits to be told its model."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "jumok.serving.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**PATIENT, **os.environ},
            start_new_session=True,  # Ctrl-C of a terminal is for the server, which drains first
        )
        worker = cls(process, {})
        if modules:
            with suppress(WorkerDied):  # whoever takes it sees that
                await worker.send(Frame({"modules": modules}))
        return worker

    async def load(self, source: ModelSource, limits: ServingLimits) -> None:
        """Load a model.

        Args:
            source: The model.
            limits: What it takes.

        Raises:
            RunError: The model cannot be loaded, or does not fit into memory.
        """
        process = self.process
        given = {
            "path": str(source.path),
            "device": source.device,
            "decoding": dict(source.decoding or {}),
            "threads": source.threads,
            "limits": asdict(limits),
        }
        try:
            async with asyncio.timeout(limits.load):
                await self.send(Frame(given))
                frame = await self.receive()
        except (TimeoutError, WorkerDied):
            self.kill()
            await process.wait()
            raise RunError(
                f"{source.path}: the process that loads this model ended or took longer than {limits.load:g} s; "
                "there may be too little memory for it"
            ) from None
        except asyncio.CancelledError:
            self.kill()
            raise
        if "failed" in frame.header:
            await process.wait()
            raise RunError(frame.header["failed"])
        self.description, self.modules = frame.header["ready"], frame.header["modules"]

    async def compute(self, jobs: Sequence[Job], limit: float) -> Frame:
        """Compute a batch, after those that were sent before; growing answers are told to their jobs.

        Args:
            jobs: The batch; all ask alike.
            limit: Seconds after which the process is given up.

        Returns:
            The results of all jobs, with their answers beside them.

        Raises:
            WorkerDied: The process ended, or took too long.
        """
        self.batches += 1
        number, before = self.batches, self.last
        over = self.last = asyncio.Event()
        requests = [
            {"inputs": job.inputs, "uploads": {name: len(files) for name, files in job.uploads.items()}}
            for job in jobs
        ]
        blobs = [data for job in jobs for files in job.uploads.values() for data in files]
        try:
            async with asyncio.timeout(limit):
                await self.send(Frame({"id": number, **jobs[0].asked, "requests": requests}, blobs))
                await before.wait()
                while True:
                    frame = await self.receive()
                    if frame.header.get("done") == number:
                        return frame
                    grown = jobs[frame.header["grown"]].grown
                    if grown is not None:
                        grown(frame.header["text"])
        except TimeoutError:
            self.kill()
            raise WorkerDied(f"it took longer than {limit:.1f} s") from None
        finally:
            over.set()

    async def send(self, frame: Frame) -> None:
        """Write a frame; raises WorkerDied."""
        try:
            pipe: Any = self.process.stdin
            pipe.write(pack(frame))
            await pipe.drain()
        except (ConnectionError, RuntimeError):
            raise WorkerDied("it ended") from None

    async def receive(self) -> Frame:
        """Read a frame; raises WorkerDied."""
        pipe: Any = self.process.stdout
        frame = await receive_frame(pipe)
        if frame is None:
            raise WorkerDied("it ended")
        return frame

    def kill(self) -> None:
        """End the process at once."""
        if self.process.returncode is None:
            self.process.kill()

    async def stop(self) -> None:
        """End the process: it ends with its input, or is ended."""
        pipe: Any = self.process.stdin
        pipe.close()
        try:
            async with asyncio.timeout(STOPPING):
                await self.process.wait()
        except TimeoutError:
            self.kill()
            await self.process.wait()

    @property
    def memory(self) -> int:
        """Bytes that the process holds."""
        return resident_bytes(self.process.pid)


class WorkerPool:
    """Starts processes; one more than is needed waits with its libraries loaded, to take the place of one that dies."""

    def __init__(self) -> None:
        self.spare: asyncio.Task[WorkerProcess] | None = None

    async def start(self, source: ModelSource, limits: ServingLimits) -> WorkerProcess:
        """A process with a loaded model; RunError if it cannot be loaded, or does not fit into memory."""
        require_room(source.path, limits)
        worker = await self.take()
        await worker.load(source, limits)
        if self.spare is None:
            self.spare = asyncio.create_task(WorkerProcess.spawn(worker.modules))
        return worker

    async def take(self) -> WorkerProcess:
        """The spare process, if it lives, or a new one."""
        spare, self.spare = self.spare, None
        if spare is not None:
            worker = await spare
            if worker.process.returncode is None:
                return worker
        return await WorkerProcess.spawn()

    async def stop(self) -> None:
        """End the spare process."""
        spare, self.spare = self.spare, None
        if spare is not None:
            worker = await spare
            worker.kill()
            await worker.process.wait()


def resident_bytes(process: int | str = "self") -> int:
    """Bytes that a process holds in memory; 0 where that is not told."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0


def processor_seconds(process: int) -> float:
    """Seconds of processors that a process has used; 0 where that is not told."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def busy_processor_seconds() -> float:
    """Seconds in which processors of the machine computed, for whomever; 0 where that is not told."""
    try:
        user, nice, system, _, _, irq, softirq = map(
            int, Path("/proc/stat").read_text().split(maxsplit=8)[1:8]
        )
    except (OSError, ValueError):
        return 0.0
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
