"""The Transformer decoder against torch's stack."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import LearnedPositions
from jumok.decoders.transformer import TransformerDecoder
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import TransformerDecoderLayer
from jumok.values import Memory
from reference import (
    affine_as_torch,
    assert_torch_learns_the_same,
    decoder_layer_as_torch,
    gradient,
    leaf,
    prefixed,
    random_parameters,
    stack_as_torch,
    value,
    weighted,
)

B, T, S, D, H, INNER, V, LAYERS = 2, 5, 7, 12, 3, 10, 13, 2
VALID = torch.arange(S) < torch.tensor([[7], [4]])


def decoder(pre_norm: bool = True, dropout: float = 0.0) -> TransformerDecoder:
    def layer() -> TransformerDecoderLayer:
        own, cross = MultiHeadAttention(D, H), MultiHeadAttention(D, H)
        return TransformerDecoderLayer(D, own, cross, FeedForward(D, INNER), pre_norm=pre_norm)

    layers = [layer() for _ in range(LAYERS)]
    output = TokenOutput(V, D)
    return TransformerDecoder(TokenEmbedding(V, D), LearnedPositions(D, 9), layers, output, dropout, pre_norm)


def as_torch(ours: TransformerDecoder, of) -> dict[str, torch.Tensor]:
    named = stack_as_torch(decoder_layer_as_torch(layer, of) for layer in ours.layers)
    return (
        named
        if isinstance(ours.norm, nn.Identity)
        else named | prefixed("norm.", affine_as_torch(ours.norm, of))
    )


@pytest.mark.parametrize("pre_norm", [True, False], ids=["pre-norm", "post-norm"])
def test_decoder_is_torchs(pre_norm):
    ours, tokens, states = random_parameters(decoder(pre_norm)), torch.randint(V, (B, T)), leaf(B, S, D)
    layer = nn.TransformerDecoderLayer(D, H, INNER, dropout=0.0, batch_first=True, norm_first=pre_norm)
    theirs = nn.TransformerDecoder(layer, LAYERS, nn.LayerNorm(D) if pre_norm else None).double()
    theirs.load_state_dict(as_torch(ours, value))
    before = (ours.embedding.table, ours.positions.table, ours.output.weight, ours.output.bias)
    table, places, weight, bias = (p.detach().clone().requires_grad_() for p in before)
    same_states = states.detach().clone().requires_grad_()
    x = table[tokens] * D**0.5 + places[:T]
    ahead = torch.ones(T, T, dtype=torch.bool).triu(1)
    out = theirs(x, same_states, tgt_mask=ahead, memory_key_padding_mask=~VALID)
    expected = out @ weight.T + bias

    logits = ours(tokens, Memory(states, VALID, states[:, 0]))
    assert_close(logits, expected)
    weighted(logits).backward()
    weighted(expected).backward()
    assert_torch_learns_the_same(theirs, as_torch(ours, gradient))
    assert_close([p.grad for p in before], [p.grad for p in (table, places, weight, bias)])
    assert_close(states.grad, same_states.grad)


def test_logits_are_the_output_of_hidden():
    ours, tokens, states = random_parameters(decoder()), torch.randint(V, (B, T)), leaf(B, S, D)
    memory = Memory(states, VALID, states[:, 0])
    assert_close(ours(tokens, memory), ours.output(ours.hidden(tokens, memory)))


def test_state_keeps_one_memory_for_all_hypotheses():
    ours, states = random_parameters(decoder()), leaf(B, S, D)
    state = ours.start(Memory(states, VALID, states[:, 0]))
    rows = torch.tensor([0, 0, 0, 1, 1, 1])
    selected = state.select(rows, None)
    _, stepped = ours.step(torch.arange(6), selected)
    assert all(after is before for after, before in zip(stepped.memory, state.memory, strict=True))
    assert stepped.length == 1 and stepped.past[0].seen.keys.shape == (6, H, 1, D // H)


def test_dropout_is_for_training():
    ours, tokens, states = decoder(dropout=0.5), torch.randint(V, (B, T)), torch.randn(B, S, D)
    memory = Memory(states, VALID, states[:, 0])
    assert not torch.equal(ours(tokens, memory), ours(tokens, memory))
    ours.eval()
    assert torch.equal(ours(tokens, memory), ours(tokens, memory))
