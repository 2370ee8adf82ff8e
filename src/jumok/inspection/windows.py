"""Attention in shifted windows: the cells of the map that each window consists of."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jumok.encoders.windows import ShiftedWindowBlock, into_windows
from jumok.errors import RunError
from jumok.wording import quantity

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
            raise IndexError(
                f"there is no cell ({y}, {x}); the map has {quantity(Y, 'row')} and {quantity(X, 'column')}"
            )
        window, place = (self.cells == y * X + x).nonzero()[0].tolist()
        return window, place


def find_windows(block: nn.Module, size: Pair) -> Windows:
    """The windows of a block of Swin, ours or timm's, over a map of Y × X cells."""
    if isinstance(block, ShiftedWindowBlock):
        return filled_then_shifted(size, block.window, block.shift)
    if hasattr(block, "window_size") and hasattr(block, "shift_size"):
        found: Any = block
        return shifted_then_filled(size, tuple(found.window_size), tuple(found.shift_size))
    raise RunError(f"{type(block).__name__} is no block of shifted windows")


def filled_then_shifted(size: Pair, window: Pair, shift: Pair) -> Windows:
    """The windows of jumok's blocks: a map is padded, then shifted, unless one window sees all of it.

    Args:
        size: Rows and columns of the map.
        window: Rows and columns of a window.
        shift: Rows and columns by which the windows are shifted.

    Returns:
        The windows.
    """
    cells = pad_to_windows(number_cells(size), window)
    rows, columns = cells.shape
    down = 0 if rows <= window[0] else shift[0]
    right = 0 if columns <= window[1] else shift[1]
    return cut_windows(size, cells.roll((-down, -right), (0, 1)), window)


def shifted_then_filled(size: Pair, window: Pair, shift: Pair) -> Windows:
    """The windows of timm's blocks: a map is shifted, then padded.

    Args:
        size: Rows and columns of the map.
        window: Rows and columns of a window.
        shift: Rows and columns by which the windows are shifted.

    Returns:
        The windows.
    """
    return cut_windows(
        size, pad_to_windows(number_cells(size).roll((-shift[0], -shift[1]), (0, 1)), window), window
    )


def number_cells(size: Pair) -> Tensor:
    """The numbers (Y, X) of the cells of a map, row by row."""
    return torch.arange(size[0] * size[1]).view(size)


def pad_to_windows(cells: Tensor, window: Pair) -> Tensor:
    """Numbers of cells (Y, X) with -1 after them, up to whole windows."""
    Y, X = cells.shape
    return F.pad(cells, (0, -X % window[1], 0, -Y % window[0]), value=-1)


def cut_windows(size: Pair, cells: Tensor, window: Pair) -> Windows:
    """The windows of a map.

    Args:
        size: Rows and columns of the map.
        cells: The numbers (Y, X) of its cells, padded with -1.
        window: Rows and columns of a window.

    Returns:
        The cells of each window.
    """
    return Windows(size, into_windows(cells[None, :, :, None], window).squeeze(-1))


@contextmanager
def finding_windows(model: nn.Module) -> Iterator[dict[str, Windows]]:
    """Note how each block of shifted windows cuts the maps that it is given: windows by the path of its attention.

    The path is that by which a recording names its calls, so that `WindowedLayer(maps[name], found[name])` is what
    cells looked at. The last call of a block in this thread counts.
    """
    found: dict[str, Windows] = {}
    here = get_ident()

    def noting(name: str) -> Any:
        def note(block: nn.Module, given: tuple[Tensor, ...]) -> None:
            if get_ident() == here:
                found[name] = find_windows(block, (given[0].shape[1], given[0].shape[2]))  # (B, Y, X, C)

        return note

    with ExitStack() as stack:
        for name, block in model.named_modules():
            if isinstance(block, ShiftedWindowBlock) or type(block).__name__ == "SwinTransformerBlock":
                hook = block.register_forward_pre_hook(noting(f"{name}.attn"))
                stack.callback(hook.remove)
        yield found
