"""Attention in shifted windows, for maps of any size (Swin Transformer, Liu et al., 2021)."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FAR = -100.0  # added to the score of cells that are no neighbours in the image
HeightWidth = tuple[int, int]


class ShiftedWindowBlock(nn.Module):
    """Attention within windows, shifted by half a window in every second block; then feed-forward.

    It uses the parts of a block of timm. timm shifts a map before it pads the last windows, so that cells of
    opposite edges become neighbours in maps that are no multiple of the window; and it decides whether to shift by
    the size that the model was built for, not by the size of the map.
    """

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.norm1, self.attn, self.drop_path1 = block.norm1, block.attn, block.drop_path1
        self.norm2, self.mlp, self.drop_path2 = block.norm2, block.mlp, block.drop_path2
        self.window: HeightWidth = tuple(block.window_size)
        self.shift: HeightWidth = tuple(block.target_shift_size)

    def forward(self, x: Tensor) -> Tensor:
        """Attend within the windows of x (B, Y, X, C); returns the same shape."""
        x = x + self.drop_path1(self.look_around(self.norm1(x)))
        return x + self.drop_path2(self.mlp(self.norm2(x)))

    def look_around(self, x: Tensor) -> Tensor:
        """Attend within shifted windows of a feature map (B, Y, X, C); returns the same shape."""
        Y, X = x.shape[1:3]
        (high, wide), (down, right) = self.window, self.shift
        x = F.pad(x, (0, 0, 0, -X % wide, 0, -Y % high))
        rows, columns = x.shape[1:3]
        if torch.compiler.is_exporting():  # one program for maps of one window and for larger ones
            return self._look_around_in_a_program(x, Y, X)
        down, right = (0 if rows <= high else down), (0 if columns <= wide else right)  # one window sees all
        x = x.roll((-down, -right), (1, 2))
        apart = strangers((rows, columns), self.window, (down, right), x) if down or right else None
        x = merge_windows(self.attn(into_windows(x, self.window), apart), self.window, (rows, columns))
        return x.roll((down, right), (1, 2))[:, :Y, :X]

    def _look_around_in_a_program(self, x: Tensor, Y: int, X: int) -> Tensor:
        """The same of a padded map, of which Y × X cells are kept, where the shift is a number of the program."""
        rows, columns = x.shape[1:3]
        row, column = (torch.arange(count, device=x.device) for count in (rows, columns))
        counts = row[-1:] + 1, column[-1:] + 1  # rows and columns as tensors (1,)
        down, right = (
            shift * (count > window).long()
            for count, window, shift in zip(counts, self.window, self.shift, strict=True)
        )
        apart = region_bias(row >= counts[0] - down, column >= counts[1] - right, self.window, x)
        x = x.index_select(1, (row + down).remainder(counts[0]))
        x = x.index_select(2, (column + right).remainder(counts[1]))
        x = merge_windows(self.attn(into_windows(x, self.window), apart), self.window, (rows, columns))
        x = x.index_select(1, (row - down).remainder(counts[0]))
        return x.index_select(2, (column - right).remainder(counts[1]))[:, :Y, :X]


def into_windows(x: Tensor, window: HeightWidth) -> Tensor:
    """Cells (B, Y, X, C) to windows (BN, L, C), N of them for each map, L cells in each."""
    x = x.unflatten(2, (-1, window[1])).unflatten(1, (-1, window[0]))  # (B, N', high, N'', wide, C)
    return x.transpose(2, 3).flatten(3, 4).flatten(0, 2)


def merge_windows(windows: Tensor, window: HeightWidth, size: HeightWidth) -> Tensor:
    """Undo `into_windows`.

    Args:
        windows: Cells by window (B·N, L, C).
        window: Height and width of a window.
        size: Height and width of the maps.

    Returns:
        The cells (B, Y, X, C).
    """
    x = windows.unflatten(1, window).unflatten(0, (-1, size[0] // window[0], size[1] // window[1]))
    return x.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def strangers(size: HeightWidth, window: HeightWidth, shift: HeightWidth, like: Tensor) -> Tensor:
    """The attention bias of shifted windows: FAR between cells that the shift has brought together, else 0.

    Args:
        size: Height and width of the maps.
        window: Height and width of a window.
        shift: How far the windows are shifted down and right.
        like: A tensor whose device and dtype the bias gets.

    Returns:
        The bias (N, L, L) of the N windows of a map.
    """
    below = torch.arange(size[0], device=like.device) >= size[0] - shift[0]  # came from the upper edge
    beyond = torch.arange(size[1], device=like.device) >= size[1] - shift[1]  # came from the left edge
    return region_bias(below, beyond, window, like)


def region_bias(below: Tensor, beyond: Tensor, window: HeightWidth, like: Tensor) -> Tensor:
    """The attention bias between cells of different regions.

    Args:
        below: Whether a row (Y,) came from the upper edge.
        beyond: Whether a column (X,) came from the left edge.
        window: Height and width of a window.
        like: A tensor whose dtype the bias gets.

    Returns:
        The bias (N, L, L) of the N windows of a map.
    """
    region = 2 * below[:, None].long() + beyond  # (Y, X)
    region = into_windows(region[None, :, :, None], window).squeeze(-1)  # (N, L)
    return (region[:, :, None] != region[:, None, :]).to(like.dtype) * FAR
