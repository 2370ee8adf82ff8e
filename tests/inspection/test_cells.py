"""Cells of a picture and its pixels."""

import pytest
import torch
from torch.testing import assert_close

from jumok.inspection.cells import Cells

CELLS = Cells(rows=3, columns=5, cell=(4.0, 2.5))
SIZE = 12, 11


def test_every_pixel_is_in_the_cell_at_its_centre():
    numbers = CELLS.of_pixels((12, 12))
    for y in range(12):
        for x in range(12):
            x1, y1, x2, y2 = CELLS.box(CELLS.at(x + 0.5, y + 0.5))
            assert x1 <= x + 0.5 < x2 and y1 <= y + 0.5 < y2
            assert numbers[y, x] == CELLS.at(x + 0.5, y + 0.5)


def test_outside_there_is_no_cell():
    numbers = CELLS.of_pixels((14, 14))
    assert (numbers[12:] == -1).all() and (numbers[:, 13:] == -1).all() and numbers[:12, :12].min() == 0
    assert CELLS.at(1000, 1000) == len(CELLS) - 1 and CELLS.at(-3, -3) == 0


def test_weights_lie_over_the_picture():
    weights = torch.rand(15)
    picture = CELLS.over_picture(weights, (14, 13))
    assert picture.shape == (14, 13) and not picture[12:].any()
    assert picture[5, 3] == weights[1 * 5 + 1] and picture[0, 0] == weights[0]


def test_cells_of_a_box_are_those_with_their_centre_in_it():
    assert CELLS.in_box(0, 0, 5, 8) == [0, 1, 5, 6]
    assert CELLS.in_box(0, 0, 12.5, 12) == list(range(15))
    assert CELLS.in_box(3.0, 3.0, 3.2, 3.5) == [1]  # smaller than a cell


def test_mask_covers_shares_of_cells():
    mask = torch.zeros(12, 12, dtype=torch.bool)
    mask[:2] = True
    assert_close(CELLS.in_mask(mask), torch.tensor([0.5] * 5 + [0.0] * 10))
    cells = Cells(2, 2, (2, 2))
    mask = torch.tensor([[1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 1], [1, 1, 0, 1]]).bool()
    assert cells.in_mask(mask).tolist() == [0.25, 0.0, 1.0, 0.5]


@pytest.mark.parametrize("cell", range(15))
def test_a_box_of_a_cell_holds_the_cell(cell):
    assert CELLS.in_box(*CELLS.box(cell)) == [cell]
