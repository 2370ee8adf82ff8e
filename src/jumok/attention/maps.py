"""Exact attention weights, computed on demand.

A fused kernel never makes the weights (B, H, T, S). One call of attention is kept as what went into it, and a row, a
column or a tile of its weights is computed when it is wanted.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from types import EllipsisType
from typing import NamedTuple

import torch
from torch import Tensor

from jumok.attention.scores import Scores, upcast
from jumok.errors import RunError
from jumok.wording import quantity

ROWS = 256  # queries at a time, so that no tensor of all pairs exists unless all are requested
TOLERANCE = {
    torch.float64: 1e-9,
    torch.float32: 1e-5,
    torch.float16: 4e-3,
    torch.bfloat16: 2e-2,
}  # of kernels' outputs

Index = int | slice | EllipsisType
Tile = Callable[[int, int, slice, slice], Tensor]


class Check(NamedTuple):
    """Whether weights · values give what the kernel gave."""

    error: float  # the largest difference
    tolerance: float  # how large it may be in the kernel's numbers
    dropout: float  # above 0, the kernel's output is of other weights, and nothing can be said

    @property
    def ok(self) -> bool:
        """Whether the weights reproduce the output within the tolerance; with dropout, which is random, always."""
        return self.dropout > 0 or self.error <= self.tolerance


@dataclass(frozen=True, eq=False)
class AttentionMap:
    """One call of attention, to be indexed like the tensor (B, H, T, S) of its weights, which is never made.

    `attention[0, 2, 5]` are the weights of query 5 in head 2 (S,), `attention[0, 2, :, 7]` those of key 7 (T,),
    `attention[0, 2, :64, :64]` a tile, `attention[...]` everything. Weights are float32, without dropout; a row sums
    to one, or to zero where a query may look at nothing. RunError when what they are computed of was overwritten
    since; tensors of inference mode do not tell, there only `check` does.
    """

    name: str  # the path of the module that called
    scores: Scores
    values: Tensor  # (B, G, S, V)
    output: Tensor  # (B, H, T, V), what the kernel gave
    dropout: float = 0.0
    gradients: list[Tensor] = field(default_factory=list)  # of the output, one for each backward pass
    _versions: tuple[int, ...] = ()
    _known: dict[tuple[int, int], Tensor] = field(
        default_factory=dict
    )  # normalizers (T,) by example and head

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """B, H, T, S."""
        return self.scores.shape

    def __repr__(self) -> str:
        B, H, T, S = self.shape
        return f"AttentionMap({self.name!r}, examples={B}, heads={H}, queries={T}, keys={S})"

    def __getitem__(self, index: Index | tuple[Index, ...]) -> Tensor:
        self._require_untouched(self.scores.tensors())
        return self._gathered(index, self._weights)

    def gradient(self, *index: Index) -> Tensor:
        """The gradient of the loss by the weights, indexed like them: dO vᵀ, dO being that of the output.

        The last backward pass counts. RunError if none was recorded.
        """
        if not self.gradients:
            raise RunError(
                f"no gradient of {self.name} was recorded; use record(model, gradients=True), and call backward "
                "while it records"
            )
        self._require_untouched(self.kept())
        return self._gathered(index or ..., self._gradients)

    def check(self) -> Check:
        """Compare weights · values with the kernel's output, a few queries at a time."""
        self._require_untouched(self.kept())
        B, H, T, _ = self.shape
        error = 0.0
        with exact_math():
            for example, head, start in product(range(B), range(H), range(0, T, ROWS)):
                rows = slice(start, start + ROWS)
                mixed = self._weights(example, head, rows, slice(None)) @ self._values(
                    example, head
                )  # (T', V)
                error = max(error, float((mixed - self.output[example, head, rows]).abs().amax()))
        largest = float(self.values.abs().amax()) if self.values.numel() else 0.0
        return Check(error, TOLERANCE.get(self.output.dtype, 1e-5) * max(1.0, largest), self.dropout)

    def _gathered(self, index: Index | tuple[Index, ...], tile: Tile) -> Tensor:
        (examples, heads, queries, keys), singles = ranges(index, self.shape)
        shape = len(examples), len(heads), len(queries), len(keys)
        with exact_math():
            made = torch.empty(shape, dtype=torch.float32, device=self.output.device)
            for (i, example), (j, head) in product(enumerate(examples), enumerate(heads)):
                for start in range(0, len(queries), ROWS):
                    rows = queries[start : start + ROWS]
                    made[i, j, start : start + len(rows)] = tile(example, head, sliced(rows), sliced(keys))
            return made[tuple(0 if single else slice(None) for single in singles)]

    def _weights(self, example: int, head: int, queries: slice, keys: slice) -> Tensor:
        scores = self.scores.of(example, head, queries, keys)  # (T', S')
        normalizers = self._normalizers(example, head, queries, scores)[:, None]  # (T', 1)
        return (scores - normalizers).exp_().masked_fill_(normalizers == -torch.inf, 0.0)

    def _normalizers(self, example: int, head: int, queries: slice, scores: Tensor) -> Tensor:
        """The logarithm (T',) of what softmax divides by, of the scores (T', S'); found once for each query."""
        place, T, S = (example, head), *self.shape[2:]
        if place not in self._known:
            self._known[place] = scores.new_full((T,), torch.nan)
        known = self._known[place]
        if bool(known[queries].isnan().any()):
            whole = scores if scores.shape[1] == S else self.scores.of(example, head, queries, slice(None))
            known[queries] = whole.logsumexp(-1)
        return known[queries]

    def _gradients(self, example: int, head: int, queries: slice, keys: slice) -> Tensor:
        return upcast(self.gradients[-1][example, head, queries]) @ self._values(example, head)[keys].T

    def _values(self, example: int, head: int) -> Tensor:
        return upcast(self.values[example, head * self.values.shape[1] // self.shape[1]])  # (S, V)

    def _require_untouched(self, parts: Iterable[Tensor]) -> None:
        now = versions_of(parts)
        if self._versions and self._versions[: len(now)] != now:
            raise RunError(
                f"what {self.name} had computed with was overwritten since; ask for the weights before, or use "
                "record(model, copies=True)"
            )

    def kept(self) -> Iterator[Tensor]:
        """The tensors that this map holds on to, those of the scores first."""
        yield from self.scores.tensors()
        yield from (self.values, self.output)


@contextmanager
def exact_math() -> Iterator[None]:
    """Compute without autocast, autograd or inference mode."""
    with torch.inference_mode(False), torch.no_grad(), torch.autocast("cpu", enabled=False):
        yield


def versions_of(tensors: Iterable[Tensor]) -> tuple[int, ...]:
    """How often each was changed in place; tensors of inference mode do not count that."""
    return tuple(-1 if tensor.is_inference() else tensor._version for tensor in tensors)


def ranges(
    index: Index | tuple[Index, ...], shape: tuple[int, int, int, int]
) -> tuple[list[range], list[bool]]:
    """The numbers that an index takes along each of the four dimensions, and which of them are single ones.

    IndexError if one is outside, as tensors raise it.
    """
    parts: list[Index] = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in parts:
        place = parts.index(Ellipsis)
        parts[place : place + 1] = [slice(None)] * (len(shape) - len(parts) + 1)
    if len(parts) > len(shape):
        raise IndexError(
            f"attention has the four dimensions (B, H, T, S); got {quantity(len(parts), 'index')}"
        )
    parts += [slice(None)] * (len(shape) - len(parts))
    found = []
    for part, size, name in zip(parts, shape, ("example", "head", "query", "key"), strict=True):
        if isinstance(part, slice):
            found.append(range(size)[part])
            continue
        if not -size <= (number := int(part)) < size:  # type: ignore[arg-type]
            raise IndexError(f"there is no {name} {number}: attention is {' × '.join(map(str, shape))}")
        found.append(range(number % size, number % size + 1))
    return found, [not isinstance(part, slice) for part in parts]


def sliced(numbers: range) -> slice:
    """Numbers as a slice that tensors take; ValueError when they fall."""
    if numbers.step < 1:
        raise ValueError("weights are given in the order of queries and keys; use .flip for another one")
    return slice(numbers.start, numbers.stop, numbers.step)
