"""Recurrent decoders against a plain loop: one row, one step and one source position at a time."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from jumok.attention.recurrent import AdditiveAttention, DotAttention
from jumok.decoders.recurrent import RecurrentDecoder
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.values import Memory
from reference import gradients, leaf, random_parameters

B, T, S, D, V = 2, 3, 5, 4, 7
VALID = torch.arange(S) < torch.tensor([[5], [2]])
ATTENTIONS = {"none": lambda: None, "additive": lambda: AdditiveAttention(D), "dot": lambda: DotAttention(D)}
CELLS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}
ALL = pytest.mark.parametrize("cell", CELLS), pytest.mark.parametrize("attention", ATTENTIONS)


def decoder(cell, attention: str, layers: int = 1, dropout: float = 0.0) -> RecurrentDecoder:
    output = TokenOutput(V, D)
    return RecurrentDecoder(TokenEmbedding(V, D), cell, ATTENTIONS[attention](), output, layers, dropout)


def single_cell(ours: RecurrentDecoder, cell: str, layer: int) -> nn.Module:
    """Torch's cell on the very parameters of one layer of our stack."""
    made = CELLS[cell](D if layer else ours.recurrence.input_size, D)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(made, name, getattr(ours.recurrence, f"{name}_l{layer}"))
    return made


def context(ours: RecurrentDecoder, query: Tensor, states: Tensor) -> Tensor:
    """What a query (D,) sees in the real states of one source (S', D)."""
    attention = ours.attention
    if isinstance(attention, AdditiveAttention):
        scores = [
            attention.energy.weight[0]
            @ torch.tanh(attention.query.weight @ query + attention.query.bias + attention.key.weight @ state)
            for state in states
        ]
    else:
        scores = [query @ attention.key.weight @ state for state in states]
    return torch.stack(scores).softmax(0) @ states


def plain_loop(ours: RecurrentDecoder, cell: str, tokens: Tensor, memory: Memory) -> Tensor:
    """Logits (B, T, V), written as the papers say it."""
    cells = [single_cell(ours, cell, layer) for layer in range(ours.recurrence.num_layers)]
    rows = []
    for b in range(B):
        states, summary = memory.states[b][memory.valid[b]], memory.summary[b]
        h = list(torch.tanh(ours.first.weight @ summary + ours.first.bias).split(D))  # of each layer
        c = list((ours.first_cell.weight @ summary + ours.first_cell.bias).split(D)) if cell == "lstm" else []
        for t in range(T):
            word = ours.embedding.table[tokens[b, t]] * D**0.5
            seen = summary if ours.attention is None else None
            if isinstance(ours.attention, AdditiveAttention):
                seen = context(ours, h[-1], states)  # the state before the step asks
            x = word if seen is None else torch.cat((word, seen))
            for layer, run in enumerate(cells):
                if cell == "lstm":
                    h[layer], c[layer] = run(x, (h[layer], c[layer]))
                else:
                    h[layer] = run(x, h[layer])
                x = h[layer]
            known = [x, context(ours, x, states)] if seen is None else [x, seen, word]
            out = torch.tanh(ours.readout.weight @ torch.cat(known) + ours.readout.bias)
            rows.append(ours.output.weight @ out + ours.output.bias)
    return torch.stack(rows).view(B, T, V)


@ALL[0]
@ALL[1]
@pytest.mark.parametrize("layers", [1, 2])
def test_decoder_is_the_plain_loop(cell, attention, layers):
    ours = random_parameters(decoder(cell, attention, layers))
    tokens, memory = torch.randint(V, (B, T)), Memory(leaf(B, S, D), VALID, leaf(B, D))
    logits, expected = ours(tokens, memory), plain_loop(ours, cell, tokens, memory)
    wanted = [memory.summary, *ours.parameters()] + ([] if attention == "none" else [memory.states])
    assert_close(logits, expected)
    assert_close(gradients(logits, wanted), gradients(expected, wanted))


@ALL[0]
@ALL[1]
def test_every_layer_starts_from_the_summary(cell, attention):
    ours = random_parameters(decoder(cell, attention, layers=2))
    memory = Memory(leaf(B, S, D), VALID, leaf(B, D))
    hidden = ours.start(memory).hidden
    assert hidden.state.shape == (2, B, D)
    assert_close(hidden.state.transpose(0, 1).flatten(1), torch.tanh(ours.first(memory.summary)))
    assert (hidden.cell is not None) == (cell == "lstm")


@ALL[0]
@ALL[1]
def test_state_keeps_one_memory_for_all_hypotheses(cell, attention):
    ours = random_parameters(decoder(cell, attention, layers=2))
    state = ours.start(Memory(leaf(B, S, D), VALID, leaf(B, D)))
    selected = state.select(torch.tensor([0, 0, 0, 1, 1, 1]), None)
    _, stepped = ours.step(torch.arange(6), selected)
    assert stepped.looked is state.looked and stepped.summary is state.summary
    assert selected.hidden.state.shape == stepped.hidden.state.shape == (2, 6, D)
    assert selected.hidden.state.is_contiguous()  # cuDNN insists


@ALL[0]
@ALL[1]
def test_dropout_is_for_training(cell, attention):
    ours = decoder(cell, attention, layers=2, dropout=0.5)
    tokens, memory = torch.randint(V, (B, T)), Memory(torch.randn(B, S, D), VALID, torch.randn(B, D))
    assert not torch.equal(ours(tokens, memory), ours(tokens, memory))
    ours.eval()
    assert torch.equal(ours(tokens, memory), ours(tokens, memory))
