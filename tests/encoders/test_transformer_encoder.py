"""The Transformer encoder against torch's stack."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import SinusoidalPositions, sinusoids
from jumok.encoders.transformer import TransformerEncoder, mean_of_valid
from jumok.layers.embedding import TokenEmbedding
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import TransformerEncoderLayer
from jumok.values import Padded
from reference import (
    affine_as_torch,
    assert_torch_learns_the_same,
    encoder_layer_as_torch,
    gradient,
    prefixed,
    random_parameters,
    stack_as_torch,
    value,
    weighted,
)

B, S, D, H, INNER, V, LAYERS = 2, 7, 12, 3, 10, 13, 2
VALID = torch.arange(S) < torch.tensor([[7], [4]])


def encoder(pre_norm: bool, dropout: float = 0.0) -> TransformerEncoder:
    layers = [
        TransformerEncoderLayer(D, MultiHeadAttention(D, H), FeedForward(D, INNER), pre_norm=pre_norm)
        for _ in range(LAYERS)
    ]
    return TransformerEncoder(
        TokenEmbedding(V, D), SinusoidalPositions(D), layers, D, dropout, final_norm=pre_norm
    )


def as_torch(ours: TransformerEncoder, of) -> dict[str, torch.Tensor]:
    named = stack_as_torch(encoder_layer_as_torch(layer, of) for layer in ours.layers)
    return (
        named
        if isinstance(ours.norm, nn.Identity)
        else named | prefixed("norm.", affine_as_torch(ours.norm, of))
    )


@pytest.mark.parametrize("pre_norm", [True, False], ids=["pre-norm", "post-norm"])
def test_encoder_is_torchs(pre_norm):
    ours, tokens = random_parameters(encoder(pre_norm)), torch.randint(V, (B, S))
    layer = nn.TransformerEncoderLayer(D, H, INNER, dropout=0.0, batch_first=True, norm_first=pre_norm)
    norm = nn.LayerNorm(D) if pre_norm else None
    theirs = nn.TransformerEncoder(layer, LAYERS, norm, enable_nested_tensor=False).double()
    theirs.load_state_dict(as_torch(ours, value))
    table = ours.embedding.table.detach().clone().requires_grad_()
    x = table[tokens] * D**0.5 + sinusoids(S, D).double()
    expected, memory = theirs(x, src_key_padding_mask=~VALID), ours(Padded(tokens, VALID))
    assert_close(memory.states, expected)
    weighted(memory.states).backward()
    weighted(expected).backward()
    assert_torch_learns_the_same(theirs, as_torch(ours, gradient))
    assert_close(ours.embedding.table.grad, table.grad)


def test_summary_is_the_mean_of_what_is_real():
    ours = random_parameters(encoder(True))
    memory = ours(Padded(torch.randint(V, (B, S)), VALID))
    assert_close(memory.summary, torch.stack([memory.states[0].mean(0), memory.states[1, :4].mean(0)]))
    assert torch.equal(memory.valid, VALID)


def test_mean_of_all_of_one_and_of_nothing():
    states, valid = torch.randn(3, S, D), torch.arange(S) < torch.tensor([[S], [1], [0]])
    expected = torch.stack([states[0].mean(0), states[1, 0], torch.zeros(D)])
    assert_close(mean_of_valid(states, valid), expected)


def test_embedding_is_dropped_in_training_only():
    ours, source = encoder(True, dropout=0.5), Padded(torch.randint(V, (B, S)), VALID)
    assert not torch.equal(ours(source).states, ours(source).states)
    ours.eval()
    assert torch.equal(ours(source).states, ours(source).states)
