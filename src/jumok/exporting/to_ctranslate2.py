"""A Transformer from text to text as a model of CTranslate2: its specification, filled with our weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import LearnedPositions, SinusoidalPositions, sinusoids
from jumok.data.text.specials import BOS, EOS, UNK
from jumok.deferred import Deferred
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import Residual
from jumok.model import EncoderDecoder

specs: Any = Deferred("ctranslate2.specs")
NORM_EPSILON = 1e-5  # of torch's LayerNorm
ALL_CHANNELS = 0  # CTranslate2's word for rotary positions in all channels of a head


def write_ctranslate2(
    folder: Path, model: EncoderDecoder, positions: int, quantization: str | None = None
) -> None:
    """Write a model of one text to one text, both by Transformers, as CTranslate2 reads it.

    Its tokens are called by their numbers: "0", "1", ...

    Args:
        folder: A new folder for the files.
        model: The model.
        positions: How many positions of a sine table are written.
        quantization: "int8" or "int16" keeps the matrices so; None in float32.
    """
    parts: Any = (*model.encoders.values(), *model.decoders.values())
    encoder, decoder = parts
    spec = specs.TransformerSpec(encoder_spec(encoder, positions), decoder_spec(decoder, positions))
    spec.register_source_vocabulary(token_names(encoder.embedding.table))
    spec.register_target_vocabulary(token_names(decoder.embedding.table))
    for name, token in special_tokens().items():
        setattr(spec.config, name, token)
    spec.config.layer_norm_epsilon = NORM_EPSILON
    spec.validate()
    spec.optimize(quantization=quantization)
    folder.mkdir()
    spec.save(str(folder))


def special_tokens() -> Mapping[str, str]:
    """The special tokens by the names that CTranslate2 has for them."""
    return {
        "bos_token": str(BOS),
        "eos_token": str(EOS),
        "unk_token": str(UNK),
        "decoder_start_token": str(BOS),
    }


def token_names(table: Tensor) -> list[str]:
    """The numbers of all tokens of an embedding."""
    return [str(number) for number in range(len(table))]


def encoder_spec(encoder: Any, positions: int) -> Any:
    """The encoder with its weights."""
    first = encoder.layers[0]
    shape = {**common_options(first.attention, first.feedforward), "pre_norm": is_pre_norm(first)}
    spec = specs.transformer_spec.TransformerEncoderSpec(len(encoder.layers), first.attention.heads, **shape)
    fill_embedding(spec.embeddings[0], encoder.embedding.table)
    fill_positions(spec, encoder, positions)
    if is_pre_norm(first):
        fill_norm(spec.layer_norm, encoder.norm)
    for to, layer in zip(spec.layer, encoder.layers, strict=True):
        fill_self_attention(to.self_attention, layer.attention, layer.attention_residual)
        fill_feedforward(to.ffn, layer.feedforward, layer.feedforward_residual)
    return spec


def decoder_spec(decoder: Any, positions: int) -> Any:
    """The decoder with its weights."""
    first = decoder.layers[0]
    shape = {**common_options(first.attention, first.feedforward), "pre_norm": is_pre_norm(first)}
    spec = specs.transformer_spec.TransformerDecoderSpec(len(decoder.layers), first.attention.heads, **shape)
    fill_embedding(spec.embeddings, decoder.embedding.table)
    fill_positions(spec, decoder, positions)
    if is_pre_norm(first):
        fill_norm(spec.layer_norm, decoder.norm)
    fill_linear(spec.projection, decoder.output.weight, decoder.output.bias)
    for to, layer in zip(spec.layer, decoder.layers, strict=True):
        fill_self_attention(to.self_attention, layer.attention, layer.attention_residual)
        fill_cross_attention(to.attention, layer.cross, layer.cross_residual)
        fill_feedforward(to.ffn, layer.feedforward, layer.feedforward_residual)
    return spec


def common_options(attention: MultiHeadAttention, feedforward: FeedForward) -> dict[str, Any]:
    """What encoder and decoder are told about their layers."""
    kinds = specs.common_spec.Activation
    activations = {"relu": kinds.RELU, "gelu": kinds.GELU, "swiglu": kinds.SWISH}
    options: dict[str, Any] = {
        "activation": activations[feedforward.activation],
        "ffn_glu": feedforward.activation == "swiglu",
    }
    if attention.rotary is not None:
        options |= {
            "rotary_dim": ALL_CHANNELS,
            "rotary_interleave": False,
            "rotary_base": attention.rotary.base,
        }
    return options


def is_pre_norm(layer: Any) -> bool:
    """Whether a layer normalizes what it reads, not what it gives."""
    found: bool = layer.attention_residual.pre_norm
    return found


def fill_embedding(spec: Any, table: Tensor) -> None:
    """The vectors of tokens; CTranslate2 scales them by the square root of the width, as we do."""
    spec.weight = array(table)


def fill_positions(spec: Any, part: Any, positions: int) -> None:
    """The table of positions, of sines too: CTranslate2 spreads its own wavelengths in another way."""
    if isinstance(part.positions, LearnedPositions):
        spec.position_encodings.encodings = array(part.positions.table)
    elif isinstance(part.positions, SinusoidalPositions):
        spec.position_encodings.encodings = array(sinusoids(positions, part.positions.width))


def fill_norm(spec: Any, norm: nn.LayerNorm) -> None:
    """Scale and shift of a layer normalization."""
    spec.gamma, spec.beta = array(norm.weight), array(norm.bias)


def fill_linear(spec: Any, weight: Tensor, bias: Tensor) -> None:
    """A linear map (out, in) with its bias."""
    spec.weight, spec.bias = array(weight), array(bias)


def fill_stacked(spec: Any, *linears: nn.Linear) -> None:
    """Several linear maps of one input as one, their rows after each other."""
    spec.weight = np.concatenate([array(one.weight) for one in linears])
    spec.bias = np.concatenate([array(one.bias) for one in linears])


def fill_self_attention(spec: Any, attention: MultiHeadAttention, residual: Residual) -> None:
    """Queries, keys and values in one matrix, then the output."""
    fill_norm(spec.layer_norm, residual.norm)
    fill_stacked(spec.linear[0], attention.query, attention.key, attention.value)
    fill_stacked(spec.linear[1], attention.out)


def fill_cross_attention(spec: Any, attention: MultiHeadAttention, residual: Residual) -> None:
    """Queries, then keys and values in one matrix, then the output."""
    fill_norm(spec.layer_norm, residual.norm)
    fill_stacked(spec.linear[0], attention.query)
    fill_stacked(spec.linear[1], attention.key, attention.value)
    fill_stacked(spec.linear[2], attention.out)


def fill_feedforward(spec: Any, feedforward: FeedForward, residual: Residual) -> None:
    """The two maps of a feed-forward block; the first of a gated one is gate and value."""
    fill_norm(spec.layer_norm, residual.norm)
    weight, bias = feedforward.widen.weight, feedforward.widen.bias
    if feedforward.activation == "swiglu":
        (gate, value), (gate_bias, value_bias) = weight.chunk(2), bias.chunk(2)
        fill_linear(spec.linear_0, gate, gate_bias)
        fill_linear(spec.linear_0_noact, value, value_bias)
    else:
        fill_linear(spec.linear_0, weight, bias)
    fill_stacked(spec.linear_1, feedforward.narrow)


def array(values: Tensor) -> np.ndarray:
    """Weights as float32 that share no memory with the model."""
    return values.detach().float().cpu().numpy().copy()
