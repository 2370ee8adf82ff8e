"""Runs the application: sockets, signals, connections that ask nothing, and an orderly end."""

import asyncio
import ctypes
import signal
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import uvicorn

from jumok.errors import RunError
from jumok.serving.gate import Gate
from jumok.serving.limits import ServingLimits
from jumok.serving.log import EventLog
from jumok.serving.service import Service
from jumok.serving.shedding import has_data, is_about_to_ask, shedding_connection

LAST_REQUESTS = (
    0.1  # seconds in which requests that came before the door was closed are refused with a response
)
SO_ATTACH_FILTER = 26  # Linux
DROP_ALL = (1, 6, 0, 0, 0)  # a filter of packets, of one instruction: its length; return nothing
GRACE = 0.5  # seconds in which new requests are refused with a response, before connections are
KEEP_ALIVE = 15  # seconds that a connection may ask nothing between two requests


class Server:
    """A server, from its start to its end."""

    def __init__(self, app: Gate, service: Service, bound: socket.socket, log: EventLog) -> None:
        self.app, self.service, self.bound, self.log = app, service, bound, log
        self.limits: ServingLimits = service.limits
        config = uvicorn.Config(
            app,
            http=shedding_connection(app.why_full),
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            ws="none",
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=1,
        )
        self.uvicorn = uvicorn.Server(config)
        self.stopping = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    async def run(self, when_ready: Callable[[], None]) -> None:
        """Load all models, answer until SIGTERM or Ctrl-C, and end when all accepted requests are answered.

        Args:
            when_ready: Is called when requests are answered.

        Raises:
            RunError: A model cannot be loaded.
        """
        serving = asyncio.create_task(self.uvicorn.serve([self.bound]))
        while not (self.uvicorn.started or serving.done()):
            await asyncio.sleep(0.01)
        self.on_signals()  # in place of uvicorn's, which would not wait for what was accepted
        loading = asyncio.create_task(self.service.start())
        stop = asyncio.create_task(self.stopping.wait())
        reaping = asyncio.create_task(self.close_silent())
        try:
            await asyncio.wait({loading, stop, serving}, return_when=asyncio.FIRST_COMPLETED)
            if loading.done():
                loading.result()
                when_ready()
                await asyncio.wait({stop, serving}, return_when=asyncio.FIRST_COMPLETED)
            await self.drain()
        finally:
            for task in (loading, stop, reaping):
                task.cancel()
            with suppress(asyncio.CancelledError, RunError):
                await loading
            await self.service.stop()
            accept_no_more(self.bound)
            await self.close_idle()
            self.uvicorn.should_exit = True
            await serving

    async def close_idle(self) -> None:
        """Answer all that has come, and close connections one by one, each in a moment when it asks nothing."""
        await asyncio.sleep(LAST_REQUESTS)
        for connection in list(self.uvicorn.server_state.connections):
            cycle: Any = getattr(connection, "cycle", None)
            if (cycle is None or cycle.response_complete) and not has_data(connection):
                connection.transport.close()
            await asyncio.sleep(0)
        await asyncio.sleep(LAST_REQUESTS)

    def on_signals(self) -> None:
        """SIGTERM and Ctrl-C end the server in order, SIGHUP loads models again; only the main thread hears them."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stopping.set)
        loop.add_signal_handler(signal.SIGINT, self.stopping.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self.keep(loop.create_task(self.reload())))

    def keep(self, task: "asyncio.Task[None]") -> None:
        """Hold a task until it is done."""
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def reload(self) -> None:
        """Load all models again; one that cannot be loaded goes on as it is."""
        for model in self.service.models.values():
            try:
                await model.reload()
            except RunError as error:
                self.log.event("not reloaded", {"model": model.name, "reason": str(error)})

    async def drain(self) -> None:
        """Refuse new requests, and wait until the accepted ones, and those on their way in, are answered."""
        self.log.event("draining", {})
        self.service.drain()
        began = monotonic()
        while monotonic() < began + self.limits.drain:
            await asyncio.sleep(0.02)
            if monotonic() > began + GRACE and self.service.is_idle:
                return
        self.log.event("not drained", {"requests": self.app.active})

    async def close_silent(self) -> None:
        """Close connections that have asked nothing for too long, be they half open or half a request."""
        since: dict[Any, tuple[Any, float]] = {}
        while True:
            await asyncio.sleep(min(1.0, self.limits.receive))
            now = monotonic()
            seen: dict[Any, tuple[Any, float]] = {}
            for connection in list(self.uvicorn.server_state.connections):
                cycle: Any = getattr(connection, "cycle", None)
                if cycle is not None and not cycle.response_complete:
                    continue
                before, asked = since.get(connection), (cycle, getattr(connection, "refused", 0))
                started = before[1] if before is not None and before[0] == asked else now
                seen[connection] = (asked, started)
            most = len(seen) - max(len(self.uvicorn.server_state.connections) - self.limits.connections, 0)
            newest = sorted(seen.items(), key=lambda item: -item[1][1])  # uvicorn's set of them has no order
            for number, (connection, (asked, started)) in enumerate(newest):
                patience = self.limits.receive if asked == (None, 0) else KEEP_ALIVE
                is_silent = now - started > patience and not is_about_to_ask(connection)
                if number >= most or is_silent:  # the oldest are the last here
                    connection.transport.close()
            since = seen


def accept_no_more(bound: socket.socket) -> None:
    """Let a listening socket answer no new connection: one that it took when it is closed would be reset."""
    count, *instruction = DROP_ALL
    code = ctypes.create_string_buffer(struct.pack("=HBBI", *instruction))
    with suppress(OSError):  # another system: some may be reset
        bound.setsockopt(
            socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", count, ctypes.addressof(code))
        )


def run_until_stopped(server: Server, when_ready: Callable[[], None]) -> None:
    """Run a server until it ends.

    Args:
        server: The server.
        when_ready: Is called when requests are answered.

    Raises:
        RunError: A model cannot be loaded.
    """
    raise_file_limit()
    with asyncio.Runner(loop_factory=server.uvicorn.config.get_loop_factory()) as runner:
        runner.run(server.run(when_ready))


def raise_file_limit() -> None:
    """Allow this process as many open files, connections among them, as the system lets it have."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def bind(host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket.

    Args:
        host: The address to listen at.
        port: The port; 0 takes any free one.
        backlog: Connections that may wait to be accepted.

    Returns:
        The socket.

    Raises:
        RunError: The port is taken, or the host is none of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise RunError(f"--host {host}: {error.strerror or error}; name an address of this machine") from None
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise RunError(
            f"port {port} of {host} cannot be used ({error.strerror}); --port 0 takes any free one"
        ) from None
    bound.listen(backlog)
    return bound
