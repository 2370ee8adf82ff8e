"""Stacks of recurrent cells: their sizes and how they start."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.testing import assert_close

from jumok.layers.recurrent import stack

CELLS = pytest.mark.parametrize(
    "cell, kind, gates", [("rnn", nn.RNN, 1), ("lstm", nn.LSTM, 4), ("gru", nn.GRU, 3)]
)


@CELLS
@pytest.mark.parametrize("both", [False, True], ids=["one-way", "both-ways"])
def test_stack_has_the_sizes_asked_for(cell, kind, gates, both):
    made = stack(cell, 5, 7, 3, dropout=0.2, bidirectional=both)
    assert isinstance(made, kind)
    assert made.dropout == 0.2
    assert made(torch.zeros(2, 4, 5))[0].shape == (2, 4, 14 if both else 7)


@CELLS
def test_gates_start_orthogonal(cell, kind, gates):
    made = stack(cell, 5, 7, 2, bidirectional=True)
    matrices = [p for name, p in made.named_parameters() if "weight_hh" in name]
    assert len(matrices) == 4
    for matrix in matrices:
        parts = matrix.split(7)
        assert len(parts) == gates
        for gate in parts:
            assert_close(gate @ gate.T, torch.eye(7))


@CELLS
def test_only_lstm_has_a_bias_at_first_and_it_says_remember(cell, kind, gates):
    made = stack(cell, 5, 7, 2, bidirectional=True)
    for layer in ("l0", "l1", "l0_reverse", "l1_reverse"):
        bias = getattr(made, f"bias_ih_{layer}") + getattr(made, f"bias_hh_{layer}")
        expected = torch.zeros(gates * 7)
        if cell == "lstm":
            expected[7:14] = 1.0
        assert_close(bias.detach(), expected)


def test_one_layer_has_nothing_to_drop_between():
    assert stack("gru", 5, 7, 1, dropout=0.5).dropout == 0.0


@pytest.mark.parametrize("both", [False, True], ids=["one-way", "both-ways"])
def test_where_there_is_no_lstm_in_bf16_it_computes_in_fp32(monkeypatch, both):
    made, x = stack("lstm", 5, 7, 2, bidirectional=both), torch.randn(3, 4, 5)
    packed = pack_padded_sequence(x, torch.tensor([4, 2, 1]), batch_first=True)
    expected, (state, cell) = made(x)
    again = made(x, (state, cell))[0]
    monkeypatch.setattr("jumok.device.has_bf16", lambda device: False)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(made(x)[0], expected)
        assert torch.equal(made(x.bfloat16().float(), (state, cell))[0], made(x.bfloat16(), (state, cell))[0])
        assert torch.equal(made(x, (state, cell))[0], again)
        assert made(packed)[0].data.dtype == torch.float32
