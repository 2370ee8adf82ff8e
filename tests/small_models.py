"""Every encoder and every decoder, as small as can be, and the pairs of them over which the laws run."""

from itertools import product

import torch
from torch import Tensor, nn

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import LearnedPositions, NoPositions, Rotary, SinusoidalPositions
from jumok.attention.recurrent import AdditiveAttention, DotAttention
from jumok.decoders.recurrent import RecurrentDecoder
from jumok.decoders.transformer import TransformerDecoder
from jumok.encoders.recurrent import RecurrentEncoder
from jumok.encoders.transformer import TransformerEncoder
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer
from jumok.model import EncoderDecoder
from jumok.values import Padded
from pairwise import pairwise

D, H, INNER, LAYERS = 8, 2, 12, 2
READABLE, WRITABLE = 11, 13  # tokens of the source and of the target vocabulary

TRANSFORMERS = ["transformer-sinusoidal", "transformer-rotary", "transformer-learned"]
ENCODERS = ["rnn", "rnn-both", "lstm", "lstm-both", "gru", "gru-both", TRANSFORMERS[0]]
PAIRS = [
    *(
        (encoder, f"{cell}-{attention}")
        for encoder, cell, attention in pairwise(
            ENCODERS, ("rnn", "lstm", "gru"), ("none", "additive", "dot")
        )
    ),
    *product(ENCODERS[:-1], TRANSFORMERS[1:2]),
    *product(TRANSFORMERS, TRANSFORMERS),
]
NAMES = [f"{encoder}>{decoder}" for encoder, decoder in PAIRS]


def positions(kind: str) -> nn.Module:
    return {
        "sinusoidal": SinusoidalPositions(D),
        "rotary": NoPositions(),
        "learned": LearnedPositions(D, 40),
    }[kind]


def self_attention(kind: str) -> MultiHeadAttention:
    return MultiHeadAttention(D, H, rotary=Rotary(D // H) if kind == "rotary" else None)


def small_encoder(name: str) -> nn.Module:
    cell, _, rest = name.partition("-")
    embedding = TokenEmbedding(READABLE, D)
    if cell != "transformer":
        return RecurrentEncoder(embedding, cell, D, LAYERS, bidirectional=rest == "both")
    layers = [TransformerEncoderLayer(D, self_attention(rest), FeedForward(D, INNER)) for _ in range(LAYERS)]
    return TransformerEncoder(embedding, positions(rest), layers, D)


def small_decoder(name: str) -> nn.Module:
    cell, _, rest = name.partition("-")
    embedding = TokenEmbedding(WRITABLE, D)
    output = TokenOutput(WRITABLE, D, tied=embedding)
    if cell != "transformer":
        attention = {"none": None, "additive": AdditiveAttention(D), "dot": DotAttention(D)}[rest]
        return RecurrentDecoder(embedding, cell, attention, output, LAYERS)
    layers = [
        TransformerDecoderLayer(D, self_attention(rest), MultiHeadAttention(D, H), FeedForward(D, INNER))
        for _ in range(LAYERS)
    ]
    return TransformerDecoder(embedding, positions(rest), layers, output)


def small_model(encoder: str, decoder: str) -> EncoderDecoder:
    model = EncoderDecoder({"source": small_encoder(encoder)}, {"target": small_decoder(decoder)})
    for parameter in model.parameters():
        if parameter.ndim == 1:  # biases at zero and norms at one would hide faults
            parameter.data += torch.randn_like(parameter) * 0.3
    return model.double().eval()


def padded(lengths: list[int], vocabulary: int, longest: int | None = None) -> Padded:
    """Random tokens of these lengths; the padding is made of random tokens too, and must not matter."""
    longest = longest or max(lengths)
    values = torch.randint(vocabulary, (len(lengths), longest))
    return Padded(values, torch.arange(longest) < torch.tensor(lengths)[:, None])


def logits_of(model: EncoderDecoder, source: Padded, tokens: Tensor) -> Tensor:
    """The logits (B, T, V) of a model with one input and one output."""
    return model({"source": source}, {"target": tokens})["target"]
