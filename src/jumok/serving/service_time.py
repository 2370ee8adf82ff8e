"""How long batches take: measured, and predicted for what waits."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import inf
from time import monotonic

KEPT_KINDS = 64  # kinds of requests
DECAY = 0.9  # of a measurement's weight with each later one
FIRST_GUESS = 0.02  # seconds of a batch, before any was measured
STALE = 1.0  # seconds after which a measurement may tell of another time


@dataclass
class BatchTime:
    """Seconds of a batch as a fixed part and a part for each input: least squares, later batches count more."""

    weight: float = 0.0
    size: float = 0.0  # the decayed sums
    seconds: float = 0.0
    squares: float = 0.0
    products: float = 0.0

    def add(self, size: int, seconds: float) -> None:
        """Learn from a batch of so many inputs."""
        self.weight = self.weight * DECAY + 1
        self.size = self.size * DECAY + size
        self.seconds = self.seconds * DECAY + seconds
        self.squares = self.squares * DECAY + size * size
        self.products = self.products * DECAY + size * seconds

    def predict(self, size: int) -> float:
        """Seconds of a batch of so many inputs."""
        if not self.weight:
            return FIRST_GUESS
        mean_size, mean = self.size / self.weight, self.seconds / self.weight
        variance = self.squares / self.weight - mean_size**2
        covariance = self.products / self.weight - mean_size * mean
        slope = covariance / variance if variance > 1e-6 * mean_size**2 else 0.0
        slope = min(max(slope, 0.0), mean / mean_size)  # neither part is negative
        return mean + slope * (size - mean_size)


class ServiceTimes:
    """The time of batches by what their requests ask."""

    def __init__(self) -> None:
        self.kinds: OrderedDict[Hashable, BatchTime] = OrderedDict()
        self.all = BatchTime()
        self.learned = -inf  # when a batch was measured last

    def is_stale(self, now: float) -> bool:
        """Whether no batch was measured for a while."""
        return now - self.learned > STALE

    def add(self, kind: Hashable, size: int, seconds: float) -> None:
        """Learn from a batch.

        Args:
            kind: What its requests ask.
            size: Its inputs.
            seconds: The time that it took.
        """
        self.learned = monotonic()
        self.kinds.setdefault(kind, BatchTime()).add(size, seconds)
        self.kinds.move_to_end(kind)
        self.all.add(size, seconds)
        while len(self.kinds) > KEPT_KINDS:
            self.kinds.popitem(last=False)

    def batch(self, kind: Hashable, size: int) -> float:
        """Seconds of one batch."""
        return self.kinds.get(kind, self.all).predict(size)

    def queue(self, waiting: Mapping[Hashable, int], most: int) -> float:
        """Seconds in which so many inputs of each kind are computed, in batches of `most`."""
        seconds = 0.0
        for kind, count in waiting.items():
            whole, rest = divmod(count, most)
            seconds += whole * self.batch(kind, most) + (self.batch(kind, rest) if rest else 0.0)
        return seconds
