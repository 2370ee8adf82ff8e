"""A server in this process: its models compute in threads, so that a test takes milliseconds."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from PIL import Image

from jumok.predictor import Predictor
from jumok.serving.app import serving_app
from jumok.serving.computing import Computer
from jumok.serving.gate import Gate
from jumok.serving.limits import ServingLimits
from jumok.serving.log import EventLog
from jumok.serving.process import ModelSource, WorkerDied
from jumok.serving.service import Service
from jumok.serving.wire import Frame, pack, read_frame

HOST = "127.0.0.1:8000"
LIMITS = replace(ServingLimits(), delay=0.0, timeout=300.0, wait=60.0)


class LocalWorker:
    """Computes in a thread what a process would; frames go through bytes as they would."""

    def __init__(self, predictor: Predictor, limits: ServingLimits) -> None:
        self.loop = asyncio.get_running_loop()
        self.computer = Computer(predictor, Path("nowhere"), asdict(limits), self.grow)
        self.description = self.computer.description
        self.process = SimpleNamespace(pid=0, returncode=None, wait=lambda: asyncio.sleep(0))
        self.memory, self.jobs, self.sizes = 0, [], []
        self.gate: asyncio.Event | None = None  # that batches wait for
        self.dies = 0  # times

    async def compute(self, jobs, limit: float) -> Frame:
        self.jobs, self.sizes = jobs, [*self.sizes, sum(len(job.inputs) for job in jobs)]
        if self.gate is not None:
            await self.gate.wait()
        if self.dies:
            self.dies -= 1
            raise WorkerDied("it ended")
        requests = [
            {"inputs": job.inputs, "uploads": {name: len(files) for name, files in job.uploads.items()}}
            for job in jobs
        ]
        blobs = [data for job in jobs for files in job.uploads.values() for data in files]
        asked = read_frame(io.BytesIO(pack(Frame({"id": 1, **jobs[0].asked, "requests": requests}, blobs))))
        return await asyncio.to_thread(lambda: self.computer.answer(asked))

    def grow(self, frame: Frame) -> None:
        job = self.jobs[frame.header["grown"]]
        self.loop.call_soon_threadsafe(job.grown, frame.header["text"])

    def kill(self) -> None:
        self.process.returncode = -9

    async def stop(self) -> None:
        self.process.returncode = 0


class Served:
    """A server of made models, and a client."""

    def __init__(self, service: Service, gate: Gate, client: httpx.AsyncClient) -> None:
        self.service, self.gate, self.client = service, gate, client

    def worker(self, name: str = "made") -> LocalWorker:
        return self.service.models[name].worker

    async def ask(self, path: str, status: int = 200, **request: Any) -> Any:
        answer = await self.client.post(path, **request)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(self, path: str, status: int = 400, **request: Any) -> str:
        said = await self.ask(path, status, **request)
        assert said.keys() == {"error"}
        return said["error"]

    async def predict(self, inputs: Any, **options: Any) -> Any:
        return (await self.ask("/predict", json={"inputs": inputs, **options}))["answer"]


@asynccontextmanager
async def served(
    *predictors: Predictor,
    limits: ServingLimits = LIMITS,
    token: str | None = None,
    lines: list[str] | None = None,
) -> AsyncIterator[Served]:
    """A server of these predictors: "made", or "made0", "made1" ... where there are several."""
    names = ["made"] if len(predictors) == 1 else [f"made{i}" for i in range(len(predictors))]
    made = dict(zip(names, predictors, strict=True))

    async def start(source: ModelSource, limits: ServingLimits) -> Any:
        return LocalWorker(made[source.name], limits)

    log = EventLog((lines if lines is not None else []).append)
    service = Service([ModelSource(name, Path(name)) for name in made], limits, log, start)
    gate = serving_app(service, {HOST} if token is None else None, token, "1")
    transport = httpx.ASGITransport(gate, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", timeout=60) as client:
        await service.start()
        try:
            yield Served(service, gate, client)
        finally:
            await service.stop()
            log.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test that is a coroutine."""

    async def bounded() -> None:
        async with asyncio.timeout(900):
            await test()

    with ThreadPoolExecutor(1) as own:  # a browser's test leaves a loop behind in the thread of the tests
        own.submit(asyncio.run, bounded()).result()


def png(image: Image.Image, **about: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **about)
    return file.getvalue()


def one_input(predictor: Predictor, value: Any) -> Mapping[str, Any]:
    return dict.fromkeys(predictor.inputs, value)
