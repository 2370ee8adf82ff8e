"""Blocks of models that several kinds share, built from the common options."""

from torch import nn

from jumok.attention.multihead import MultiHeadAttention
from jumok.kinds.options import ModelOptions
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import TransformerEncoderLayer

USUAL_RATE, USUAL_WIDTH = 3e-3, 128  # the peak of the learning rate up to a width


def learning_rate_by_width(model: ModelOptions) -> float:
    """Wider models learn by smaller steps (Yang et al., 2022)."""
    return USUAL_RATE * min(1.0, USUAL_WIDTH / model.width)


def attention(model: ModelOptions, rotary: nn.Module | None) -> MultiHeadAttention:
    """Multi-head attention of the model's width, heads and dropout."""
    return MultiHeadAttention(model.width, model.heads, model.attention_dropout, rotary)  # type: ignore[arg-type]


def perceptron(model: ModelOptions) -> FeedForward:
    """The feed-forward block of the model's width."""
    return FeedForward(model.width, model.inner, model.activation, model.dropout)


def encoder_layers(model: ModelOptions, number: int, rotary: bool = True) -> list[TransformerEncoderLayer]:
    """Self-attention layers.

    Args:
        model: The options that all blocks share.
        number: How many.
        rotary: Whether rotary positions apply, if the model has them.

    Returns:
        The layers.
    """
    return [
        TransformerEncoderLayer(
            model.width,
            attention(model, model.rotary() if rotary else None),
            perceptron(model),
            model.dropout,
            model.norm == "pre",
        )
        for _ in range(number)
    ]
