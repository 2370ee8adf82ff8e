"""Losses of labels and values, against torch and by hand."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from jumok.losses.labels import exclusive_loss, ordered_log_probabilities, several_loss
from jumok.losses.numbers import gaussian_loss, pinball_loss, squared_loss

B, C, N = 7, 5, 3


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_of_one_label_is_torchs_cross_entropy(smoothing):
    logits, classes = torch.randn(B, C).double(), torch.randint(C, (B,))
    ours = exclusive_loss(logits.log_softmax(-1), classes, torch.ones(C).double(), smoothing)
    assert_close(ours, F.cross_entropy(logits, classes, reduction="none", label_smoothing=smoothing))
    weights = torch.rand(C).double()
    weighted = exclusive_loss(logits.log_softmax(-1), classes, weights, 0.0)
    assert_close(weighted, F.cross_entropy(logits, classes, weights, reduction="none"))


def test_the_loss_of_several_labels_is_the_mean_of_their_own():
    logits, present, weights = (
        torch.randn(B, C).double(),
        torch.rand(B, C) < 0.5,
        torch.rand(C).double() + 0.5,
    )
    p = logits.sigmoid()
    expected = -torch.where(present, weights * p.log(), (1 - p).log()).mean(1)
    assert_close(several_loss(logits, present, weights), expected)


def test_ordered_probabilities_are_differences_of_cumulative_ones():
    exceeded = torch.tensor([[3.0, 0.5, -2.0]]).double()
    above = torch.cat((torch.ones(1, 1), exceeded.sigmoid(), torch.zeros(1, 1)), 1)
    assert_close(ordered_log_probabilities(exceeded).exp(), above[:, :-1] - above[:, 1:])


def test_ordered_probabilities_stay_exact_far_from_the_thresholds():
    """exp(-60) is lost beside 1 in float32, and its logarithm must not be."""
    exceeded = torch.tensor([[60.0, 59.0, -1.0]], requires_grad=True)
    found = ordered_log_probabilities(exceeded)
    assert_close(found.exp().sum(), torch.tensor(1.0))
    assert found[0, 0].item() == pytest.approx(-60.0)
    found.sum().backward()
    assert exceeded.grad is not None and exceeded.grad.isfinite().all()


def test_the_normal_loss_is_the_likelihood_without_its_constant():
    mean, log_deviation, values = (torch.randn(B, N).double() for _ in range(3))
    normal = torch.distributions.Normal(mean, log_deviation.exp())
    expected = -normal.log_prob(values) - 0.5 * math.log(2 * math.pi)
    assert_close(gaussian_loss(mean, log_deviation, values), expected)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.8])
def test_the_pinball_loss_is_least_at_the_quantile(level):
    values = torch.randn(2001, 1).double()
    grid = torch.linspace(-3, 3, 601).double()
    losses = [
        pinball_loss(one.expand(2001, 1, 1), values, torch.tensor([level]).double()).mean() for one in grid
    ]
    best = grid[int(torch.stack(losses).argmin())]
    assert abs(best - values.quantile(level)) < 0.02


def test_the_squared_loss_is_torchs():
    mean, values = torch.randn(B, N), torch.randn(B, N)
    assert_close(squared_loss(mean, values), F.mse_loss(mean, values, reduction="none"))
