"""The blocks of the Transformer against torch's own."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.attention.multihead import KVCache, MultiHeadAttention
from jumok.attention.positions import Rotary
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import Residual, TransformerDecoderLayer, TransformerEncoderLayer
from reference import (
    assert_torch_learns_the_same,
    decoder_layer_as_torch,
    encoder_layer_as_torch,
    gradient,
    gradients,
    leaf,
    random_parameters,
    value,
    weighted,
)

B, T, S, D, H, INNER = 2, 5, 7, 12, 3, 10
VALID = torch.arange(S) < torch.tensor([[7], [4]])
ALLOWED = VALID[:, None, None, :]
AHEAD = torch.ones(T, T, dtype=torch.bool).triu(1)
PRE_NORM = pytest.mark.parametrize("pre_norm", [True, False], ids=["pre-norm", "post-norm"])
ACTIVATION = pytest.mark.parametrize("activation", ["relu", "gelu"])


def encoder_layers(pre_norm, activation):
    ours = TransformerEncoderLayer(
        D, MultiHeadAttention(D, H), FeedForward(D, INNER, activation), pre_norm=pre_norm
    )
    theirs = nn.TransformerEncoderLayer(
        D, H, INNER, dropout=0.0, activation=activation, batch_first=True, norm_first=pre_norm
    ).double()
    theirs.load_state_dict(encoder_layer_as_torch(random_parameters(ours), value))
    return ours, theirs


def decoder_layers(pre_norm, activation):
    ours = TransformerDecoderLayer(
        D,
        MultiHeadAttention(D, H),
        MultiHeadAttention(D, H),
        FeedForward(D, INNER, activation),
        pre_norm=pre_norm,
    )
    theirs = nn.TransformerDecoderLayer(
        D, H, INNER, dropout=0.0, activation=activation, batch_first=True, norm_first=pre_norm
    ).double()
    theirs.load_state_dict(decoder_layer_as_torch(random_parameters(ours), value))
    return ours, theirs


@PRE_NORM
@ACTIVATION
def test_encoder_layer_is_torchs(pre_norm, activation):
    (ours, theirs), x = encoder_layers(pre_norm, activation), leaf(B, S, D)
    y, expected = ours(x, ALLOWED), theirs(x, src_key_padding_mask=~VALID)
    assert_close(y, expected)
    assert_close(gradients(y, [x]), gradients(expected, [x]))
    weighted(ours(x, ALLOWED)).backward()
    weighted(theirs(x, src_key_padding_mask=~VALID)).backward()
    assert_torch_learns_the_same(theirs, encoder_layer_as_torch(ours, gradient))


@PRE_NORM
@ACTIVATION
def test_decoder_layer_is_torchs(pre_norm, activation):
    (ours, theirs), x, memory = decoder_layers(pre_norm, activation), leaf(B, T, D), leaf(B, S, D)

    def expect():
        return theirs(x, memory, tgt_mask=AHEAD, memory_key_padding_mask=~VALID)

    y = ours(x, memory, ALLOWED)
    assert_close(y, expect())
    assert_close(gradients(y, (x, memory)), gradients(expect(), (x, memory)))
    weighted(ours(x, memory, ALLOWED)).backward()
    weighted(expect()).backward()
    assert_torch_learns_the_same(theirs, decoder_layer_as_torch(ours, gradient))


@PRE_NORM
@pytest.mark.parametrize("rotary", [None, Rotary(D // H)], ids=["plain", "rotary"])
@pytest.mark.parametrize("hypotheses", [1, 3])
def test_decoder_layer_step_by_step_equals_all_at_once(pre_norm, rotary, hypotheses):
    layer = TransformerDecoderLayer(
        D,
        MultiHeadAttention(D, H, rotary=rotary),
        MultiHeadAttention(D, H),
        FeedForward(D, INNER),
        pre_norm=pre_norm,
    )
    random_parameters(layer)
    x, memory = leaf(B * hypotheses, T, D), leaf(B, S, D)
    each = torch.arange(B).repeat_interleave(hypotheses)
    whole = layer(x, memory[each], ALLOWED[each])
    seen = layer.cross.project_kv(memory)
    past = KVCache(layer.attention.project_kv(x[:, :0]))
    for t in range(T):
        y, past = layer.step(x[:, t : t + 1], past, seen, ALLOWED)
        assert_close(y[:, 0], whole[:, t])
    assert past.seen.keys.shape == (B * hypotheses, H, T, D // H) and seen.keys.shape == (B, H, S, D // H)


@PRE_NORM
def test_residual_is_its_equation(pre_norm):
    residual, sublayer, x = Residual(D, 0.0, pre_norm), nn.Linear(D, D).double(), leaf(B, T, D)
    random_parameters(residual)
    norm = residual.norm
    expected = x + sublayer(norm(x)) if pre_norm else norm(x + sublayer(x))
    assert_close(residual(x, sublayer), expected)


def test_residual_drops_the_sublayer_only():
    residual, x = Residual(D, 0.5, pre_norm=True).double(), leaf(B, T, D)
    added = residual(x, torch.ones_like) - x
    assert set(added.round(decimals=6).unique().tolist()) == {0.0, 2.0}
