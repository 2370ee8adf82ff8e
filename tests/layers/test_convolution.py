"""Blocks of convolution: what their norms do with a single value a channel."""

import pytest
import torch

from jumok.encoders.backbone import Backbone
from jumok.layers.convolution import ConvolutionBlock


def test_a_lone_value_is_normalized_as_in_evaluation():
    block = ConvolutionBlock(3, 8, stride=2).train()
    block(torch.randn(16, 3, 8, 8))  # measures means
    image = torch.randn(1, 3, 2, 2)
    kept = {name: value.clone() for name, value in block.state_dict().items()}
    trained = block(image)
    assert trained.shape == (1, 8, 1, 1) and block.norm.training
    assert all(torch.equal(value, kept[name]) for name, value in block.state_dict().items())
    trained.sum().backward()
    assert block.convolution.weight.grad is not None
    assert torch.equal(block.eval()(image), trained)


def test_two_values_are_normalized_by_their_own_mean():
    block = ConvolutionBlock(3, 8).train()
    images = torch.randn(2, 3, 1, 1)
    torch.testing.assert_close(block.norm(block.convolution(images)).mean(0), torch.zeros(8, 1, 1))
    assert block.norm.num_batches_tracked == 1


@pytest.mark.parametrize("name", ["resnet18", "tf_efficientnet_lite0", "mobilenetv3_large_100"])
def test_backbones_train_on_one_small_image(name):
    backbone = Backbone(name, (8, 16, 32)).train()
    levels = backbone(torch.randn(1, 3, 8, 8))
    assert all(level.isfinite().all() for level in levels)
    sum(level.sum() for level in levels).backward()
    assert all(norm.training for norm in backbone.batch_norms())
