"""Requests that wait for a model: bounded by predicted waiting time, and taken in batches."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

from jumok.serving.limits import ServingLimits
from jumok.serving.refusal import Refusal
from jumok.serving.service_time import ServiceTimes

WAITING_SHARE = 0.5  # of all connections may wait for answers; the others are for those who are refused
BATCH_SHARE = 0.5  # of the time that a request may take, at most, is its batch computed
COMING = "coming"  # the kind of requests whose kind is not known yet
AnswerBytes = Sequence[bytes]  # the JSON of the answer to each input


@dataclass(eq=False)
class Job:
    """A request in the queue."""

    asked: Mapping[str, Any]  # what all requests of a batch must ask alike
    inputs: Sequence[Any]
    deadline: float  # of the event loop's clock
    answers: "asyncio.Future[AnswerBytes]"
    uploads: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    alone: bool = False  # it shares no batch
    grown: Callable[[str], None] | None = None  # is told of an answer as it grows
    arrived: float = 0.0
    attempts: int = 0

    @cached_property
    def kind(self) -> Hashable:
        """What batches are told apart by."""
        return repr(self.asked)

    @property
    def allowed(self) -> float:
        """Seconds that it may take in all."""
        return self.deadline - self.arrived

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.answers.done()

    def refuse(self, reason: Exception) -> None:
        """End without an answer."""
        if not self.answers.done():
            self.answers.set_exception(reason)


class JobQueue:
    """The requests of one model that wait, first come, first served."""

    def __init__(self, limits: ServingLimits, times: ServiceTimes) -> None:
        self.limits, self.times = limits, times
        self.jobs: deque[Job] = deque()
        self.waiting: Counter[Hashable] = Counter()  # inputs by kind
        self.filled = asyncio.Event()

    def __len__(self) -> int:
        return sum(self.waiting.values())

    def predicted(self, coming: int = 0) -> float:
        """Seconds until what waits is computed, and as many requests of one input that are about to."""
        expected = self.waiting if not coming else {**self.waiting, COMING: coming}
        return self.times.queue(expected, self.limits.batch)

    def why_full(self, wait: float) -> Refusal | None:
        """The refusal of a request that would wait so many seconds, if that is too long, or if too many wait."""
        if wait <= self.limits.wait and len(self.jobs) < WAITING_SHARE * self.limits.connections:
            return None
        return Refusal(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"too many requests wait, for about {wait:.1f} s; ask again later",
            retry_after=max(wait - self.limits.wait / 2, wait / 2),
            shed="wait",
        )

    def refuse_if_full(self, wait: float) -> None:
        """Refuse a request that would wait so many seconds, if that is too long."""
        refusal = self.why_full(wait)
        if refusal is not None:
            raise refusal

    def add(self, job: Job, busy: float, now: float) -> None:
        """Accept a request.

        Where nothing is computed and nothing was for a while, it is accepted whatever it may take, as a trial: times
        that were learned on a machine that was busy then would else refuse all requests, and so never be corrected.

        Args:
            job: The request.
            busy: Seconds, predicted, until the batch that is computed is over.
            now: The time.

        Raises:
            Refusal: The queue is full, or the request would not be answered in time.
        """
        wait = busy + self.predicted()
        self.refuse_if_full(wait)
        wait = busy + self.times.queue(self.waiting + Counter({job.kind: len(job.inputs)}), self.limits.batch)
        is_trial = not busy and not self.jobs and self.times.is_stale(now)
        if now + wait > job.deadline and not is_trial:
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"an answer would take about {wait:.1f} s, longer than this request may; ask again later",
                retry_after=wait - (job.deadline - now),
                shed="deadline",
            )
        job.arrived = now
        self._put(job, self.jobs.append)

    def put_back(self, jobs: Sequence[Job]) -> None:
        """Accepted requests whose batch was lost come first again."""
        for job in reversed(jobs):
            self._put(job, self.jobs.appendleft)

    def _put(self, job: Job, put: Callable[[Job], None]) -> None:
        put(job)
        self.waiting[job.kind] += len(job.inputs)
        self.filled.set()

    async def batch(self, clock: Callable[[], float]) -> list[Job]:
        """The next requests to compute together, those that nobody waits for left out; waits until there are some."""
        while True:
            await self.filled.wait()
            self.drop_over()
            if not self.jobs:
                continue
            left = self.jobs[0].arrived + self.limits.delay - clock()
            if left <= 0 or len(self) >= self.limits.batch:
                return self.take()
            await asyncio.sleep(left)

    def take(self) -> list[Job]:
        """The first request, with others like it, in their order, until the batch is full.

        It is full, too, where one more input would make it last longer than half the time that a request in it has: a
        slow machine would else compute large batches for clients that have gone when they are done.
        """
        first = self.jobs[0]
        taken = [first]
        size, allowed = len(first.inputs), first.allowed
        for job in list(self.jobs)[1:]:
            if size >= self.limits.batch or first.alone:
                break
            larger = size + len(job.inputs)
            if job.alone or job.kind != first.kind or larger > self.limits.batch:
                continue
            allowed = min(allowed, job.allowed)
            if self.times.batch(first.kind, larger) > BATCH_SHARE * allowed:
                break
            taken.append(job)
            size = larger
        self._remove(taken)
        return taken

    @property
    def full_batch(self) -> Hashable | None:
        """What the first request asks, if as many that ask alike wait as are computed together; else None."""
        if not self.jobs or self.jobs[0].alone or self.waiting[self.jobs[0].kind] < self.limits.batch:
            return None
        return self.jobs[0].kind

    def drop_over(self) -> None:
        """Forget requests that nobody waits for, before they are computed."""
        over = [job for job in self.jobs if job.is_over]
        if over:
            self._remove(over)
        elif not self.jobs:
            self.filled.clear()

    def _remove(self, jobs: Sequence[Job]) -> None:
        gone = set(map(id, jobs))
        while self.jobs and id(self.jobs[0]) in gone:
            gone.remove(id(self.jobs.popleft()))
        if gone:
            self.jobs = deque(job for job in self.jobs if id(job) not in gone)
        for job in jobs:
            self.waiting[job.kind] -= len(job.inputs)
            if not self.waiting[job.kind]:
                del self.waiting[job.kind]
        if not self.jobs:
            self.filled.clear()
