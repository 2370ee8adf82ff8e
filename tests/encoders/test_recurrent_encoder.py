"""The recurrent encoder against torch's stacks, run on each row alone and without padding."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.encoders.recurrent import RecurrentEncoder
from jumok.layers.embedding import TokenEmbedding
from jumok.values import Padded
from reference import random_parameters, weighted

B, S, D, V, LAYERS = 3, 5, 8, 11, 2
LENGTHS = [4, 5, 1]
VALID = torch.arange(S) < torch.tensor(LENGTHS)[:, None]
CELLS = pytest.mark.parametrize("cell, kind", [("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)])
BOTH = pytest.mark.parametrize("both", [False, True], ids=["one-way", "both-ways"])


def encoder(cell, both: bool, dropout: float = 0.0) -> RecurrentEncoder:
    return RecurrentEncoder(TokenEmbedding(V, D), cell, D, LAYERS, both, dropout)


@CELLS
@BOTH
def test_encoder_is_torchs_on_each_row_alone(cell, kind, both):
    ours, tokens = random_parameters(encoder(cell, both)), torch.randint(V, (B, S))
    theirs = kind(D, D // (1 + both), LAYERS, batch_first=True, bidirectional=both).double()
    theirs.load_state_dict(ours.recurrence.state_dict())
    table = ours.embedding.table.detach().clone().requires_grad_()
    states, summaries = [], []
    for row, length in zip(tokens, LENGTHS, strict=True):
        out, last = theirs(table[row[:length]][None] * D**0.5)
        last = last[0] if cell == "lstm" else last  # (layers · directions, 1, ·), the last layer at the end
        states.append(torch.cat((out[0], torch.zeros(S - length, D).double())))
        summaries.append(torch.cat(tuple(last[-2:, 0])) if both else last[-1, 0])
    expected = torch.cat((torch.stack(states), torch.stack(summaries)[:, None]), 1)

    memory = ours(Padded(tokens, VALID))
    found = torch.cat((memory.states, memory.summary[:, None]), 1)
    assert_close(found, expected)
    weighted(found).backward()
    weighted(expected).backward()
    assert_close(ours.embedding.table.grad, table.grad)
    for name, parameter in theirs.named_parameters():
        assert_close(getattr(ours.recurrence, name).grad, parameter.grad)


@CELLS
@BOTH
def test_empty_source_gives_zeros(cell, kind, both):
    valid = VALID.clone()
    valid[1] = False
    memory = random_parameters(encoder(cell, both))(Padded(torch.randint(V, (B, S)), valid))
    assert (memory.states[1] == 0).all() and (memory.summary[1] == 0).all()
    assert (memory.summary[0] != 0).all()


def test_nothing_real_at_the_end_of_all_rows():
    source = Padded(torch.randint(V, (2, 6)), torch.arange(6) < torch.tensor([[4], [2]]))
    assert encoder("gru", True)(source).states.shape == (2, 6, D)


def test_dropout_is_for_training():
    ours, source = encoder("gru", True, dropout=0.5), Padded(torch.randint(V, (B, S)), VALID)
    assert not torch.equal(ours(source).states, ours(source).states)
    ours.eval()
    assert torch.equal(ours(source).states, ours(source).states)


def test_two_directions_need_an_even_width():
    with pytest.raises(ValueError, match="even width; got width=7; try width=8"):
        RecurrentEncoder(TokenEmbedding(V, 7), "gru", 7)
