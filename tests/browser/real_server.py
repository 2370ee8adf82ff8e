"""The real servers of the workbench and of the label page, each in a thread."""

import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from jumok.inspection.inspect import Inspection
from jumok.labelling.opening import open_experiment
from jumok.web.guard import Guard
from jumok.workbench.labelling.api import LabelRoom, label_application
from jumok.workbench.server import application
from jumok.workbench.workbench import LoadedRun, Workbench


class ServedApplication:
    """An application behind the real server, on a free port of this machine."""

    def __init__(self, make: Callable[[set[str]], Guard]) -> None:
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{bound.getsockname()[1]}"
        config = uvicorn.Config(make({host}), log_level="error", ws="none", timeout_graceful_shutdown=1)
        self.address, self.server = f"http://{host}/", uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [bound]}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(5)


class Served(ServedApplication):
    """A workbench."""

    def __init__(self, runs: Sequence[LoadedRun]) -> None:
        self.bench = Workbench(runs)
        super().__init__(lambda hosts: application(self.bench, hosts))

    @property
    def look(self) -> Inspection:
        """The look of the moment."""
        return next(reversed(self.bench.looks.values()))


class ServedLabels(ServedApplication):
    """The label page of a split of an experiment, with a model that proposes."""

    def __init__(self, experiment: Path, split: str, run: Path) -> None:
        self.room = LabelRoom.open(open_experiment(experiment, split), experiment.parent / "runs")
        self.room.model.load(run)
        super().__init__(lambda hosts: label_application(self.room, hosts))

    def close(self) -> None:
        super().close()
        self.room.close()
