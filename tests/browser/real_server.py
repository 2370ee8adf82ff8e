"""The real server of the workbench in a thread."""

import socket
import threading
from collections.abc import Sequence

import uvicorn

from jumok.inspection.inspect import Inspection
from jumok.workbench.server import application
from jumok.workbench.workbench import LoadedRun, Workbench


class Served:
    """A workbench behind the real server, on a free port of this machine."""

    def __init__(self, runs: Sequence[LoadedRun]) -> None:
        self.bench = Workbench(runs)
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{bound.getsockname()[1]}"
        config = uvicorn.Config(
            application(self.bench, {host}), log_level="error", ws="none", timeout_graceful_shutdown=1
        )
        self.address, self.server = f"http://{host}/", uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [bound]}, daemon=True)
        self.thread.start()

    @property
    def look(self) -> Inspection:
        """The look of the moment."""
        return next(reversed(self.bench.looks.values()))

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(5)
