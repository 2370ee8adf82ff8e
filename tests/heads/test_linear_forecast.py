"""Linear forecasts equal maps computed by hand, stay in the units of the window, and add to other heads."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from jumok.errors import ConfigurationError, DataError
from jumok.heads.forecast import FlattenForecastHead, KnownAhead, WindowUnits
from jumok.heads.linear import DecompositionMap, LinearForecastHead, SeasonsMap, StepsMap
from jumok.values import Memories, Memory, TimeStates

B, C, L, H, Q, D, N = 2, 3, 11, 7, 2, 4, 2  # rows, channels, steps, horizon, numbers, width, patches
SEASON = 4
CHANNELS = [2, 0]


def memories(steps=L):
    torch.manual_seed(0)
    past, center, scale = torch.randn(B, steps, C), torch.randn(B, C), torch.rand(B, C) + 0.5
    intervals = torch.arange(N + 1).repeat(C)
    intervals = torch.stack((intervals, intervals + 1), 1)[: C * N]
    states = torch.randn(B, C * N, D)
    time = TimeStates(intervals, C, center, scale, past)
    return Memories(
        {"past": Memory(states, torch.ones(B, C * N, dtype=torch.bool), states.mean(1), time=time)}
    )


def steps_map():
    return drawn(StepsMap(L, H, Q))


def seasons_map():
    return drawn(SeasonsMap(L, H, SEASON, Q))


def drawn(linear):
    """With other weights than the zeros of its beginning."""
    for parameter in linear.parameters():
        torch.nn.init.normal_(parameter)
    return linear


def head_of(linear, beside=None):
    return LinearForecastHead(WindowUnits("past", CHANNELS), linear, beside)


def in_batch_units(found, read):
    """Found (B, C, H, Q) as (B, H, C, Q) in the units of the batch."""
    time = read.of("past").time
    scale, center = time.scale[:, None, CHANNELS, None], time.center[:, None, CHANNELS, None]
    return found.transpose(1, 2) * scale + center


def test_each_step_is_a_weighted_sum_of_all():
    read, linear = memories(), steps_map()
    weight, bias = linear.linear.weight.view(H, Q, L), linear.linear.bias.view(H, Q)
    found = torch.einsum("bcl,hql->bchq", read.of("past").time.past[:, :, CHANNELS].mT, weight) + bias
    assert_close(head_of(linear).forecast(read), in_batch_units(found, read))


def test_each_value_of_a_phase_is_a_weighted_sum_of_its_own_past():
    """By loops over steps, seasons and phases, as in Lin et al., 2024; 11 steps are filled up to 3 seasons."""
    read, linear = memories(), seasons_map()
    around = linear.around.weight.detach().numpy()[0, 0]  # (5,)
    weight, bias = (one.detach().numpy() for one in (linear.linear.weight, linear.linear.bias))
    past = read.of("past").time.past[:, :, CHANNELS].mT.numpy()  # (B, C, L)
    expected = np.zeros((B, len(CHANNELS), H, Q))
    for place in np.ndindex(B, len(CHANNELS)):
        x = past[place]
        smooth = [
            x[t] + sum(around[k] * x[t + k - 2] for k in range(5) if 0 <= t + k - 2 < L) for t in range(L)
        ]
        filled = [0.0, *smooth]
        for step, number in np.ndindex(H, Q):
            season, phase = divmod(step, SEASON)
            row = season * Q + number
            values = [filled[i * SEASON + phase] for i in range(3)]
            expected[(*place, step, number)] = np.dot(weight[row], values) + bias[row]
    found = head_of(linear).forecast(read)
    assert_close(found, in_batch_units(torch.from_numpy(expected).float(), read), atol=1e-5, rtol=1e-5)


def test_trend_and_remainder_have_maps_of_their_own():
    """As in the code of Zeng et al., 2023: the ends are repeated, then averaged over 5 steps."""
    read, linear = memories(), drawn(DecompositionMap(L, H, 5, Q))
    past = read.of("past").time.past[:, :, CHANNELS].mT  # (B, C, L)
    longer = torch.cat((past[..., :1], past[..., :1], past, past[..., -1:], past[..., -1:]), -1)
    trend = torch.stack([longer[..., t : t + 5].mean(-1) for t in range(L)], -1)
    found = linear.trend(trend) + linear.remainder(past - trend)
    assert_close(head_of(linear).forecast(read), in_batch_units(found.unflatten(-1, (H, Q)), read))
    linear.remainder.load_state_dict(
        linear.trend.state_dict()
    )  # both alike: they add up to a map of the past
    alike = linear.trend(past) + linear.trend.bias
    assert_close(linear(past), alike.unflatten(-1, (H, Q)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("make", [StepsMap, SeasonsMap])
def test_at_first_the_mean_of_the_past_is_forecast(make):
    read = memories()
    found = head_of(make(L, H, *([SEASON] if make is SeasonsMap else []), Q)).forecast(read)
    assert_close(found, read.of("past").time.center[:, None, CHANNELS, None].expand(-1, H, -1, Q))


@pytest.mark.parametrize("linear", [steps_map(), seasons_map()])
def test_a_map_is_added_to_another_head(linear):
    read, units = memories(), WindowUnits("past", CHANNELS)
    beside = FlattenForecastHead(units, N, D, KnownAhead((), H), H, Q)
    scale, center = (
        getattr(read.of("past").time, one)[:, None, CHANNELS, None] for one in ("scale", "center")
    )
    found = head_of(linear, beside).forecast(read)
    shares = [(head.forecast(read) - center) / scale for head in (head_of(linear), beside)]
    assert_close(found, sum(shares) * scale + center)
    found.sum().backward()
    assert all(weight.grad is not None for weight in head_of(linear, beside).parameters())


def test_what_does_not_fit_is_refused():
    head, read = head_of(steps_map()), memories()
    with pytest.raises(DataError, match="past has 12 time steps here, but 11 where its training begins"):
        head.forecast(memories(12))
    part = read.of("past")
    bare = part._replace(time=part.time._replace(past=None))
    with pytest.raises(ConfigurationError, match="normalized by themselves"):
        head.forecast(Memories({"past": bare}))
