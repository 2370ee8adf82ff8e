"""From images to a memory: normalisation, places, what is real, and the laws of every encoder."""

import pytest
import torch
from torch.testing import assert_close

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import plane_sinusoids, sinusoids
from jumok.encoders.convolutional import ConvolutionalEncoder
from jumok.encoders.image import GridTokens, ImageEncoder, without_states
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import TransformerEncoderLayer
from jumok.necks.pyramid import FeaturePyramid
from jumok.values import ImageBatch
from reference import weighted

B, D, Y, X = 3, 16, 40, 56
SHOWN = torch.tensor([[40, 56], [25, 56], [40, 9]])


def images(shown: torch.Tensor = SHOWN) -> ImageBatch:
    pixels = torch.randint(256, (len(shown), 3, Y, X), dtype=torch.uint8)
    return ImageBatch(pixels, shown, shown)


def encoder(states: bool = True, neck: bool = True, layers: int = 1) -> ImageEncoder:
    backbone = ConvolutionalEncoder((4, 8, 16), (4, 6, 8, 10))
    pyramid = FeaturePyramid(backbone.channels, 12, extra=1) if neck else None
    stack = [TransformerEncoderLayer(D, MultiHeadAttention(D, 2), FeedForward(D, 20)) for _ in range(layers)]
    cells = GridTokens(12 if neck else 8, D, 8, stack) if states else None
    return ImageEncoder(backbone, pyramid, cells).eval()


def test_pixels_are_normalised_and_what_is_around_is_zero():
    given, ours = images(), encoder()
    normalised = ours.normalised(given)
    mean, std = (torch.tensor(value)[:, None, None] for value in (ours.backbone.mean, ours.backbone.std))
    for row, (high, wide) in enumerate(SHOWN.tolist()):
        expected = torch.zeros(3, Y, X)
        expected[:, :high, :wide] = ((given.pixels[row] / 255 - mean) / std)[:, :high, :wide]
        assert_close(normalised[row], expected)
    assert normalised.is_contiguous(memory_format=torch.channels_last)


def test_what_is_around_an_image_says_nothing():
    given, ours = images(), encoder()
    other = given.pixels.clone()
    other[1, :, 25:], other[2, :, :, 9:] = 255, 255
    one, two = ours(given), ours(given._replace(pixels=other))
    assert torch.equal(one.states, two.states)


@pytest.mark.parametrize("neck", [False, True])
def test_levels_and_states_fit(neck):
    ours = encoder(neck=neck)
    memory = ours(images())
    strides = (4, 8, 16, 32) if neck else (4, 8, 16)
    assert ours.strides == memory.pyramid.strides == strides
    assert [level.shape[1] for level in memory.pyramid.levels] == list(ours.channels)
    assert [level.shape[2:] for level in memory.pyramid.levels][:3] == [(12, 16), (6, 8), (3, 4)]
    assert memory.pyramid.size == (Y, X) and torch.equal(memory.pyramid.valid_size, SHOWN)
    S = 6 * 8
    assert memory.states.shape == (B, S, D) and memory.summary.shape == (B, D)
    assert memory.valid.shape == (B, S) and memory.places.shape == (B, S, 2)


def test_places_are_centres_in_pixels_and_valid_where_they_are_shown():
    memory = encoder()(images())
    assert memory.places[0, 0].tolist() == [4, 4] and memory.places[1, 9].tolist() == [12, 12]
    for row, (high, wide) in enumerate(SHOWN.tolist()):
        x, y = memory.places[row].unbind(-1)
        assert torch.equal(memory.valid[row], (x < wide) & (y < high))
    assert_close(memory.summary[1], memory.states[1][memory.valid[1]].mean(0))


def test_a_tiny_image_has_a_state():
    memory = encoder()(images(torch.tensor([[1, 1], [40, 3]])))
    assert memory.valid.sum(1).tolist() == [1, 5]


def test_without_states_there_are_none_and_no_parameters_for_them():
    with_states, bare = encoder(), encoder(states=False)
    memory = bare(images())
    assert memory.states.shape == (B, 0, 0) and memory.summary.shape == (B, 0)
    assert memory.valid.shape == (B, 0) and memory.valid.dtype == torch.bool and memory.places is None
    assert not [name for name in bare.state_dict() if name.startswith("states")]
    assert without_states(with_states(images()).pyramid).pyramid.strides == bare.strides


def test_a_batch_equals_its_rows():
    given, ours = images(), encoder().double()
    whole = ours(given)
    for row in range(B):
        alone = ours(ImageBatch(*(value[row : row + 1] for value in given)))
        assert_close(whole.states[row : row + 1], alone.states)
        assert_close(whole.summary[row : row + 1], alone.summary)


def test_cells_know_where_they_are():
    ours = encoder(neck=False, layers=0)
    grey = ImageBatch(torch.full((1, 3, 160, 160), 100, dtype=torch.uint8), *torch.full((2, 1, 2), 160))
    states = ours(grey).states.unflatten(1, (20, 20))[0]
    middle = states[8:12, 8:12].flatten(0, 1)  # far from the edges all look the same
    assert torch.pdist(middle).min() > 0.01


def test_bf16_and_gradients():
    ours = encoder().train()
    with torch.autocast("cpu", torch.bfloat16):
        memory = ours(images())
        bare = encoder(states=False)(images())
    assert memory.states.isfinite().all() and bare.states.shape == (B, 0, 0)
    assert all(level.is_contiguous(memory_format=torch.channels_last) for level in memory.pyramid.levels)
    (weighted(memory.states) + sum(weighted(level) for level in memory.pyramid.levels)).backward()
    assert all(parameter.grad is not None for parameter in ours.parameters())


def test_only_weights_are_saved():
    saved = set(encoder().state_dict())
    assert not {"mean", "std"} & saved


def test_states_of_no_level_are_refused():
    with pytest.raises(ValueError, match="stride 32; there are \\(4, 8\\)"):
        ImageEncoder(ConvolutionalEncoder((4, 8)), states=GridTokens(8, D, 32))


def test_marks_in_a_plane_are_those_of_two_lines():
    places = torch.tensor([[0.0, 0.0], [3.0, 1.0], [2.0, 6.0]])
    table = sinusoids(7, 6)
    expected = torch.stack([torch.cat((table[int(x)], table[int(y)])) for x, y in places])
    assert_close(plane_sinusoids(places, 12), expected)
    with pytest.raises(ValueError, match="divides by 4; got 10, try 8"):
        plane_sinusoids(places, 10)
