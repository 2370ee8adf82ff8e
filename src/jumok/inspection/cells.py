"""Between the pixels of a picture and the cells that a model makes of it."""

from dataclasses import dataclass

import torch
from torch import Tensor

Pair = tuple[int, int]


@dataclass(frozen=True)
class Cells:
    """Cells over a picture, row by row: cell i stands in row i // columns and column i % columns."""

    rows: int
    columns: int
    cell: tuple[float, float]  # height and width of one, in pixels of the picture as it came

    def __len__(self) -> int:
        return self.rows * self.columns

    def at(self, x: float, y: float) -> int:
        """The cell at a point of the picture; at its edge, where the picture is larger than all cells."""
        row = min(max(int(y // self.cell[0]), 0), self.rows - 1)
        column = min(max(int(x // self.cell[1]), 0), self.columns - 1)
        return row * self.columns + column

    def box(self, cell: int) -> tuple[float, float, float, float]:
        """The pixels (x1, y1, x2, y2) that a cell covers."""
        (high, wide), row, column = self.cell, cell // self.columns, cell % self.columns
        return column * wide, row * high, (column + 1) * wide, (row + 1) * high

    def in_box(self, x1: float, y1: float, x2: float, y2: float) -> list[int]:
        """The cells whose centre lies in a box; the one at its centre, where there is none."""
        rows = [row for row in range(self.rows) if y1 <= (row + 0.5) * self.cell[0] < y2]
        columns = [column for column in range(self.columns) if x1 <= (column + 0.5) * self.cell[1] < x2]
        inside = [row * self.columns + column for row in rows for column in columns]
        return inside or [self.at((x1 + x2) / 2, (y1 + y2) / 2)]

    def in_mask(self, mask: Tensor) -> Tensor:
        """The share (S,) of each cell that a boolean mask (Y, X) of the picture covers."""
        numbers = self.of_pixels((mask.shape[0], mask.shape[1])).flatten()
        ones, known = mask.flatten().double(), numbers >= 0
        covered = torch.zeros(len(self), dtype=torch.float64).index_add(0, numbers[known], ones[known])
        pixels = torch.bincount(numbers[known], minlength=len(self))
        return (covered / pixels.clamp(min=1)).float()

    def of_pixels(self, size: Pair) -> Tensor:
        """The number (Y, X) of the cell that covers the centre of each pixel; -1 where there is none."""
        down = ((torch.arange(size[0]) + 0.5) / self.cell[0]).long()  # (Y,)
        right = ((torch.arange(size[1]) + 0.5) / self.cell[1]).long()  # (X,)
        numbers = down[:, None] * self.columns + right
        return numbers.masked_fill((down >= self.rows)[:, None] | (right >= self.columns), -1)

    def over_picture(self, weights: Tensor, size: Pair) -> Tensor:
        """Weights (S,) of cells as a map (Y, X) over the pixels of the picture; 0 where there is no cell."""
        numbers = self.of_pixels(size)
        return weights.cpu()[numbers.clamp(min=0)].masked_fill(numbers < 0, 0.0)
