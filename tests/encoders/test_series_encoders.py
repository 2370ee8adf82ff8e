"""Encoders of series: padding changes nothing, a batch equals its rows, what was not measured is not seen."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import SinusoidalPositions
from jumok.encoders.patches import PatchEmbedding, PatchEncoder, count_patches, window_scale
from jumok.encoders.plain import PlainEncoder
from jumok.encoders.residual import ConvolutionEncoder, StepNorm
from jumok.encoders.steps import StepEncoder
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import TransformerEncoderLayer
from jumok.values import Memory, SeriesBatch
from reference import random_parameters

B, L, C, D, H = 3, 23, 2, 8, 2
LENGTHS = (23, 9, 14)


def transformer(independent=False, normalize_window=False):
    layers = [TransformerEncoderLayer(D, MultiHeadAttention(D, H), FeedForward(D, 12)) for _ in range(2)]
    embedding = PatchEmbedding(1 if independent else C, 5, 3, D)
    return PatchEncoder(embedding, SinusoidalPositions(D), layers, D, C, independent, normalize_window)


ENCODERS = {
    "patches": transformer,
    "channels": lambda: transformer(independent=True),
    "windows": lambda: transformer(normalize_window=True),
    "windows of channels": lambda: transformer(independent=True, normalize_window=True),
    "gru": lambda: StepEncoder(PatchEmbedding(C, 1, 1, D), "gru", D),
    "lstm of patches": lambda: StepEncoder(PatchEmbedding(C, 4, 4, D), "lstm", D),
    "plain channels": lambda: PlainEncoder(5, D),
    "plain windows of channels": lambda: PlainEncoder(5, D, normalize_window=True),
    "convolution": lambda: ConvolutionEncoder(C, (4, 6, 8), 2, D),
}
each_encoder = pytest.mark.parametrize("kind", ENCODERS)
each_network = pytest.mark.parametrize("kind", [kind for kind in ENCODERS if "plain" not in kind])


def made(kind):
    encoder = random_parameters(ENCODERS[kind]()).eval()
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return encoder


@pytest.fixture
def series():
    valid = torch.arange(L) < torch.tensor(LENGTHS)[:, None]
    observed = (torch.rand(B, L, C) < 0.7) & valid[:, :, None]
    return SeriesBatch(torch.randn(B, L, C).double() * observed, observed, valid)


def row(series, number, length):
    return SeriesBatch(*(one[number : number + 1, :length] for one in series))


def states_of(memory: Memory, number: int) -> torch.Tensor:
    return memory.states[number][memory.valid[number]]


@each_encoder
def test_a_batch_equals_its_rows_without_padding(kind, series):
    encoder = made(kind)
    together = encoder(series)
    for number, length in enumerate(LENGTHS):
        alone = encoder(row(series, number, length))
        assert_close(states_of(together, number), states_of(alone, 0))
        assert_close(together.summary[number], alone.summary[0])
        own = alone.time.intervals[alone.valid[0]]
        assert torch.equal(together.time.intervals[together.valid[number]], own)
        if alone.time.center is not None:
            assert_close(together.time.center[number], alone.time.center[0])
            assert_close(together.time.scale[number], alone.time.scale[0])


@each_encoder
def test_what_was_not_measured_is_never_seen(kind, series):
    encoder = made(kind)
    strange = torch.where(series.observed, series.values, 1e3)
    one, other = encoder(series), encoder(series._replace(values=strange))
    assert torch.equal(one.states, other.states) and torch.equal(one.summary, other.summary)


@each_encoder
def test_states_say_which_steps_they_are_of(kind, series):
    memory = made(kind)(series)
    count = memory.states.shape[1]
    assert memory.valid.shape == (B, count) and memory.time.intervals.shape == (count, 2)
    channels = memory.time.channels
    assert channels == (C if "channels" in kind else 1)
    intervals = memory.time.intervals.unflatten(0, (channels, -1))
    assert (intervals[0] == intervals).all() and (intervals[0].diff(dim=0) > 0).all()
    covered = torch.zeros(L, dtype=torch.bool)
    for first, end in intervals[0].tolist():
        covered[first:end] = True
    assert covered.all()


@each_network
def test_measured_or_not_is_told_apart_from_zero(kind):
    values, valid = torch.zeros(1, 10, C).double(), torch.ones(1, 10, dtype=torch.bool)
    encoder = made(kind)
    all_measured = torch.ones(1, 10, C, dtype=torch.bool)
    some = all_measured.clone()
    some[0, 4] = False
    one = encoder(SeriesBatch(values, all_measured, valid)).states
    assert not torch.allclose(one, encoder(SeriesBatch(values, some, valid)).states)


@each_network
def test_every_weight_learns(kind, series):
    encoder = made(kind).train()
    memory = encoder(series)
    (memory.states * torch.randn_like(memory.states)).sum().backward()
    without = [
        name for name, weight in encoder.named_parameters() if weight.grad is None or not weight.grad.any()
    ]
    assert not without


def test_plain_states_are_the_values(series):
    memory = PlainEncoder(5, D)(series)
    states = memory.states.unflatten(1, (C, -1))  # (B, C, 5, D)
    assert not states[..., 5:].any()
    assert torch.equal(states[..., :5].flatten(2)[..., :L], (series.values * series.observed).transpose(1, 2))


@pytest.mark.parametrize("kind", ["windows", "windows of channels", "plain windows of channels"])
def test_a_normalized_past_has_mean_0_and_deviation_1_of_what_was_measured(kind, series):
    past = made(kind)(series).time.past
    assert not past[~series.observed].any()
    for number in range(B):
        real = past[number, :, 0][series.observed[number, :, 0]]
        assert_close(real.mean(), torch.zeros(()).double(), atol=1e-12, rtol=0)
        assert_close(real.var(correction=0), torch.ones(()).double(), atol=1e-3, rtol=0)


def test_independent_channels_are_read_alone(series):
    encoder = random_parameters(transformer(independent=True)).eval()
    changed = series.values.clone()
    changed[:, :, 1] += 1
    one, other = encoder(series), encoder(series._replace(values=changed))
    half = one.states.shape[1] // C
    assert_close(one.states[:, :half], other.states[:, :half])
    assert not torch.allclose(one.states[:, half:], other.states[:, half:])


def test_channels_share_their_weights(series):
    """With the marks of channels left out, the states of equal channels are equal."""
    encoder = random_parameters(transformer(independent=True)).eval()
    nn.init.zeros_(encoder.channel_marks)
    same = SeriesBatch(*(one[:, :, :1].expand(-1, -1, C) for one in series[:2]), series.valid)
    states = encoder(same).states.unflatten(1, (C, -1))
    assert_close(states[:, 0], states[:, 1])


def test_a_patch_without_samples_is_not_valid():
    observed = torch.ones(1, 12, C, dtype=torch.bool)
    observed[0, 3:9, 0] = False
    series = SeriesBatch(torch.randn(1, 12, C).double(), observed, observed[:, :, 1])
    encoder = PatchEncoder(PatchEmbedding(1, 3, 3, D), SinusoidalPositions(D), [], D, C, True).double()
    assert encoder(series).valid.tolist() == [[True, False, False, True, True, True, True, True]]


@pytest.mark.parametrize("normalize_window", [False, True])
def test_a_level_and_scale_of_a_window_are_taken_off(normalize_window, series):
    encoder = random_parameters(transformer(normalize_window=normalize_window)).eval()
    moved = torch.where(series.observed, 3 + 7 * series.values, 0)
    one, other = encoder(series), encoder(series._replace(values=moved))
    assert torch.allclose(one.states, other.states, atol=1e-3) == normalize_window
    if normalize_window:
        assert_close(other.time.center, 3 + 7 * one.time.center)


def test_the_scale_of_a_window_is_numpys(series):
    center, scale = window_scale(series.values, series.observed)
    real = series.values[1, :, 0][series.observed[1, :, 0]]
    assert_close(center[1, 0], real.mean())
    assert_close(scale[1, 0], (real.var(correction=0) + 1e-5).sqrt())


@pytest.mark.parametrize("steps", range(1, 30))
def test_patches_cover_all_steps_and_no_more_than_needed(steps):
    count = count_patches(steps, 5, 3)
    assert (count - 1) * 3 + 5 >= steps and (count == 1 or (count - 2) * 3 + 5 < steps)


def test_the_norm_of_steps_is_torchs_where_all_are_real():
    ours, theirs = StepNorm(C).double(), nn.BatchNorm1d(C).double()
    x = torch.randn(B, C, L).double()
    assert_close(ours(x, torch.ones(B, L, dtype=torch.bool)), theirs(x))
    assert_close(ours.norm.running_var, theirs.running_var)


def test_padding_changes_no_norm_in_training(series):
    x = torch.randn(B, C, L).double()
    ours, theirs = StepNorm(C).double(), nn.BatchNorm1d(C).double()
    found = ours(x, series.valid).transpose(1, 2)[series.valid]
    assert_close(found, theirs(x.transpose(1, 2)[series.valid]))


def test_a_stride_leaves_no_step_out():
    with pytest.raises(ValueError, match="stride must be from 1 to patch=4"):
        PatchEmbedding(C, 4, 5, D)
