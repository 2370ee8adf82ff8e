"""Which frames of a clip are read."""

from typing import Literal, NamedTuple


class FrameSampling(NamedTuple):
    """How frames are chosen.

    `uniform` takes `frames` of them, evenly spread from the first to the last; `stride` every `every`-th from the first
    on, `frames` at most.
    """

    how: Literal["uniform", "stride"]
    frames: int | None
    every: int = 1

    @property
    def fewest(self) -> int:
        """How many frames a clip must have."""
        return self.frames or 1 if self.how == "uniform" else 1

    def count(self, available: int) -> int:
        """How many frames of a clip with so many are read."""
        if self.how == "uniform":
            return self.frames or available
        every = -(-available // self.every)
        return every if self.frames is None else min(every, self.frames)

    def numbers(self, available: int) -> list[int]:
        """The numbers of the frames that are read, from 0, in their order."""
        count = self.count(available)
        if self.how == "stride":
            return [self.every * number for number in range(count)]
        return [round(number * (available - 1) / max(1, count - 1)) for number in range(count)]
