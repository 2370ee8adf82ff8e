"""Tensors that were read from files and are asked for again: kept while there is room for them."""

from collections.abc import Callable

from torch import Tensor

KEPT_BYTES = 2**28  # bytes for one field of the data, kept until the end


class Kept:
    """The first tensors that were read, as many as fit into so many bytes; nobody may change them.

    None makes room for a later one: an epoch asks for each example once, so that the oldest is wanted the soonest.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self._tensors: dict[int, Tensor] = {}

    def get(self, number: int, read: Callable[[], Tensor]) -> Tensor:
        """The tensor of a number, read if it is not here."""
        found = self._tensors.get(number)
        if found is None:
            found = read()
            if found.nbytes <= self.room:
                self.room -= found.nbytes
                self._tensors[number] = found
        return found
