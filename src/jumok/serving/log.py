"""Structured logs: a line of JSON for each event, without anything that a client sent."""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from queue import Full, Queue
from threading import Thread
from typing import Any

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
            try:
                self.write(line)
            except (OSError, ValueError):  # nobody reads it any more
                continue


def to_stderr(line: str) -> None:
    """Write a line to standard error at once."""
    sys.stderr.write(line)
    sys.stderr.flush()
