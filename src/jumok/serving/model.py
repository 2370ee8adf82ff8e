"""A model that is served: its queue, the process that computes, and what happens when that one dies."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Any

from jumok.errors import RunError
from jumok.serving.limits import ServingLimits
from jumok.serving.log import EventLog
from jumok.serving.memory import usable_memory
from jumok.serving.metrics import Metrics
from jumok.serving.process import ModelSource, WorkerDied, WorkerProcess
from jumok.serving.queue import Job, JobQueue
from jumok.serving.refusal import Refusal
from jumok.serving.service_time import ServiceTimes
from jumok.serving.wire import Frame

StartWorker = Callable[[ModelSource, ServingLimits], Awaitable[WorkerProcess]]

REQUEST_ATTEMPTS = 2  # that a request has when the process dies; the second one alone
BEHIND = 0.05  # seconds of lag, from which on the server itself, not a model, is what requests wait for
AHEAD = 0.25  # seconds: of batches that take less, one is sent while another one is computed
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0  # seconds between attempts to load


@dataclass(frozen=True, eq=False)
class SentBatch:
    """Requests that the process computes together."""

    jobs: Sequence[Job]
    size: int  # inputs
    done: "asyncio.Task[Frame]"


class ServedModel:
    """Answers requests for one model by batches; survives the death of the process that computes."""

    def __init__(
        self, source: ModelSource, limits: ServingLimits, log: EventLog, metrics: Metrics, start: StartWorker
    ) -> None:
        self.start = start
        self.source, self.limits, self.log, self.metrics = source, limits, log, metrics
        self.times = ServiceTimes()
        self.queue = JobQueue(limits, self.times)
        self.worker: WorkerProcess | None = None
        self.description: Mapping[str, Any] = {}
        self.loaded = asyncio.Event()
        self.turn = asyncio.Lock()  # held while batches are computed, or the process is exchanged
        self.exchanges = 0  # that wait for their turn
        self.running: deque[SentBatch] = (
            deque()
        )  # what the process has: one is computed, another one may wait for it
        self.began = 0.0  # when the batch that is computed, or the loading, began
        self.load_seconds = 5.0
        self.restarts = 0
        self.coming = 0  # requests that were let in, and are not in the queue yet
        self.read = 0  # of these, those that came into the queue, or were refused, since `note_lag`
        self.lag = 0.0  # seconds that the server is behind
        self.reading_seconds = 0.0  # of one request, while it is
        self.is_draining = False
        self.failure: str | None = None  # why it cannot be loaded again after its process died

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.source.name

    @property
    def is_ready(self) -> bool:
        """Whether requests are accepted and can be computed."""
        return self.loaded.is_set() and not self.is_draining

    async def load(self) -> None:
        """Load the model; RunError if that is not possible."""
        self.began = monotonic()
        self.worker = await self.start(self.source, self.limits)
        self.load_seconds = monotonic() - self.began
        self.description = self.worker.description
        self.loaded.set()
        about = {"process": self.worker.process.pid, "seconds": round(self.load_seconds, 3)}
        self.log.event("loaded", {"model": self.name, **about})

    async def run(self) -> None:
        """Compute batches until cancelled."""
        watching = asyncio.create_task(self.watch())
        try:
            while True:
                await self.loaded.wait()
                jobs = await self.queue.batch(monotonic)
                async with self.turn:
                    await self.compute(jobs)
        finally:
            watching.cancel()
            for batch in self.running:
                batch.done.cancel()
            if self.worker is not None:
                await self.worker.stop()

    async def compute(self, jobs: Sequence[Job]) -> None:
        """Compute a batch, and those that can be sent ahead meanwhile, and hand out their answers.

        If the process dies, their requests come once more, alone.
        """
        jobs = [job for job in jobs if not job.is_over]
        if not jobs or self.worker is None:
            self.queue.put_back(jobs)
            return
        self.began = monotonic()
        self.send(self.worker, jobs)
        while self.running:
            self.send_ahead(self.worker)
            batch = self.running[0]
            try:
                done = await batch.done
            except WorkerDied as reason:
                await asyncio.gather(*(one.done for one in self.running), return_exceptions=True)
                lost = [job for one in self.running for job in one.jobs]
                self.running.clear()
                await self.recover(lost, str(reason))
                return
            self.running.popleft()
            now = monotonic()
            self.times.add(batch.jobs[0].kind, batch.size, now - self.began)
            self.began = now
            self.send_ahead(self.worker)
            answers = iter(done.blobs)
            for job, result in zip(batch.jobs, done.header["results"], strict=True):
                hand_out(job, result, [next(answers) for _ in range(result["answers"])])

    def send(self, worker: WorkerProcess, jobs: Sequence[Job]) -> None:
        """Give a batch to the process."""
        now, size = monotonic(), sum(len(job.inputs) for job in jobs)
        self.metrics.batch(self.name, size, [now - job.arrived for job in jobs])
        limit = max(self.limits.hang, max(job.deadline for job in jobs) - now)
        self.running.append(SentBatch(jobs, size, asyncio.create_task(worker.compute(jobs, limit))))

    def send_ahead(self, worker: WorkerProcess) -> None:
        """Give the process a full batch while it computes another one, so that it need not wait for this server.

        Only where batches are short: what waits here can still be dropped, or be joined by more.
        """
        if len(self.running) != 1 or self.exchanges or self.running[0].jobs[0].alone:
            return
        self.queue.drop_over()
        kind = self.queue.full_batch
        if kind is not None and self.times.batch(kind, self.limits.batch) < AHEAD:
            self.send(worker, self.queue.take())

    async def recover(self, jobs: Sequence[Job], reason: str) -> None:
        """Put the requests of a lost batch back, refuse those that were lost twice, and load again."""
        again = []
        for job in jobs:
            job.attempts += 1
            if job.attempts < REQUEST_ATTEMPTS:
                job.alone = True
                again.append(job)
                continue
            sentence = "the process that computed this request died, twice; it was started again"
            job.refuse(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, sentence))
        self.queue.put_back([job for job in again if not job.is_over])
        self.log.event("died", {"model": self.name, "reason": reason, "requests": len(jobs)})
        await self.restart()

    async def restart(self) -> None:
        """Load again after the process died, with growing pauses until that is possible."""
        self.loaded.clear()
        self.restarts += 1
        self.metrics.restarts.labels(self.name).inc()
        if self.worker is not None:
            self.worker.kill()
            await self.worker.process.wait()
            self.worker = None
        pause = FIRST_PAUSE
        while True:
            try:
                await self.load()
                self.failure = None
                return
            except RunError as error:
                self.failure = str(error)
                self.log.event("not loaded", {"model": self.name, "reason": str(error)})
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def reload(self) -> None:
        """Load the model of the folder as it is now, and exchange it between two batches; no request is lost.

        Raises:
            RunError: It cannot be loaded; the old one goes on.
        """
        fresh = await self.start(self.source, self.limits)
        self.exchanges += 1
        try:
            async with self.turn:
                old, self.worker = self.worker, fresh
                self.description = fresh.description
                self.loaded.set()
        finally:
            self.exchanges -= 1
        self.log.event("reloaded", {"model": self.name})
        if old is not None:
            await old.stop()

    async def watch(self) -> None:
        """Load again when an idle process ends; end one that holds too much memory."""
        most = self.limits.memory or usable_memory() * 9 // 10
        while True:
            await asyncio.sleep(0.25)
            worker = self.worker
            if worker is None or not self.loaded.is_set():
                continue
            if worker.process.returncode is not None:
                async with self.turn:
                    if self.worker is worker:
                        self.log.event("died", {"model": self.name, "reason": "it ended", "requests": 0})
                        await self.restart()
            elif worker.memory > most:
                self.log.event("too much memory", {"model": self.name, "bytes": worker.memory})
                worker.kill()

    # ------------------------------------------------------------ requests

    @property
    def wait(self) -> float:
        """Seconds, predicted, that a request waits before its batch is computed."""
        reading = self.coming * self.reading_seconds
        return self.lag + reading + self.busy + self.queue.predicted(self.coming)

    def note_lag(self, lag: float, seconds: float) -> None:
        """Learn how far the server is behind, and how long it takes to bring one request into the queue then.

        Args:
            lag: Seconds that it is behind.
            seconds: Since this was told last.
        """
        self.lag, read, self.read = lag, self.read, 0
        measured = seconds / read if lag > BEHIND and read else 0.0
        self.reading_seconds += (measured - self.reading_seconds) / 2

    @property
    def busy(self) -> float:
        """Seconds, predicted, until the running batches are over, or the model is loaded again."""
        age = monotonic() - self.began
        if not self.loaded.is_set():
            return max(self.load_seconds - age, 0.1)
        if not self.running:
            return 0.0
        first, *ahead = (self.times.batch(one.jobs[0].kind, one.size) for one in self.running)
        return abs(first - age) + sum(ahead)  # one that is overdue may take as long again as it is late

    def refuse_early(self) -> None:
        """Refuse a request before it is read: the server drains, the model was never loaded, or too many wait."""
        if self.is_draining:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the server is shutting down; ask another one", 5)
        if self.failure is not None:
            sentence = f"{self.name} cannot be loaded again: {self.failure}"
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, sentence, LONGEST_PAUSE)
        if not self.description:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"{self.name} is being loaded; ask again later", 2)
        self.queue.refuse_if_full(self.wait)

    def why_full(self) -> Refusal | None:
        """Why a request is shed before it is read, where it is for want of time."""
        if self.is_draining or self.failure is not None or not self.description:
            return None
        return self.queue.why_full(self.wait)

    def accept(self, job: Job) -> None:
        """Put a request into the queue; Refusal if it cannot be answered in time."""
        if self.is_draining or self.failure is not None or not self.description:
            self.refuse_early()
        self.queue.add(job, self.busy, monotonic())

    @property
    def is_idle(self) -> bool:
        """Whether no accepted request waits or is computed."""
        return not self.running and not self.queue.jobs


def hand_out(job: Job, result: Mapping[str, Any], answers: Sequence[bytes]) -> None:
    """Answer a request with what the process computed."""
    if result["error"] is None:
        if not job.answers.done():
            job.answers.set_result(answers)
        return
    status = HTTPStatus.BAD_REQUEST if result["is_fault"] else HTTPStatus.INTERNAL_SERVER_ERROR
    job.refuse(Refusal(status, result["error"]))
