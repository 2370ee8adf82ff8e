"""Tensors within nested named tuples, as flat lists with names and back: programs of other runtimes take such lists."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor


def tensors_of(state: Any) -> dict[str, Tensor]:
    """The tensors in the nested tuples of a state, by their paths, like `memory.0.keys`."""
    return dict(_tensors_of(state, ""))


def _tensors_of(part: Any, path: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(part, Tensor):
        yield path[1:], part
    elif isinstance(part, tuple):
        for name, inner in zip(getattr(part, "_fields", range(len(part))), part, strict=True):
            yield from _tensors_of(inner, f"{path}.{name}")


def replaced(part: Any, tensors: Iterator[Tensor]) -> Any:
    """The same nested tuples of other tensors, taken in the order of `tensors_of`."""
    if isinstance(part, Tensor):
        return next(tensors)
    if not isinstance(part, tuple):
        return part
    inner = [replaced(one, tensors) for one in part]
    return type(part)(*inner) if hasattr(part, "_fields") else tuple(inner)
