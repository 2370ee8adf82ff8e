"""Windows of Swin put back in place: against coordinates in plain loops, and against what really reaches a cell."""

import pytest
import torch
from timm.models.swin_transformer import SwinTransformerBlock
from torch import nn
from torch.testing import assert_close

from jumok import record
from jumok.encoders.windows import ShiftedWindowBlock
from jumok.errors import RunError
from jumok.inspection.layers import WindowedLayer
from jumok.inspection.windows import filled_then_shifted, find_windows, finding_windows, shifted_then_filled

WINDOW = 4, 3
SHIFTS = {"straight": (0, 0), "shifted": (2, 1)}
SIZES = {"whole": (8, 9), "filled": (7, 10), "narrow": (9, 3), "small": (4, 3)}
H, C = 2, 8

each_shift = pytest.mark.parametrize("shift", SHIFTS.values(), ids=SHIFTS.keys())
each_size = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())


def timms(size, shift) -> SwinTransformerBlock:
    return SwinTransformerBlock(
        C, size, H, window_size=WINDOW, shift_size=shift, always_partition=True, dynamic_mask=True
    ).eval()


class Blocks(nn.Module):
    """A model with one block: its windows reach further than chance, so that every weight is felt."""

    def __init__(self, size, shift, ours: bool) -> None:
        super().__init__()
        block = timms(size, shift)
        self.block = ShiftedWindowBlock(block) if ours else block
        self.block.attn.relative_position_bias_table.data.normal_()
        self.double()

    def forward(self, x):
        return (
            self.block.look_around(x) if isinstance(self.block, ShiftedWindowBlock) else self.block._attn(x)
        )


def window_in_loops(y, x, size, window, shift, fill_first):
    """Window and place of a cell, by counting."""
    Y, X = size
    rows, columns = (-(-side // wide) * wide for side, wide in zip(size, window, strict=True))
    if fill_first:
        down = shift[0] if rows > window[0] else 0
        right = shift[1] if columns > window[1] else 0
        y, x = (y - down) % rows, (x - right) % columns
    else:
        y, x = (y - shift[0]) % Y, (x - shift[1]) % X
    number = (y // window[0]) * (columns // window[1]) + x // window[1]
    return number, (y % window[0]) * window[1] + x % window[1]


@each_shift
@each_size
@pytest.mark.parametrize("fill_first", [True, False], ids=["ours", "timms"])
def test_every_cell_has_its_place(size, shift, fill_first):
    windows = (filled_then_shifted if fill_first else shifted_then_filled)(size, WINDOW, shift)
    for y in range(size[0]):
        for x in range(size[1]):
            assert windows.place(y, x) == window_in_loops(y, x, size, WINDOW, shift, fill_first)
    assert sorted(windows.cells[windows.cells >= 0].tolist()) == list(range(size[0] * size[1]))


@each_shift
@each_size
@pytest.mark.parametrize("ours", [True, False], ids=["ours", "timms"])
def test_a_cell_looks_at_what_changes_it(size, shift, ours):
    """The gradient of a cell's output by the values of others is not zero exactly where its row is not."""
    model, x = Blocks(size, shift, ours), torch.randn(1, *size, C, dtype=torch.float64, requires_grad=True)
    windows = find_windows(model.block, size)
    with record(model) as maps:
        output = model(x)
    layer = WindowedLayer(maps.calls[0], windows)
    for y, column in [(0, 0), (size[0] - 1, size[1] - 1), (size[0] // 2, size[1] // 3)]:
        slope = torch.autograd.grad(output[0, y, column].square().sum(), x, retain_graph=True)[0]
        felt = slope.abs().sum(-1) > 1e-12  # (B, Y, X)
        rows = layer[0, :, y * size[1] + column].view(H, *size)
        assert torch.equal(rows.amax(0) > 1e-12, felt[0])
        window, _ = windows.place(y, column)
        assert set(felt[0].flatten().nonzero().flatten().tolist()) <= set(windows.cells[window].tolist())


@each_shift
@pytest.mark.parametrize("size", [SIZES["whole"], SIZES["filled"]], ids=["whole", "filled"])
def test_rows_are_the_weights_of_a_whole_map(size, shift):
    """Against attention of all cells to all cells, in float64 and in loops."""
    model, x = Blocks(size, shift, ours=True), torch.randn(1, *size, C, dtype=torch.float64)
    with record(model) as maps, finding_windows(model) as found:
        model(x)
        model.block(x)
    layer = WindowedLayer(maps.all("block.attn")[0], found["block.attn"])
    weights = whole_map(model.block, x, size)  # (H, rows, columns, rows, columns)
    for head in range(H):
        for y in range(size[0]):
            for column in range(size[1]):
                expected = weights[head, y, column, : size[0], : size[1]].float()
                assert_close(layer[0, head, y * size[1] + column].view(size), expected)
    column = layer[0, 1, :, 2 * size[1] + 3].view(size)
    assert_close(column, weights[1, : size[0], : size[1], 2, 3].float())


def whole_map(block, x, size):
    """Softmax over all cells, those that are filled up too, of which a cell may look at those of its window."""
    rows, columns = (-(-side // wide) * wide for side, wide in zip(size, WINDOW, strict=True))
    filled = torch.zeros(rows, columns, C, dtype=torch.float64)
    filled[: size[0], : size[1]] = x[0]
    q, k, _ = block.attn.qkv(filled).unflatten(-1, (3, H, -1)).permute(2, 3, 0, 1, 4).detach()
    scores = torch.einsum("hyxk,hvuk->hyxvu", q, k) * (C // H) ** -0.5
    table = block.attn.relative_position_bias_table.detach().view(2 * WINDOW[0] - 1, 2 * WINDOW[1] - 1, H)
    down, right = block.shift
    for y, column in torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).tolist():
        for v, u in torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).tolist():
            same = (y - down) // WINDOW[0] == (v - down) // WINDOW[0]
            same &= (column - right) // WINDOW[1] == (u - right) // WINDOW[1]  # edges do not meet
            near = (y - v + WINDOW[0] - 1, column - u + WINDOW[1] - 1)
            scores[:, y, column, v, u] += table[near] if same else -torch.inf
    return scores.flatten(-2).softmax(-1).unflatten(-1, (rows, columns))


def test_hooks_are_gone_afterwards():
    model = Blocks((8, 9), (2, 1), ours=True)
    with finding_windows(model) as found:
        model.block(torch.randn(1, 8, 9, C).double())
    assert found["block.attn"].size == (8, 9) and not model.block._forward_pre_hooks


def test_what_does_not_fit_is_refused():
    windows = find_windows(Blocks((8, 9), (2, 1), ours=True).block, (20, 9))
    with pytest.raises(IndexError, match=r"no cell \(20, 0\)"):
        windows.place(20, 0)
    with pytest.raises(RunError, match="no block of shifted windows"):
        find_windows(nn.Linear(2, 2), (8, 9))
