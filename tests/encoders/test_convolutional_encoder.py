"""Our own encoder of images: the shapes it promises, and what a cell can see."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.encoders.convolutional import ConvolutionalEncoder
from jumok.errors import ConfigurationError
from jumok.layers.convolution import ConvolutionBlock
from reference import leaf, random_parameters, weighted


@pytest.mark.parametrize("size", [(64, 64), (97, 131), (1, 1), (15, 250)])
def test_any_size_gives_cells_of_each_stride(size):
    encoder = ConvolutionalEncoder((2, 4, 16), (4, 6, 8, 10)).eval()
    maps = encoder(torch.randn(2, 3, *size))
    Y, X = (-(-side // 16) * 16 for side in size)
    assert encoder.channels == (4, 6, 10)
    assert [level.shape for level in maps] == [
        (2, count, Y // stride, X // stride)
        for count, stride in zip(encoder.channels, encoder.strides, strict=True)
    ]


def test_stages_beyond_the_coarsest_level_are_not_made():
    assert len(ConvolutionalEncoder((4, 8)).stages) == 3
    whole, part = ConvolutionalEncoder((4, 8, 16)).eval(), ConvolutionalEncoder((4, 8)).eval()
    part.load_state_dict(whole.state_dict(), strict=False)
    images = torch.randn(1, 3, 48, 32)
    for one, other in zip(part(images), whole(images), strict=False):
        assert_close(one, other)


@pytest.mark.parametrize(
    "strides, sentence",
    [
        ((2, 32), "no feature level of stride 32; it has strides 2, 4, 8, 16"),
        ((8, 4), "from fine to coarse, each once, like 8, 16, 32; got 8, 4"),
        ((), "got none"),
    ],
)
def test_strides_that_there_are_not(strides, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        ConvolutionalEncoder(strides)


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_a_gradient_reaches_every_parameter(norm):
    encoder = random_parameters(ConvolutionalEncoder((4, 8), (4, 6, 8), norm=norm))
    sum(weighted(level) for level in encoder(leaf(2, 3, 20, 30))).backward()
    assert all((parameter.grad != 0).any() for parameter in encoder.parameters())


def test_a_block_is_its_three_layers():
    block, x = random_parameters(ConvolutionBlock(3, 8, kernel=5, stride=2, norm="group")), leaf(2, 3, 9, 12)
    convolved = nn.functional.conv2d(x, block.convolution.weight, stride=2, padding=2)
    expected = nn.functional.group_norm(convolved, 8, block.norm.weight, block.norm.bias).relu()
    assert block(x).shape == (2, 8, 5, 6)
    assert_close(block(x), expected)


def test_groups_do_not_mind_what_else_is_in_the_batch():
    block, x = ConvolutionBlock(3, 12, norm="group", activation=nn.SiLU).double(), leaf(3, 3, 8, 8)
    assert_close(block(x)[1:2], block(x[1:2]))
