"""Dropout against its definition: a mask with the right share, the right scale, and the same way back."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.dropout import Dropout, dropout


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_share_and_scale(p):
    y = dropout(torch.ones(1000, 1003, dtype=torch.float64), p, training=True)
    kept, deviation = y[y != 0], (p / (1 - p) / y.numel()) ** 0.5
    assert (kept == kept[0]).all()
    assert_close(kept[0].item(), 1 / (1 - p), rtol=1 / 512 / (1 - p), atol=0.0)
    assert abs(y.mean() - 1) < 4 * deviation


@pytest.mark.parametrize("p", [0.25, 0.5])
def test_expectation_is_kept(p):
    x = torch.randn(40, 7, dtype=torch.float64)
    mean = torch.stack([dropout(x, p, training=True) for _ in range(4000)]).mean(0)
    bound = 5 * x.abs() * (p / (1 - p) / 4000) ** 0.5
    assert ((mean - x).abs() < bound + 1e-9).all()


def test_neighbours_are_independent():
    kept = (dropout(torch.ones(200, 64), 0.5, training=True) != 0).double() - 0.5
    correlation = kept.T @ kept / 200 * 4 - torch.eye(64)
    assert correlation.abs().max() < 0.45  # 6 standard deviations of 200 draws


@pytest.mark.parametrize("shape", [(), (1,), (7,), (8,), (3, 5, 11), (0, 4)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_gradient_is_the_same_mask(shape, dtype):
    x = torch.randn(shape, dtype=dtype).abs().add(0.5).requires_grad_()
    y = dropout(x, 0.5, training=True)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert y.shape == x.shape and y.dtype == x.dtype
    assert_close(gradient, torch.where(y != 0, 2.0, 0.0).to(dtype))


def test_gradient_of_the_gradient_is_the_same_mask():
    x = torch.randn(13, dtype=torch.float64, requires_grad=True)
    y = dropout(x, 0.5, training=True)
    weights = torch.ones_like(x, requires_grad=True)
    (gradient,) = torch.autograd.grad(y, x, weights, create_graph=True)
    assert_close(torch.autograd.grad(gradient.sum(), weights)[0], gradient.detach())


def test_masks_differ_between_calls_and_follow_the_seed():
    x = torch.ones(100)
    torch.manual_seed(3)
    first, second = dropout(x, 0.5, training=True), dropout(x, 0.5, training=True)
    torch.manual_seed(3)
    assert not torch.equal(first, second)
    assert torch.equal(first, dropout(x, 0.5, training=True))


def test_input_is_left_alone():
    x = torch.ones(50)
    dropout(x, 0.5, training=True)
    assert torch.equal(x, torch.ones(50))


def test_views_are_masked_by_element():
    x = torch.ones(6, 10).T.requires_grad_()
    y = dropout(x, 0.5, training=True)
    assert_close(torch.autograd.grad(y.sum(), x)[0], y.detach())


@pytest.mark.parametrize("p, training", [(0.5, False), (0.0, True)])
def test_identity_when_evaluating_and_at_zero(p, training):
    x = torch.randn(5)
    assert dropout(x, p, training) is x


@pytest.mark.parametrize("p", [0.997, 0.9999])
def test_nearly_everything_may_go(p):
    assert dropout(torch.ones(999), p, training=True).isfinite().all()


def test_layer_follows_its_mode():
    layer, x = Dropout(0.5), torch.ones(64)
    assert (layer(x) == 0).any()
    assert layer.eval()(x) is x
    assert repr(nn.Sequential(layer)[0]) == "Dropout(p=0.5)"


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5])
def test_impossible_share_is_refused(p):
    with pytest.raises(ValueError, match=f"got {p}"):
        Dropout(p)
