"""Forecast heads: step by step equals all at once, padding changes nothing, and units of windows come back."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import LearnedPositions
from jumok.attention.recurrent import AdditiveAttention, DotAttention
from jumok.choices import Cell
from jumok.decoders.recurrent import RecurrentDecoder
from jumok.errors import ConfigurationError, DataError
from jumok.heads.forecast import (
    AutoregressiveForecastHead,
    FlattenForecastHead,
    KnownAhead,
    QueryForecastHead,
    WindowUnits,
    last_states,
)
from jumok.heads.recurrent_forecast import RecurrentForecastHead
from jumok.layers.embedding import NumberEmbedding
from jumok.layers.feedforward import FeedForward
from jumok.layers.query import QueryLayer
from jumok.layers.transformer import TransformerDecoderLayer
from jumok.values import Memories, Memory, TimeStates

B, C, N, D, H, Q = 2, 3, 5, 8, 7, 2  # rows, channels, patches, width, horizon, numbers
PATCH = 3


def memory(states: int, channels: int = 1, units: bool = False, seed: int = 0) -> Memory:
    torch.manual_seed(seed)
    center, scale = (torch.randn(B, C), torch.rand(B, C) + 0.5) if units else (None, None)
    steps = torch.arange(states // channels).repeat(channels)
    time = TimeStates(torch.stack((steps, steps + 1), 1), channels, center, scale)
    x = torch.randn(B, states, D)
    return Memory(x, torch.ones(B, states, dtype=torch.bool), x.mean(1), time=time)


def memories(channels: int = 1, units: bool = False) -> Memories:
    return Memories({"past": memory(channels * N, channels, units), "clock": memory(N + H, seed=1)})


def attention() -> MultiHeadAttention:
    return MultiHeadAttention(D, 2)


def query_head(known: KnownAhead, units: WindowUnits) -> QueryForecastHead:
    layer = QueryLayer(D, attention(), attention(), FeedForward(D, 2 * D))
    return QueryForecastHead(units, [layer], D, known, H, PATCH, Q)


def decoder(known: KnownAhead, units: WindowUnits) -> AutoregressiveForecastHead:
    layers = [TransformerDecoderLayer(D, attention(), attention(), FeedForward(D, 2 * D)) for _ in range(2)]
    return AutoregressiveForecastHead(units, LearnedPositions(D, H), layers, D, known, H, PATCH, Q, middle=1)


def flatten_head(known: KnownAhead, units: WindowUnits) -> FlattenForecastHead:
    return FlattenForecastHead(units, N, D, known, H, Q)


def additive_decoder(known: KnownAhead, units: WindowUnits) -> RecurrentForecastHead:
    return recurrent_decoder(known, units, "gru", AdditiveAttention(D))


def dot_decoder(known: KnownAhead, units: WindowUnits) -> RecurrentForecastHead:
    return recurrent_decoder(known, units, "lstm", DotAttention(D))


def recurrent_decoder(
    known: KnownAhead, units: WindowUnits, cell: Cell, looks: AdditiveAttention | DotAttention
) -> RecurrentForecastHead:
    values = PATCH * len(units.channels)
    read, write = NumberEmbedding(values, D), nn.Linear(D, values * Q)
    recurrent = RecurrentDecoder(read, cell, looks, write, layers=2)
    return RecurrentForecastHead(units, recurrent, known, H, PATCH, middle=1)


DECODERS: Any = [decoder, additive_decoder, dot_decoder]
MAKERS: Any = [query_head, flatten_head, *DECODERS]


@pytest.fixture(params=[(), ("clock",)], ids=["alone", "with covariates"])
def known(request) -> KnownAhead:
    return KnownAhead(request.param, H)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("units", [False, True])
def test_a_forecast_has_a_number_for_each_step_channel_and_quantile(make, known, units):
    head = make(known, WindowUnits("past", [2, 0]))
    found = head.eval().forecast(memories(C, units))
    assert found.shape == (B, H, 2, Q)
    for parameter in head.parameters():
        parameter.grad = None
    came = torch.randn(B, H, 2)
    head.follow(memories(C, units), came).sum().backward()
    assert all(parameter.grad is not None for parameter in head.parameters())


@pytest.mark.parametrize("make", DECODERS)
@pytest.mark.parametrize("units", [False, True])
def test_patch_by_patch_equals_all_at_once(make, known, units):
    """The decoder with its cache, or its state, gives what it gives when it follows its own path."""
    head, read = make(known, WindowUnits("past", [2, 0])).double().eval(), memories(C, units)
    read = in_double(read)
    found = head.forecast(read)
    assert_close(head.follow(read, found[..., head.middle]), found)


def in_double(read: Memories) -> Memories:
    def wide(x):
        return x.double() if x is not None and x.is_floating_point() else x

    parts = {
        name: Memory(
            *map(wide, one[:3]), time=TimeStates(*(wide(x) if torch.is_tensor(x) else x for x in one.time))
        )
        for name, one in read.parts.items()
    }
    return Memories(parts)


@pytest.mark.parametrize("make", DECODERS)
def test_what_comes_later_does_not_change_what_is_forecast_before(make):
    head, read = make(KnownAhead((), H), WindowUnits("past", [0, 1])).eval(), memories(C)
    came = torch.randn(B, H, 2)
    changed = came.clone()
    changed[:, 2 * PATCH - 1 :] += 5
    one, other = head.follow(read, came), head.follow(read, changed)
    assert_close(one[:, : 2 * PATCH], other[:, : 2 * PATCH])
    assert not torch.allclose(one[:, 2 * PATCH :], other[:, 2 * PATCH :])


@pytest.mark.parametrize("make", [query_head, *DECODERS])
def test_a_batch_equals_its_rows(make, known):
    head, read = make(known, WindowUnits("past", [0, 2])).double().eval(), in_double(memories(C, units=True))
    whole = head.forecast(read)
    for row in range(B):
        assert_close(head.forecast(row_of(read, row)), whole[row : row + 1])


def row_of(read: Memories, row: int) -> Memories:
    parts = {}
    for name, one in read.parts.items():
        units = {key: getattr(one.time, key) for key in ("center", "scale")}
        units = {key: None if value is None else value[row : row + 1] for key, value in units.items()}
        parts[name] = Memory(*(part[row : row + 1] for part in one[:3]), time=one.time._replace(**units))
    return Memories(parts)


@pytest.mark.parametrize("make", [query_head, *DECODERS])
def test_padding_changes_nothing(make):
    head, read = make(KnownAhead(("clock",), H), WindowUnits("past", [0, 1, 2])).eval(), memories()
    padded = {name: pad(one) for name, one in read.parts.items()}
    assert_close(head.forecast(Memories(padded)), head.forecast(read))


def pad(one: Memory) -> Memory:
    more = torch.full((B, 2, D), 9.0)
    valid = torch.cat((one.valid, torch.zeros(B, 2, dtype=torch.bool)), 1)
    steps = torch.arange(valid.shape[1])
    time = one.time._replace(intervals=torch.stack((steps, steps + 1), 1))
    return Memory(torch.cat((one.states, more), 1), valid, one.summary, time=time)


@pytest.mark.parametrize("make", MAKERS)
def test_a_shifted_window_gives_a_shifted_forecast(make):
    """States are of a window with mean 0 and deviation 1; its own level and size come back."""
    head, read = make(KnownAhead((), H), WindowUnits("past", [1, 2])).eval(), memories(C, units=True)
    time = read.parts["past"].time
    shifted = time._replace(center=2 * time.center + 3, scale=2 * time.scale)
    other = Memories({**read.parts, "past": read.parts["past"]._replace(time=shifted)})
    assert_close(head.forecast(other), 2 * head.forecast(read) + 3)


def test_channels_are_forecast_by_one_map():
    """A channel's forecast depends on its own states alone, whatever its place."""
    head, read = flatten_head(KnownAhead((), H), WindowUnits("past", [0, 1, 2])), memories(C)
    states = read.parts["past"].states.unflatten(1, (C, N))
    turned = read.parts["past"]._replace(states=states[:, [1, 2, 0]].flatten(1, 2))
    found = head.forecast(Memories({**read.parts, "past": turned}))
    assert_close(found, head.forecast(read)[:, :, [1, 2, 0]])
    assert_close(found[:, :, 0, 1], nn.functional.linear(states[:, 1].flatten(1), *weights(head)))


def weights(head: FlattenForecastHead) -> tuple[torch.Tensor, torch.Tensor]:
    """Those of the second number of each step."""
    return head.linear.weight[1::Q], head.linear.bias[1::Q]


def test_covariates_are_those_of_the_last_steps():
    one = memory(6)
    valid = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    found = last_states(one._replace(valid=valid), 2)
    assert_close(found, torch.stack((one.states[0, 4:], one.states[1, 2:4])))


def test_what_does_not_fit_is_refused():
    head = flatten_head(KnownAhead((), H), WindowUnits("past", [0]))
    with pytest.raises(DataError, match="past has 6 patches here, but 5 where its training begins"):
        head.forecast(Memories({"past": memory(6)}))
    coarse = memory(4)
    coarse = coarse._replace(time=coarse.time._replace(intervals=2 * coarse.time.intervals))
    with pytest.raises(ConfigurationError, match="clock is known for the steps to come"):
        KnownAhead(("clock",), 2)(Memories({"clock": coarse}))
