"""The batches of a training, in an order that is a pure function of seed, epoch and position, some made ahead.

Ahead, while a step goes on, only where the step runs on a device of its own: on a CPU both want the same cores, and the
threads that read stop those that multiply again and again (a step of 110 ms took 145 on two cores).
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from jumok.data import batching
from jumok.dataset import Batch, Split
from jumok.training.distributed import Distributed

THREADS = 4  # at most, that read files
PREFETCH = 2  # batches that each of them has made or is making before they are wanted


class DataPosition(NamedTuple):
    """Where a batch stands in a training."""

    epoch: int
    position: int


class PendingBatch(NamedTuple):
    """A batch that will be there when it is wanted."""

    rows: np.ndarray  # of all processes
    is_mine: bool  # whether this process has rows of its own in it
    batch: "Future[Batch]"


class Batches:
    """Batch after batch of a split, each epoch in another order; with `ahead`, files are read in threads meanwhile."""

    def __init__(
        self,
        split: Split,
        batch_tokens: int,
        batch_size: int | None,
        seed: int,
        mixed: bool,
        processes: Distributed,
        ahead: bool,
        dropout: float = 0.0,
    ) -> None:
        """`dropout` is the probability with which an example loses an optional input."""
        self.split, self.processes, self.seed, self.mixed = split, processes, seed, mixed
        self.dropout = dropout
        self.batch_tokens, self.batch_size = batch_tokens, batch_size
        reads = any(field.reads_files for field in split.fields.all.values())
        workers = min(THREADS, os.cpu_count() or 1) if ahead and reads else 0
        self.threads = ThreadPoolExecutor(workers, "batches") if workers else None
        self.ahead = PREFETCH * workers
        self.waiting: deque[PendingBatch] = deque()
        self.move(DataPosition(0, 0))

    def move(self, place: DataPosition) -> None:
        """Go on with the batch at a place."""
        for planned in self.waiting:
            planned.batch.cancel()
        self.waiting.clear()
        self.place = place
        self.plan = self._plan(place.epoch)
        self.coming = self._coming(place)

    def next(self) -> PendingBatch:
        """The next batch."""
        while len(self.waiting) <= self.ahead:
            self.waiting.append(next(self.coming))
        if self.place.position == len(self.plan):
            self.place = DataPosition(self.place.epoch + 1, 0)
            self.plan = self._plan(self.place.epoch)
        self.place = DataPosition(self.place.epoch, self.place.position + 1)
        return self.waiting.popleft()

    @property
    def epochs(self) -> float:
        """How often the whole split was seen."""
        return self.place.epoch + self.place.position / len(self.plan)

    def _plan(self, epoch: int) -> list[np.ndarray]:
        lengths = self.split.all_lengths()
        return batching.plan(lengths, self.batch_tokens, self.seed, epoch, self.mixed, self.batch_size)

    def _coming(self, place: DataPosition) -> Iterator[PendingBatch]:
        epoch, position, plan = place.epoch, place.position, self.plan
        while True:
            if position == len(plan):
                epoch, position = epoch + 1, 0
                plan = self._plan(epoch)
            yield self._planned(plan[position], DataPosition(epoch, position))
            position += 1

    def _planned(self, rows: np.ndarray, place: DataPosition) -> PendingBatch:
        """A process that has no rows in a batch takes the first one, for all must meet on the way."""
        mine = rows[self.processes.rank :: self.processes.world_size]
        chosen = mine if len(mine) else rows[:1]
        if self.threads is not None:
            return PendingBatch(rows, len(mine) > 0, self.threads.submit(self._make, chosen, place))
        made: Future[Batch] = Future()
        made.set_result(self._make(chosen, place))
        return PendingBatch(rows, len(mine) > 0, made)

    def _make(self, rows: np.ndarray, place: DataPosition) -> Batch:
        draw = np.random.Generator(np.random.PCG64([self.seed, *place, self.processes.rank]))
        return self.split.batch(rows, draw, self.dropout)
