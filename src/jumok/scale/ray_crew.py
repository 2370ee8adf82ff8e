"""Workers of a Ray cluster, through a pipeline of Ray Data; extra `scale`.

Each part is a row. An actor that dies, or whose machine does, is begun elsewhere, and its parts are done again. The
model answers in a process below the actor, so that an input which kills it does not kill the actor, too.
"""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from jumok.deferred import import_extra
from jumok.errors import DataError, JumokError, RunError
from jumok.scale.job import Crew, PartAnswers, WorkerNote
from jumok.scale.parts import Part, PartAnswer
from jumok.scale.worker import Order
from jumok.scale.workers import PartAnswerer, shared_threads


class RayAnswerer:
    """An actor that answers rows, {"number", "first", "items"}, by {"number", "answer"}; the values are JSON."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.notes: list[str] = []
        self.answerer = PartAnswerer(Order(**order), shared_threads(1), self.notes.extend)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        part = Part(int(row["number"]), int(row["first"]), json.loads(row["items"]))
        try:
            found: dict[str, Any] = self.answerer.answer(part)._asdict()
        except JumokError as error:
            found = {"failed": str(error)}
        return {"number": part.number, "answer": json.dumps(found), "notes": json.dumps(self.notes)}


class RayCluster:
    """The cluster that RAY_ADDRESS names, or that runs on this machine, or else one that is begun here."""

    def __init__(self) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what fails is tried again, and told at last
        self.ray = import_extra("ray", "scale", "--engine ray")
        self.is_ours = not self.ray.is_initialized()
        if self.is_ours:
            try:
                self.ray.init(log_to_driver=False, logging_level=logging.ERROR)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise DataError(f"no Ray cluster could be reached or begun: {error}") from None

    @cached_property
    def data(self) -> Any:
        """Ray Data, which says nothing of its progress."""
        data = import_extra("ray.data", "scale", "--engine ray")
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        data.DataContext.get_current().enable_progress_bars = False
        return data

    @property
    def processors(self) -> int:
        """The processors of all machines."""
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    def crew(self, processes: int) -> Crew:
        """So many workers, each with a processor, and with a GPU where the device is one."""

        @contextmanager
        def crew(order: Order, parts: Iterator[Part]) -> Iterator[PartAnswers]:
            yield self.answers(order, parts, processes)

        return crew

    def answers(self, order: Order, parts: Iterator[Part], processes: int) -> PartAnswers:
        """What is ready, in any order.

        Args:
            order: What the workers answer with.
            parts: The parts; all go into the memory of the cluster.
            processes: How many workers there are at most.
        """
        rows = [{"number": one.number, "first": one.first, "items": json.dumps(one.items)} for one in parts]
        if not rows:
            return
        asked = self.data.from_items(rows, override_num_blocks=len(rows)).map(
            RayAnswerer,
            fn_constructor_args=(order._asdict(),),
            compute=self.data.ActorPoolStrategy(size=min(processes, len(rows))),
            num_cpus=1,
            num_gpus=1 if order.device.startswith("cuda") else None,
        )
        for row in asked.iter_rows():
            yield from (WorkerNote(note) for note in json.loads(row["notes"]))
            found = json.loads(row["answer"])
            if "failed" in found:
                raise RunError(found["failed"])
            yield int(row["number"]), PartAnswer(**found)

    def close(self) -> None:
        """Leave the cluster, or end it where it was begun here."""
        if self.is_ours:
            self.ray.shutdown()
