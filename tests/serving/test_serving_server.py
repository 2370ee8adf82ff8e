"""Sockets, connections and signals of a server that runs in this process."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from jumok.errors import RunError
from jumok.serving.app import serving_app
from jumok.serving.log import EventLog
from jumok.serving.process import ModelSource
from jumok.serving.server import Server, bind
from jumok.serving.service import Service
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
        host = f"POST /predict HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\ncontent-type: serving_app/json\r\n"
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


def test_sigterm_answers_what_was_accepted():
    async def test():
        async with listening() as server:
            assert await server.ask() == 200
            server.worker.gate = asyncio.Event()
            accepted = [asyncio.create_task(server.ask()) for _ in range(3)]
            while server.server.app.active < 3:
                await asyncio.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)
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


def test_sighup_loads_again():
    async def test():
        async with listening() as server:
            old = server.worker
            os.kill(os.getpid(), signal.SIGHUP)
            while server.worker is old:
                await asyncio.sleep(0.01)
            assert await server.ask() == 200

    run(test)


def test_a_host_of_another_machine_is_refused():
    with pytest.raises(RunError, match="name an address of this machine|cannot be used"):
        bind("203.0.113.1", 0, 1)
