"""The models that are served, by name, and how a request becomes an answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from time import monotonic

from starlette.requests import Request

from jumok.errors import did_you_mean
from jumok.serving.limits import ServingLimits
from jumok.serving.log import EventLog
from jumok.serving.metrics import Metrics
from jumok.serving.model import ServedModel, StartWorker
from jumok.serving.process import ModelSource, WorkerPool, resident_bytes
from jumok.serving.queue import AnswerBytes, Job
from jumok.serving.refusal import Refusal, bad_request
from jumok.serving.requests import Asked, timed_out

TIMEOUT_HEADER = "request-timeout"  # seconds
LAG_STEP = 0.05  # seconds
ENTRY = "jumok.entry"  # where the scope of a request has its `Entry`
GONE = 499  # as nginx calls a request whose client has gone


class ClientGone(Exception):
    """The client does not wait any more."""


class Entry:
    """A request on its way from the door to the queue of a model; None: it asks none."""

    def __init__(self, model: ServedModel | None) -> None:
        self.model = model
        if model is not None:
            model.coming += 1

    def leave(self) -> None:
        """It is in the queue, or was refused."""
        if self.model is not None:
            self.model.coming -= 1
            self.model.read += 1
            self.model = None


class Service:
    """Several models, with what they share."""

    def __init__(
        self,
        sources: Sequence[ModelSource],
        limits: ServingLimits,
        log: EventLog,
        start: StartWorker | None = None,
    ) -> None:
        self.pool = WorkerPool()
        start = start or self.pool.start
        self.limits, self.log, self.metrics = limits, log, Metrics()
        self.models = {one.name: ServedModel(one, limits, log, self.metrics, start) for one in sources}
        self.held = 0  # bytes of requests in the server
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Load all models, one after another, and begin to answer; RunError if one cannot be loaded."""
        self.tasks = [asyncio.create_task(self.measure_lag())]
        for model in self.models.values():
            await model.load()
            self.tasks.append(asyncio.create_task(model.run()))

    async def stop(self) -> None:
        """End all processes."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.pool.stop()

    async def measure_lag(self) -> None:
        """Measure how long the server itself takes to come to what waits, beside the models."""
        while True:
            began = monotonic()
            await asyncio.sleep(LAG_STEP)
            seconds = monotonic() - began
            for model in self.models.values():
                model.note_lag(seconds - LAG_STEP, seconds)

    def drain(self) -> None:
        """Accept no more requests; those that were accepted are still answered."""
        for model in self.models.values():
            model.is_draining = True

    @property
    def is_draining(self) -> bool:
        """Whether no more requests are accepted."""
        return any(model.is_draining for model in self.models.values())

    @property
    def is_idle(self) -> bool:
        """Whether every accepted request was answered."""
        return all(model.is_idle for model in self.models.values())

    @property
    def is_ready(self) -> bool:
        """Whether all models answer."""
        return all(model.is_ready for model in self.models.values())

    def model(self, name: str | None) -> ServedModel:
        """The model of a name, or the only one; Refusal if there is none."""
        if name is None:
            if len(self.models) > 1:
                names = ", ".join(self.models)
                raise bad_request(f"several models are served; name one of them in the path: {names}")
            return next(iter(self.models.values()))
        if name not in self.models:
            hint = did_you_mean(name, self.models)
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is no model {name[:80]!r}{hint}")
        return self.models[name]

    async def answer(
        self,
        request: Request,
        model: ServedModel,
        asked: Asked,
        grown: Callable[[str], None] | None = None,
    ) -> AnswerBytes:
        """The answers to a request: it waits, is computed in a batch, or refused.

        Args:
            request: The request, whose body has been read.
            model: The model.
            asked: What it asks.
            grown: Is told of the answer as it grows.

        Returns:
            The JSON of each answer.

        Raises:
            Refusal: It is shed, faulty, or its time is over.
            ClientGone: Nobody waits for it any more.
        """
        job, seconds = self.job(request, asked, grown)
        request.scope[ENTRY].leave()
        model.accept(job)
        left = max(job.deadline - monotonic(), 0.0)
        ending = asyncio.get_running_loop().call_later(left, job.refuse, timed_out(seconds))
        watching = asyncio.create_task(give_up_without_client(request, job))
        try:
            return await job.answers
        finally:
            ending.cancel()
            watching.cancel()
            job.answers.cancel()

    def job(self, request: Request, asked: Asked, grown: Callable[[str], None] | None) -> tuple[Job, float]:
        """A request as it stands in the queue, and the seconds that it may take.

        Args:
            request: The request.
            asked: What it asks.
            grown: Is told of the answer as it grows.

        Returns:
            The request for the queue, and its seconds.

        Raises:
            Refusal: Its header says no such seconds.
        """
        seconds = self.seconds(request.headers, asked)
        decoding = asked.options.asked(stream=grown is not None)
        job = Job(
            decoding,
            asked.inputs,
            monotonic() + seconds,
            asyncio.get_running_loop().create_future(),
            asked.uploads,
            alone=decoding["attention"] is not None or decoding["decoding"].get("method") == "sample",
            grown=grown,
        )
        return job, seconds

    def seconds(self, headers: Mapping[str, str], asked: Asked) -> float:
        """The seconds that a request may take, by its body or its header."""
        if asked.options.timeout is not None:
            return asked.options.timeout
        said = headers.get(TIMEOUT_HEADER)
        if said is None:
            return self.limits.timeout
        try:
            seconds = float(said)
        except ValueError:
            seconds = -1.0
        if not 0 < seconds <= self.limits.max_timeout:
            most = self.limits.max_timeout
            raise bad_request(
                f"the header Request-Timeout must be seconds between 0 and {most:g}; got {said[:40]!r}"
            )
        return seconds

    def look(self) -> None:
        """Bring the gauges up to date."""
        metrics = self.metrics
        metrics.held.set(self.held)
        metrics.memory.labels("server").set(resident_bytes())
        for name, model in self.models.items():
            metrics.queued.labels(name).set(len(model.queue))
            metrics.wait.labels(name).set(model.wait)
            metrics.ready.labels(name).set(int(model.is_ready))
            if model.worker is not None:
                metrics.memory.labels(name).set(model.worker.memory)


async def give_up_without_client(request: Request, job: Job) -> None:
    """End a request when its client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
    job.refuse(ClientGone())
