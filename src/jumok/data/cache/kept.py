"""A cache in memory for tensors that are read from files."""

from collections.abc import Callable

from torch import Tensor

KEPT_BYTES = 2**28  # bytes for one field of the data, kept until the end


class Kept:
    """Caches the first tensors that are read, up to a number of bytes; they must not be changed.

    None is evicted: an epoch reads each example once, so that the oldest is needed the soonest.
    """

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self._tensors: dict[int, Tensor] = {}

    def get(self, number: int, read: Callable[[], Tensor]) -> Tensor:
        """The tensor with this number, read if it is not cached."""
        found = self._tensors.get(number)
        if found is None:
            found = read()
            if found.nbytes <= self.room:
                self.room -= found.nbytes
                self._tensors[number] = found
        return found
