"""Encoders of frames: one state a frame, padding changes nothing, a batch equals its rows, the order counts."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import LearnedPositions
from jumok.encoders.convolutional import ConvolutionalEncoder
from jumok.encoders.frames import FramesEncoder
from jumok.encoders.image import GridTokens, ImageEncoder
from jumok.encoders.recurrent import RecurrentEncoder
from jumok.encoders.transformer import TransformerEncoder
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import TransformerEncoderLayer
from jumok.values import FramesBatch, ImageBatch, Memory

D, H, Y, X = 8, 2, 20, 28
COUNTS = (5, 2, 4)


def over_time(kind):
    if kind == "gru":
        return RecurrentEncoder(nn.Identity(), "gru", D, layers=1)
    layers = [TransformerEncoderLayer(D, MultiHeadAttention(D, H), FeedForward(D, 12))]
    return TransformerEncoder(nn.Identity(), LearnedPositions(D, 7), layers, D)


@pytest.fixture(params=["gru", "transformer"])
def encoder(request):
    torch.manual_seed(1)
    backbone = ConvolutionalEncoder((4,), (4, 6))
    frame = ImageEncoder(backbone, None, GridTokens(backbone.channels[0], D, 4))
    return FramesEncoder(frame, MultiHeadAttention(D, H), over_time(request.param), D).double().eval()


def clips(counts=COUNTS, more=0):
    """Clips of frames, with `more` places without a frame."""
    drawn = torch.Generator().manual_seed(3)
    pixels = torch.randint(0, 256, (sum(counts), 3, Y, X), generator=drawn, dtype=torch.uint8)
    size = torch.tensor([[Y, X]] * sum(counts))
    valid = torch.arange(max(counts) + more) < torch.tensor(counts)[:, None]
    return FramesBatch(ImageBatch(pixels, size, size), valid)


def row(batch, i):
    """One clip alone."""
    counts = batch.valid.sum(1)
    first = int(counts[:i].sum())
    frames = slice(first, first + int(counts[i]))
    return FramesBatch(
        ImageBatch(*(one[frames] for one in batch.images)), batch.valid[i : i + 1, : counts[i]]
    )


@torch.no_grad()
def test_there_is_a_state_for_each_frame(encoder):
    memory: Memory = encoder(clips())
    assert memory.states.shape == (3, 5, D) and torch.equal(memory.valid, clips().valid)
    assert memory.time.intervals.tolist() == [[f, f + 1] for f in range(5)]
    assert memory.time.channels == 1


@torch.no_grad()
def test_padding_changes_nothing(encoder):
    plain, padded = encoder(clips()), encoder(clips(more=2))
    assert torch.equal(padded.valid[:, :5], plain.valid) and not padded.valid[:, 5:].any()
    assert_close(padded.states[:, :5][plain.valid], plain.states[plain.valid])
    assert_close(padded.summary, plain.summary)


@torch.no_grad()
def test_a_batch_equals_its_rows(encoder):
    batch = clips()
    together = encoder(batch)
    for i, count in enumerate(COUNTS):
        alone = encoder(row(batch, i))
        assert_close(together.states[i, :count], alone.states[0])
        assert_close(together.summary[i], alone.summary[0])


@torch.no_grad()
def test_the_order_of_frames_counts_and_so_does_the_place_of_things(encoder):
    batch = clips((5,))
    turned = batch._replace(images=batch.images._replace(pixels=batch.images.pixels.flip(0)))
    mirrored = batch._replace(images=batch.images._replace(pixels=batch.images.pixels.flip(-1)))
    plain = encoder(batch)
    for other in (turned, mirrored):
        assert not torch.allclose(encoder(other).summary, plain.summary, atol=1e-4)


def test_every_weight_has_a_part(encoder):
    encoder(clips()).states.square().sum().backward()
    without = [name for name, weight in encoder.named_parameters() if weight.grad is None]
    assert not without
