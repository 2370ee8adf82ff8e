"""A process that sends requests at times that were fixed beforehand (open loop), or one after another (closed loop).

An open loop sends on whether answers come or not, as many independent clients do; a closed loop, which waits, would
hide that a server is overloaded. A plan is a line of JSON on standard input, its result a line on standard output.
"""

import asyncio
import json
import random
import resource
import sys
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

NOT_ANSWERED = 0  # the status of a request that was written and never answered
NOT_SENT = -1  # of one for which there was no connection
GAVE_UP = -2  # of one whose client did not wait any longer
DEADLINE = 4  # seconds that the server is told; later answers are of no use
BURST = (
    16  # requests that are sent at most before what came back is read, where this process is behind its plan
)
REFUSED_PAUSE = 0.1  # seconds in which a client of a closed loop that was refused does not ask again
CLIENT_PATIENCE = 8.0  # seconds that a client waits


@dataclass(frozen=True)
class LoadPlan:
    """What is sent."""

    host: str
    port: int
    path: str
    bodies: Sequence[str]
    seconds: float
    rate: float = 0.0  # requests a second, of an open loop
    clients: int = 0  # of a closed loop
    connections: int = 3000  # fewer than the server takes, and enough for all that may wait there
    seed: int = 1


@dataclass
class Result:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(
        default_factory=list
    )  # of answers with status 200, since they should be sent
    answered: list[float] = field(default_factory=list)  # when these came
    began: float = 0.0
    late: float = 0.0  # seconds that this process was behind its plan, at most
    in_time: int = 0  # answers within the deadline that came before the plan was over

    def note(self, due: float, status: int, end: float) -> None:
        """Note the end of a request.

        Args:
            due: When it should have been sent.
            status: The status of its response, or NOT_ANSWERED, NOT_SENT or GAVE_UP.
            end: When the plan is over.
        """
        self.statuses[status] += 1
        if status == 200:
            now = monotonic()
            self.answered.append(now)
            self.latencies.append(now - due)
            self.in_time += now - due <= DEADLINE and now <= end


class Connection(asyncio.Protocol):
    """A connection that is kept for the next request."""

    def __init__(self, sender: "Sender") -> None:
        self.sender, self.received = sender, b""
        self.transport: Any = None
        self.request: tuple[bytes, float] | None = None  # what is to be sent, and when it was due
        self.given_up = 0.0  # the time when the client waits no longer

    def connection_made(self, transport: Any) -> None:
        """Send the request that the connection was opened for."""
        self.transport = transport
        if self.request is None:  # it was given up before
            transport.close()
        else:
            transport.write(self.request[0])

    def ask(self, request: bytes, due: float) -> None:
        """Send a request."""
        self.begin(request, due)
        self.transport.write(request)

    def begin(self, request: bytes, due: float) -> None:
        """A request is under way."""
        self.received, self.request, self.given_up = b"", (request, due), monotonic() + CLIENT_PATIENCE

    def data_received(self, data: bytes) -> None:
        """Read a response; the request is over when it is whole."""
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found or len(body) < content_length(head):
            return
        closing = b"connection: close" in head.lower()
        if closing:
            self.transport.close()
        self.end(int(head[9:12]), stays=not closing)

    def connection_lost(self, error: Exception | None) -> None:
        """A request that was under way is not answered."""
        self.sender.opened -= 1
        self.end(NOT_ANSWERED, stays=False)

    def give_up(self) -> None:
        """Wait no longer."""
        self.end(GAVE_UP, stays=False)
        if self.transport is not None:
            self.transport.abort()

    def end(self, status: int, stays: bool) -> None:
        """Note the status of the request that was under way; one that stays open takes the next."""
        if self.request is not None:
            (_, due), self.request = self.request, None
            self.sender.over(self, due, status, stays)


def content_length(head: bytes) -> int:
    """The bytes of a body by the head of its response."""
    place = head.lower().find(b"content-length:")
    return 0 if place < 0 else int(head[place + 15 :].split(b"\r\n", 1)[0])


class Sender:
    """Sends requests over as many connections as are needed at a time; callbacks only, so that it is fast."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan, self.result = plan, Result()
        self.idle: deque[Connection] = deque()
        self.busy: dict[Connection, None] = {}  # in the order in which they are given up
        self.opened = 0
        self.requests = [request_of(plan, body) for body in plan.bodies]
        self.connecting: set[asyncio.Task[None]] = set()
        self.number, self.end = 0, 0.0

    def send(self, due: float) -> None:
        """Send the next request; it is noted as not sent where there is no connection for it."""
        request = self.requests[self.number % len(self.requests)]
        self.number += 1
        while self.idle:
            connection = self.idle.pop()
            if not connection.transport.is_closing():
                self.busy[connection] = None
                connection.ask(request, due)
                return
        if self.opened >= self.plan.connections:
            self.result.note(due, NOT_SENT, self.end)
            return
        self.opened += 1
        connection = Connection(self)
        connection.begin(request, due)
        self.busy[connection] = None
        task = asyncio.get_running_loop().create_task(self.connect(connection))
        self.connecting.add(task)
        task.add_done_callback(self.connecting.discard)

    async def connect(self, connection: Connection) -> None:
        """Open a connection."""
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: connection, self.plan.host, self.plan.port)
        except OSError:
            self.opened -= 1
            connection.end(NOT_SENT, stays=False)

    def over(self, connection: Connection, due: float, status: int, stays: bool) -> None:
        """A request is over; a client of a closed loop sends its next one."""
        self.busy.pop(connection, None)
        self.result.note(due, status, self.end)
        if stays:
            self.idle.append(connection)
        if self.plan.clients:
            asyncio.get_running_loop().call_later(0 if status == 200 else REFUSED_PAUSE, self.send_next)

    def send_next(self) -> None:
        """A client of a closed loop sends its next request, until the plan is over."""
        if (now := monotonic()) < self.end:
            self.send(now)

    def give_up(self) -> None:
        """Give up requests that have waited too long."""
        now = monotonic()
        for connection in list(self.busy):
            if connection.given_up > now:
                return
            self.busy.pop(connection)
            connection.give_up()

    async def run(self) -> Result:
        """Send all that is planned, and wait for what is under way."""
        began = self.result.began = monotonic()
        self.end = began + self.plan.seconds
        if self.plan.clients:
            for _ in range(self.plan.clients):
                self.send(began)
            await asyncio.sleep(self.plan.seconds)
        else:
            await self.open_loop(began)
        while self.busy:
            self.give_up()
            await asyncio.sleep(0.02)
        for connection in self.idle:
            connection.transport.close()
        return self.result

    async def open_loop(self, due: float) -> None:
        """Requests at random times (a Poisson process), whether earlier ones were answered or not."""
        draw = random.Random(self.plan.seed)
        while (due := due + draw.expovariate(self.plan.rate)) < self.end:
            if (left := due - monotonic()) > 0:
                self.give_up()
                await asyncio.sleep(left)
            elif self.number % BURST == 0:
                await asyncio.sleep(0)
            self.result.late = max(self.result.late, monotonic() - due)
            self.send(due)


def request_of(plan: LoadPlan, body: str) -> bytes:
    """The bytes of a request."""
    data = body.encode()
    head = (
        f"POST {plan.path} HTTP/1.1\r\nhost: {plan.host}:{plan.port}\r\ncontent-type: application/json\r\n"
        f"request-timeout: {DEADLINE}\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def new_loop() -> asyncio.AbstractEventLoop:
    """The fastest event loop that there is."""
    try:
        import uvloop
    except ImportError:  # not on every system
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def run_load() -> None:
    """Carry out plans until standard input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for line in sys.stdin:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            result = runner.run(Sender(LoadPlan(**json.loads(line))).run())
        told = {
            "statuses": {str(status): count for status, count in result.statuses.items()},
            "latencies": [round(one, 5) for one in result.latencies],
            "answered": [round(one, 4) for one in result.answered],
            "late": round(result.late, 4),
            "in_time": result.in_time,
            "seconds": round(max(result.answered, default=result.began) - result.began, 4),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run_load()
