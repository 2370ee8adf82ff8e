"""The loss of forecasts against torch's own losses, and windows with missing values."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.losses.forecasts import forecast_loss, quantile_costs
from jumok.values import SeriesBatch

B, H, C = 3, 5, 2


def target(seed: int = 0) -> SeriesBatch:
    torch.manual_seed(seed)
    return SeriesBatch(
        torch.randn(B, H, C), torch.ones(B, H, C, dtype=torch.bool), torch.ones(B, H, dtype=torch.bool)
    )


@pytest.mark.parametrize(("loss", "torchs"), [("mse", nn.MSELoss()), ("mae", nn.L1Loss())])
def test_a_loss_of_the_path_is_torchs(loss, torchs):
    came, found = target(), torch.randn(B, H, C, 1)
    ours = forecast_loss(found, came, loss, [])
    assert ours.count == B
    assert_close(ours.total / ours.count, torchs(found[..., 0], came.values))


def test_the_pinball_loss_is_least_at_the_quantile():
    torch.manual_seed(0)
    came = torch.randn(1001)
    levels = [0.1, 0.5, 0.8]
    tried = torch.linspace(-2, 2, 401)
    costs = torch.stack([quantile_costs(came[:, None] - one, [level]) for level in levels for one in tried])
    best = tried[costs.mean(1).view(3, -1).argmin(1)]
    assert_close(best, came.quantile(torch.tensor(levels)), atol=0.02, rtol=0)


def test_quantiles_are_added_to_the_path_or_stand_alone():
    came, found = target(), torch.randn(B, H, C, 3)
    whole = forecast_loss(found, came, "mse", [0.1, 0.9]).total
    path = forecast_loss(found[..., :1], came, "mse", []).total
    alone = forecast_loss(found[..., 1:], came, "quantile", [0.1, 0.9]).total
    assert_close(whole, path + alone)


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_missing_values_cost_nothing(loss):
    came, found = target(), torch.randn(B, H, C, 1)
    observed = torch.rand(B, H, C) > 0.5
    observed[2] = False  # a window of which nothing was measured
    part = came._replace(observed=observed)
    wrong = part._replace(values=torch.where(observed, came.values, 1e6))
    one, other = (forecast_loss(found, batch, loss, []) for batch in (part, wrong))
    assert_close(one.total, other.total)
    rows = [forecast_loss(found[i : i + 1], row(part, i), loss, []) for i in range(B)]
    assert_close(one.total, sum(one.total for one in rows))
    assert float(rows[2].total) == 0 and one.count == sum(one.count for one in rows)


def row(batch: SeriesBatch, i: int) -> SeriesBatch:
    return SeriesBatch(*(part[i : i + 1] for part in batch))
