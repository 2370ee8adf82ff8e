"""Attention in shifted windows, put back in its place: which cell of the map stands where in which window."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jumok.attention.maps import AttentionMap
from jumok.encoders.windows import ShiftedWindowBlock, into_windows
from jumok.errors import RunError

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Windows:
    """A map of Y × X cells cut into N windows of L places each."""

    size: Pair  # Y, X
    cells: Tensor  # (N, L), the cell at each place, row by row of the map; -1 where it is filled up

    def place(self, y: int, x: int) -> Pair:
        """The window that a cell is in, and its place there."""
        Y, X = self.size
        if not (0 <= y < Y and 0 <= x < X):
            raise IndexError(f"there is no cell ({y}, {x}); the map has {Y} rows and {X} columns")
        window, place = (self.cells == y * X + x).nonzero()[0].tolist()
        return window, place

    def inside(self, y: int, x: int) -> Tensor:
        """True (Y, X) for the cells that share the window of one."""
        window, _ = self.place(y, x)
        return self.spread(torch.ones(self.cells.shape[1]), window, 0.0) > 0

    def row(
        self, attention: AttentionMap, picture: int, head: int, y: int, x: int, outside: float = 0.0
    ) -> Tensor:
        """What a cell looked at, as a map (Y, X); `outside` stands where its window does not reach.

        A map is filled up to whole windows: what a cell looks at there is on no map, and its row sums to less than one.
        """
        window, place = self.place(y, x)
        weights = attention[self.example(attention, picture, window), head, place]  # (L,)
        return self.spread(weights, window, outside)

    def column(
        self, attention: AttentionMap, picture: int, head: int, y: int, x: int, outside: float = 0.0
    ) -> Tensor:
        """Who looked at a cell, as a map (Y, X)."""
        window, place = self.place(y, x)
        weights = attention[self.example(attention, picture, window), head, :, place]  # (L,)
        return self.spread(weights, window, outside)

    def received(self, attention: AttentionMap, picture: int, head: int) -> Tensor:
        """How much all cells of its window together looked at each cell, as a map (Y, X)."""
        total = torch.zeros(self.size).flatten()
        for window, cells in enumerate(self.cells):
            real = cells >= 0
            weights = attention[self.example(attention, picture, window), head]  # (L, L)
            total[cells[real]] = weights.cpu()[real].sum(0)[real]
        return total.view(self.size)

    def example(self, attention: AttentionMap, picture: int, window: int) -> int:
        """Which example of a call (BN, H, L, L) a window of a picture is."""
        N, L = self.cells.shape
        if attention.shape[0] % N or attention.shape[2:] != (L, L):
            raise RunError(
                f"{attention.name} was called with {attention.shape[0]} windows of {attention.shape[2]} places; a "
                f"map of {self.size[0]} × {self.size[1]} cells has {N} of {L}"
            )
        if not 0 <= picture < attention.shape[0] // N:
            raise IndexError(f"there is no picture {picture} of {attention.shape[0] // N}")
        return picture * N + window

    def spread(self, weights: Tensor, window: int, outside: float) -> Tensor:
        """Weights (L,) of the places of a window, each at its cell of the map (Y, X)."""
        cells = self.cells[window]
        spread = torch.full((self.size[0] * self.size[1],), outside)
        spread[cells[cells >= 0]] = weights.cpu().float()[cells >= 0]
        return spread.view(self.size)


def windows_of(block: nn.Module, size: Pair) -> Windows:
    """The windows of a block of Swin, ours or timm's, over a map of Y × X cells."""
    if isinstance(block, ShiftedWindowBlock):
        return filled_then_shifted(size, block.window, block.shift)
    if hasattr(block, "window_size") and hasattr(block, "shift_size"):
        found: Any = block
        return shifted_then_filled(size, tuple(found.window_size), tuple(found.shift_size))
    raise RunError(f"{type(block).__name__} is no block of shifted windows")


def filled_then_shifted(size: Pair, window: Pair, shift: Pair) -> Windows:
    """As our blocks do it: a map is filled up, then shifted, but not where one window sees all of it."""
    cells = filled(numbered(size), window)
    rows, columns = cells.shape
    down = 0 if rows <= window[0] else shift[0]
    right = 0 if columns <= window[1] else shift[1]
    return cut(size, cells.roll((-down, -right), (0, 1)), window)


def shifted_then_filled(size: Pair, window: Pair, shift: Pair) -> Windows:
    """As timm's blocks do it."""
    return cut(size, filled(numbered(size).roll((-shift[0], -shift[1]), (0, 1)), window), window)


def numbered(size: Pair) -> Tensor:
    return torch.arange(size[0] * size[1]).view(size)


def filled(cells: Tensor, window: Pair) -> Tensor:
    """Numbers of cells (Y, X) with -1 after them, up to whole windows."""
    Y, X = cells.shape
    return F.pad(cells, (0, -X % window[1], 0, -Y % window[0]), value=-1)


def cut(size: Pair, cells: Tensor, window: Pair) -> Windows:
    return Windows(size, into_windows(cells[None, :, :, None], window).squeeze(-1))


@contextmanager
def finding_windows(model: nn.Module) -> Iterator[dict[str, Windows]]:
    """Note how each block of shifted windows cuts the maps that it is given: windows by the path of its attention.

    The path is that by which a recording names its calls, so that `found[name].row(maps[name], ...)` is what a cell
    looked at. The last call of a block in this thread counts.
    """
    found: dict[str, Windows] = {}
    here = get_ident()

    def noting(name: str) -> Any:
        def note(block: nn.Module, given: tuple[Tensor, ...]) -> None:
            if get_ident() == here:
                found[name] = windows_of(block, (given[0].shape[1], given[0].shape[2]))  # (B, Y, X, C)

        return note

    with ExitStack() as stack:
        for name, block in model.named_modules():
            if isinstance(block, ShiftedWindowBlock) or type(block).__name__ == "SwinTransformerBlock":
                hook = block.register_forward_pre_hook(noting(f"{name}.attn"))
                stack.callback(hook.remove)
        yield found
