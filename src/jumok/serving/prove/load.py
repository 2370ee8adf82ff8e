"""A process that sends requests at times that were fixed beforehand (open loop), or one after another (closed loop).

An open loop sends on whether answers come or not, as many independent clients do; a closed loop, which waits, would
hide that a server is overloaded. A plan is a line of JSON on standard input, its result a line on standard output.
"""

import asyncio
import json
import random
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

NOT_ANSWERED = 0  # the status of a request that was written and never answered
NOT_SENT = -1  # of one for which there was no connection
GAVE_UP = -2  # of one whose client did not wait any longer
DEADLINE = 4  # seconds that the server is told
CLIENT_PATIENCE = 8.0  # seconds that a client waits


@dataclass(frozen=True)
class Plan:
    """What is sent."""

    host: str
    port: int
    path: str
    bodies: Sequence[str]
    seconds: float
    rate: float = 0.0  # requests a second, of an open loop
    clients: int = 0  # of a closed loop
    connections: int = 1000
    seed: int = 1


@dataclass
class Result:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(
        default_factory=list
    )  # of answers with status 200, since they should be sent
    answered: list[float] = field(default_factory=list)  # when these came
    late: float = 0.0  # seconds that this process was behind its plan, at most

    def note(self, due: float, status: int) -> None:
        """Note the end of a request."""
        self.statuses[status] += 1
        if status == 200:
            self.answered.append(monotonic())
            self.latencies.append(self.answered[-1] - due)


class Connection(asyncio.Protocol):
    """A connection that is kept for the next request."""

    def __init__(self, free: Callable[["Connection"], None], lost: Callable[[], None]) -> None:
        self.free, self.lost, self.received, self.is_open = free, lost, b"", True
        self.transport: Any = None
        self.done: Callable[[int], None] | None = None

    def connection_made(self, transport: Any) -> None:
        """Requests can be sent."""
        self.transport = transport

    def ask(self, request: bytes, done: Callable[[int], None]) -> None:
        """Send a request; `done` is told its status."""
        self.received, self.done = b"", done
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Read a response; the request is over when it is whole."""
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found or len(body) < content_length(head):
            return
        if b"connection: close" in head.lower():
            self.is_open = False
            self.transport.close()
        self.end(int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        """A request that was under way is not answered."""
        self.is_open = False
        self.lost()
        self.end(NOT_ANSWERED)

    def end(self, status: int) -> None:
        """Tell the status of the request that was under way."""
        if self.done is not None:
            done, self.done = self.done, None
            done(status)
            if self.is_open:
                self.free(self)


def content_length(head: bytes) -> int:
    """The bytes of a body by the head of its response."""
    lines = head.lower().split(b"\r\n")
    return next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)


class Sender:
    """Sends requests over as many connections as are needed at a time."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.result = plan, Result()
        self.idle: deque[Connection] = deque()
        self.opened = 0
        self.requests = [request_of(plan, body) for body in plan.bodies]

    async def send(self, number: int, due: float) -> None:
        """Send one request, and wait for its end."""
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        connection = await self.connection()
        if connection is None:
            self.result.note(due, NOT_SENT)
            return

        def done(status: int) -> None:
            if not ended.done():
                ended.set_result(status)

        connection.ask(self.requests[number % len(self.requests)], done)
        try:
            async with asyncio.timeout(CLIENT_PATIENCE):
                self.result.note(due, await ended)
        except TimeoutError:
            connection.is_open = False
            connection.done = None
            connection.transport.abort()
            self.result.note(due, GAVE_UP)

    async def connection(self) -> Connection | None:
        """An idle connection, or a new one; None if there are too many, or the server takes none."""
        while self.idle:
            connection = self.idle.pop()
            if connection.is_open and not connection.transport.is_closing():
                return connection
        if self.opened >= self.plan.connections:
            return None
        self.opened += 1
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CLIENT_PATIENCE):
                _, made = await loop.create_connection(
                    lambda: Connection(self.idle.append, self.closed), self.plan.host, self.plan.port
                )
        except (OSError, TimeoutError):
            self.opened -= 1
            return None
        return made

    def closed(self) -> None:
        """A connection is no more."""
        self.opened -= 1

    async def run(self) -> Result:
        """Send all that is planned, and wait for what is under way."""
        if self.plan.clients:
            await asyncio.gather(*(self.closed_loop(number) for number in range(self.plan.clients)))
        else:
            await self.open_loop()
        for connection in self.idle:
            connection.transport.close()
        return self.result

    async def closed_loop(self, number: int) -> None:
        """One client that asks again when it was answered."""
        end = monotonic() + self.plan.seconds
        while (now := monotonic()) < end:
            await self.send(number, now)
            number += self.plan.clients

    async def open_loop(self) -> None:
        """Requests at random times (a Poisson process), whether earlier ones were answered or not."""
        draw, due, under_way = random.Random(self.plan.seed), monotonic(), set()
        end = due + self.plan.seconds
        number = 0
        while (due := due + draw.expovariate(self.plan.rate)) < end:
            if (left := due - monotonic()) > 0:
                await asyncio.sleep(left)
            self.result.late = max(self.result.late, monotonic() - due)
            task = asyncio.create_task(self.send(number, due))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            number += 1
        await asyncio.gather(*under_way)


def request_of(plan: Plan, body: str) -> bytes:
    """The bytes of a request."""
    data = body.encode()
    head = (
        f"POST {plan.path} HTTP/1.1\r\nhost: {plan.host}:{plan.port}\r\ncontent-type: application/json\r\n"
        f"request-timeout: {DEADLINE}\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def run_load() -> None:
    """Carry out plans until standard input ends."""
    for line in sys.stdin:
        result = asyncio.run(Sender(Plan(**json.loads(line))).run())
        told = {
            "statuses": {str(status): count for status, count in result.statuses.items()},
            "latencies": [round(one, 5) for one in result.latencies],
            "answered": [round(one, 4) for one in result.answered],
            "late": round(result.late, 4),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run_load()
