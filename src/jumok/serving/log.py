"""Structured logs: a line of JSON for each event, without anything that a client sent."""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, Full, Queue
from threading import Thread
from time import sleep
from typing import Any

GATHERING = (
    0.02  # seconds in which lines are gathered: a thread that woke for each would cost more than a request
)
MAX_WAITING_LINES = 10_000  # that wait for whoever reads them; beyond it lines are dropped, and counted


class EventLog:
    """Writes events in a thread of its own, so that nobody who reads slowly stops the server."""

    def __init__(self, write: Callable[[str], Any] | None = None) -> None:
        self.write = write or to_stderr
        self.lines: Queue[str | None] = Queue(MAX_WAITING_LINES)
        self.dropped = 0
        self.thread = Thread(target=self._write, name="log", daemon=True)
        self.thread.start()

    def event(self, name: str, about: Mapping[str, Any]) -> None:
        """Note an event with what is known about it."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        dropped = {"dropped": self.dropped} if self.dropped else {}
        line = json.dumps({"time": time, "event": name, **about, **dropped}, ensure_ascii=False)
        try:
            self.lines.put_nowait(line + "\n")
            self.dropped = 0
        except Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits."""
        self.lines.put(None)
        self.thread.join()

    def _write(self) -> None:
        while (line := self.lines.get()) is not None:
            sleep(GATHERING)
            gathered, goes_on = [line], True
            with suppress(Empty):
                while goes_on:
                    line = self.lines.get_nowait()
                    goes_on = line is not None
                    gathered += [line] if line is not None else []
            with suppress(OSError, ValueError):  # nobody reads it any more
                self.write("".join(gathered))
            if not goes_on:
                return


def to_stderr(line: str) -> None:
    """Write a line to standard error at once."""
    sys.stderr.write(line)
    sys.stderr.flush()
