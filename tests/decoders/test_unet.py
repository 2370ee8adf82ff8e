"""The decoder of pixels: sizes, what each kind of upsampling computes, what skips are for, and that it learns."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from drawn_shapes import STRIDES, WIDTH, SmallBackbone, draw, learn, memory_of
from jumok.decoders.unet import UNetDecoder, fitted, spreading, upsampling
from jumok.losses.masks import mask_loss

B, C = 2, 5
UPSAMPLE = pytest.mark.parametrize("upsample", ["bilinear", "transposed"])
SKIPS = pytest.mark.parametrize("skips", [True, False], ids=["skips", "plain"])


def pyramid(sizes, size):
    levels = tuple(
        torch.randn(B, c, *s).to(memory_format=torch.channels_last)
        for c, s in zip((4, 6, 10), sizes, strict=True)
    )
    memory = memory_of(levels, (2, 4, 16))
    return memory._replace(pyramid=memory.pyramid._replace(size=size))


@UPSAMPLE
@SKIPS
@pytest.mark.parametrize(
    "sizes, size",
    [
        (((24, 32), (12, 16), (3, 4)), (48, 64)),
        (((24, 32), (12, 16), (3, 4)), (37, 50)),  # a batch that was padded inside
        (((19, 25), (10, 13), (3, 4)), (37, 50)),  # maps that round up
        (((18, 25), (9, 12), (2, 3)), (37, 50)),  # maps that round down
    ],
)
def test_every_pixel_gets_an_answer(upsample, skips, sizes, size):
    decoder = UNetDecoder((4, 6, 10), (2, 4, 16), C, 8, upsample, skips)
    logits = decoder(pyramid(sizes, size))
    assert logits.shape == (B, C, *size) and logits.isfinite().all()


@UPSAMPLE
@SKIPS
def test_a_batch_equals_its_rows(upsample, skips):
    memory = pyramid(((24, 32), (12, 16), (3, 4)), (48, 64))
    decoder = UNetDecoder((4, 6, 10), (2, 4, 16), C, 8, upsample, skips).double().eval()
    levels = tuple(level.double() for level in memory.pyramid.levels)
    whole = decoder(memory_of(levels, (2, 4, 16)))
    for row in range(B):
        alone = decoder(memory_of(tuple(level[row : row + 1] for level in levels), (2, 4, 16)))
        assert_close(alone[0], whole[row])


def test_without_skips_only_the_coarsest_map_counts():
    memory = pyramid(((24, 32), (12, 16), (3, 4)), (48, 64))
    fine, middle, coarse = memory.pyramid.levels
    other = memory._replace(
        pyramid=memory.pyramid._replace(levels=(fine + 1, torch.randn_like(middle), coarse))
    )
    plain = UNetDecoder((4, 6, 10), (2, 4, 16), C, 8, skips=False)
    assert_close(plain(other), plain(memory))
    unet = UNetDecoder((4, 6, 10), (2, 4, 16), C, 8)
    assert not torch.allclose(unet(other), unet(memory))
    assert len(plain.up) == len(unet.up)


@UPSAMPLE
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_upsampling_keeps_places(upsample, factor):
    """A slope stays the same slope: the middle of a cell is where the middle of its pixels is."""
    spread = upsampling(1, 1, factor, upsample)
    change = spread if upsample == "transposed" else spread[0]
    change.weight.data /= change.weight.data.abs().sum() / (factor**2 if upsample == "transposed" else 1)
    change.weight.data.abs_()
    nn.init.zeros_(change.bias)
    slope = ((torch.arange(6) + 0.5) * factor).expand(1, 1, 6, 6)
    expected = (torch.arange(6 * factor) + 0.5).expand(1, 1, 6 * factor, 6 * factor)
    inner = slice(factor, -factor)
    assert_close(spread(slope)[..., inner, inner], expected[..., inner, inner])


def test_a_transposed_convolution_starts_as_bilinear():
    change = nn.Conv2d(3, 2, 1)
    x, inner = torch.randn(B, 3, 5, 7), slice(4, -4)
    expected = F.interpolate(change(x), scale_factor=4, mode="bilinear")
    assert_close(spreading(change, 4)(x)[..., inner, inner], expected[..., inner, inner])


def test_maps_are_cut_or_continued():
    x = torch.arange(6.0).view(1, 1, 2, 3)
    assert fitted(x, 1, 2).tolist() == [[[[0, 1]]]]
    assert fitted(x, 3, 4).tolist() == [[[[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5]]]]


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="multiple"):
        UNetDecoder((4, 6), (4, 6), C)
    with pytest.raises(ValueError, match="feature maps"):
        UNetDecoder((4,), (4,), C)(pyramid(((24, 32), (12, 16), (3, 4)), (48, 64))._replace(pyramid=None))


@UPSAMPLE
@SKIPS
def test_gradients_are_finite_in_bf16(upsample, skips):
    decoder = UNetDecoder((4, 6, 10), (2, 4, 16), C, 8, upsample, skips).to(memory_format=torch.channels_last)
    memory = pyramid(((19, 25), (10, 13), (3, 4)), (37, 50))
    with torch.autocast("cpu", torch.bfloat16):
        logits = decoder(memory)
    logits.float().square().sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.any() for p in decoder.parameters())


def test_it_learns_shapes():  # in one way of upsampling, for both begin alike
    model = nn.Sequential(SmallBackbone(), UNetDecoder((WIDTH, WIDTH), STRIDES, 3, 16))
    learn(model, lambda scenes: mask_loss(model(scenes.pixels), scenes.classes), 150, 3e-3)
    scenes = draw(32, seed=1000)
    with torch.no_grad():
        guess, truth = model(scenes.pixels).argmax(1), scenes.classes.classes
    shares = [((guess == c) & (truth == c)).sum() / ((guess == c) | (truth == c)).sum() for c in range(3)]
    assert sum(shares) / 3 > 0.9
