"""The feed-forward layer against its three formulas."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from jumok.layers.feedforward import FeedForward
from reference import gradients, leaf, random_parameters

B, T, D, INNER = 2, 3, 5, 7


def relu(x: Tensor) -> Tensor:
    return x * (x > 0)


def gelu(x: Tensor) -> Tensor:
    """x times the share of a normal distribution below x."""
    return x * 0.5 * (1 + torch.erf(x / 2**0.5))


def swiglu(x: Tensor) -> Tensor:
    """swish(x W) · (x V), Shazeer, 2020, equation 6; W and V are the halves of one matrix."""
    gate, value = x[..., :INNER], x[..., INNER:]
    return gate / (1 + torch.exp(-gate)) * value


@pytest.mark.parametrize("activation, formula", [("relu", relu), ("gelu", gelu), ("swiglu", swiglu)])
def test_feedforward_is_the_formula(activation, formula):
    layer, x = random_parameters(FeedForward(D, INNER, activation)), leaf(B, T, D)
    y = layer(x)
    expected = (
        formula(x @ layer.widen.weight.T + layer.widen.bias) @ layer.narrow.weight.T + layer.narrow.bias
    )
    wanted = (x, *layer.parameters())
    assert y.shape == (B, T, D)
    assert_close(y, expected)
    assert_close(gradients(y, wanted), gradients(expected, wanted))


def test_dropout_acts_inside_and_in_training_only():
    layer = FeedForward(D, INNER, dropout=0.5)
    layer.widen.weight.data.fill_(1.0)
    layer.narrow.weight.data.fill_(1.0)
    y = layer(torch.ones(50, D))
    assert len(y.unique()) > 2 and (y == y[:, :1]).all()
    assert_close(layer.eval()(torch.ones(1, D)), torch.full((1, D), float(D * INNER)))
