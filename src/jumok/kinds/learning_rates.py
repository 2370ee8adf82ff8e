"""The peaks of the learning rate that models learn well with (benchmarks/defaults.md)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jumok.kinds.options import ModelOptions

CONVOLUTIONAL_RATE = 3e-3  # convolutions with fresh weights, and heads and decoders made of them
ATTENTION_RATE = 1e-3  # object queries, pretrained backbones, images in which a text is read
USUAL_RATE, USUAL_WIDTH = 3e-3, 128  # of the other models, up to this width


def convolutional_learning_rate(model: "ModelOptions") -> float:
    """That of convolutions, whatever the width."""
    return CONVOLUTIONAL_RATE


def learning_rate_by_width(model: "ModelOptions") -> float:
    """Wider models learn by smaller steps (Yang et al., 2022)."""
    return USUAL_RATE * min(1.0, USUAL_WIDTH / model.width)
