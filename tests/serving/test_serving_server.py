"""Sockets, connections and signals of a server that runs in this process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from jumok.errors import RunError
from jumok.serving.app import serving_app
from jumok.serving.log import EventLog
from jumok.serving.process import ModelSource
from jumok.serving.server import Server, accept_no_more, bind
from jumok.serving.service import Service
from jumok.serving.shedding import is_whole_post
from made_predictors import SENTENCE, made
from served_models import LIMITS, LocalWorker, run


class Listening:
    """A server with a port."""

    def __init__(self, server: Server, service: Service, port: int) -> None:
        self.server, self.service, self.port = server, service, port
        self.writers: list[asyncio.StreamWriter] = []

    async def send(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        self.writers.append(writer)
        return reader, writer

    def request(self, text: str) -> bytes:
        body = json.dumps({"inputs": text}).encode()
        host = f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\ncontent-type: application/json\r\n"
        return host.encode() + b"content-length: %d\r\n\r\n%b" % (len(body), body)

    async def ask(self, text: str = SENTENCE) -> int:
        reader, _ = await self.send(self.request(text))
        line = await reader.readline()
        return int(line.split()[1]) if line else 0

    @property
    def worker(self) -> LocalWorker:
        return self.service.models["made"].worker


@asynccontextmanager
async def listening(**limits: float) -> AsyncIterator[Listening]:
    predictor, lines = made("transformer"), []

    async def start(source, limits):
        return LocalWorker(predictor, limits)

    log, bound, ready = EventLog(lines.append), bind("127.0.0.1", 0, 100), asyncio.Event()
    port = bound.getsockname()[1]
    service = Service([ModelSource("made", Path("made"))], replace(LIMITS, **limits), log, start)
    server = Server(serving_app(service, {f"127.0.0.1:{port}"}, None, "1"), service, bound, log)
    running = asyncio.create_task(server.run(ready.set))
    await ready.wait()
    listening = Listening(server, service, port)
    yield listening
    for writer in listening.writers:
        writer.close()
    server.stopping.set()
    await running
    log.close()


def test_the_end_answers_what_was_accepted():
    async def test():
        async with listening() as server:
            assert await server.ask() == 200
            server.worker.gate = asyncio.Event()
            accepted = [asyncio.create_task(server.ask()) for _ in range(3)]
            while server.server.app.active < 3:
                await asyncio.sleep(0.01)
            server.server.stopping.set()  # as SIGTERM does, which tests/cli/test_cli_serve.py sends
            while not server.service.models["made"].is_draining:
                await asyncio.sleep(0.01)
            assert await server.ask() == 503
            server.worker.gate.set()
            assert await asyncio.gather(*accepted) == [200] * 3
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", server.port)

    run(test)


def test_connections_that_ask_nothing_are_closed():
    async def test():
        async with listening(receive=0.3) as server:
            silent = [await server.send(data) for data in (b"", server.request(SENTENCE)[:30])]
            assert await server.ask() == 200
            for reader, _ in silent:
                async with asyncio.timeout(60):
                    assert await reader.read() == b""

    run(test)


def test_too_many_connections_lose_the_oldest_idle_ones():
    async def test():
        async with listening(connections=2) as server:
            first, _ = await server.send(b"")
            while not server.server.uvicorn.server_state.connections:
                await asyncio.sleep(0.01)
            await asyncio.sleep(1.5)  # it has been seen
            others = [await server.send(b"") for _ in range(2)]
            async with asyncio.timeout(60):
                assert await first.read() == b""
            assert not any(reader.at_eof() for reader, _ in others)

    run(test)


def test_a_reload_loads_again():
    async def test():
        async with listening() as server:
            old = server.worker
            await server.server.reload()  # as SIGHUP does
            assert server.worker is not old
            assert await server.ask() == 200

    run(test)


def test_a_host_of_another_machine_is_refused():
    with pytest.raises(RunError, match="name an address of this machine|cannot be used"):
        bind("203.0.113.1", 0, 1)


def test_a_full_server_refuses_before_it_reads():
    async def test():
        async with listening(wait=0.5, receive=0.5) as server:
            model = server.service.models["made"]
            reader, writer = await server.send(server.request(SENTENCE))
            assert await status_of(reader) == 200
            model.note_lag = lambda lag, seconds: None  # it stays as it is set here
            model.lag = 9.0
            began = monotonic()
            while monotonic() < began + 2:  # longer than a silent connection is kept
                writer.write(server.request(SENTENCE))
                assert await status_of(reader) == 429
                await asyncio.sleep(0.05)
            for half in (server.request(SENTENCE)[:40], server.request(SENTENCE)[40:]):  # the usual way
                writer.write(half)
                await asyncio.sleep(0)
            assert await status_of(reader) in (200, 429)
            model.lag = 0.0
            writer.write(server.request(SENTENCE))
            assert await status_of(reader) == 200
            told = server.service.metrics.text(lambda: None).decode()
            assert 'jumok_requests_total{model="made",route="predict",status="429"}' in told

    run(test)


def test_connections_that_come_while_the_server_ends_are_not_reset():
    """Who is not accepted any more is not told that it is."""

    async def test():
        async with listening() as server:
            address = ("127.0.0.1", server.port)
            accept_no_more(server.server.bound)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await asyncio.open_connection(*address)
        with pytest.raises(OSError):
            await asyncio.open_connection(*address)

    run(test)


async def status_of(reader: asyncio.StreamReader) -> int:
    """The status of the next response, which is read whole."""
    async with asyncio.timeout(60):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(
            int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length")
        )
        await reader.readexactly(length)
    return int(head.split()[1])


@pytest.mark.parametrize(
    ("data", "is_whole"),
    [
        (b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nab", True),
        (b"POST / HTTP/1.1\r\nContent-Length:2\r\nhost: a\r\n\r\nab", True),
        (b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nabPOST", False),
        (b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\na", False),
        (b"POST / HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\nx: content-length: 2\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\ncontent-length: 2\r\n\r\nab", False),
    ],
)
def test_a_whole_request(data, is_whole):
    assert is_whole_post(data) is is_whole
