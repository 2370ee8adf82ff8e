"""Small models by name, each one expression of jumok's own parts: copy one, and change what you want.

They have fresh weights, and learn by the losses of `jumok.losses`. An experiment file builds such models by itself;
these are for a training loop of your own.
"""

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import SinusoidalPositions
from jumok.decoders.transformer import TransformerDecoder
from jumok.decoders.unet import UNetDecoder
from jumok.encoders.convolutional import ConvolutionalEncoder
from jumok.encoders.image import GridTokens, ImageEncoder
from jumok.encoders.transformer import TransformerEncoder
from jumok.heads.dense import DenseBoxHead
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer
from jumok.model import EncoderDecoder
from jumok.necks.pyramid import FeaturePyramid

__all__ = ["small_detector", "small_reader", "small_segmenter", "small_translator"]


def small_translator(source: int, target: int, width: int = 128, heads: int = 4) -> EncoderDecoder:
    """A Transformer from text to text; 3.0 M parameters with two vocabularies of 5,000 tokens.

    `model({"source": Padded(tokens, valid)}, {"target": read})` takes source tokens (B, S) and the target tokens read
    so far (B, T), and gives logits (B, T, V) of the next ones as "target".

    Args:
        source: The size of the vocabulary that is read.
        target: The size V of the vocabulary that is written.
        width: The width D of all states.
        heads: Heads of each attention; they divide the width.
    """
    return EncoderDecoder(
        encoders={
            "source": TransformerEncoder(
                embedding=TokenEmbedding(source, width),
                positions=SinusoidalPositions(width),
                layers=[
                    TransformerEncoderLayer(
                        width,
                        attention=MultiHeadAttention(width, heads),
                        feedforward=FeedForward(width, 4 * width),
                        dropout=0.1,
                    )
                    for _ in range(3)
                ],
                width=width,
                dropout=0.1,
            )
        },
        decoders={
            "target": TransformerDecoder(
                embedding=TokenEmbedding(target, width),
                positions=SinusoidalPositions(width),
                layers=[
                    TransformerDecoderLayer(
                        width,
                        attention=MultiHeadAttention(width, heads),
                        cross=MultiHeadAttention(width, heads),
                        feedforward=FeedForward(width, 4 * width),
                        dropout=0.1,
                    )
                    for _ in range(2)
                ],
                output=TokenOutput(target, width),
                dropout=0.1,
            )
        },
    )


def small_detector(classes: int, width: int = 64) -> EncoderDecoder:
    """Boxes from every cell of a feature pyramid, without anchors; 1.4 M parameters with three classes.

    `model.decoders["objects"](model.encode({"photo": images}).of("photo"))` takes an `ImageBatch` (B, 3, Y, X) of any
    size and gives `DenseBoxes`: for each of the P cells of strides 8 and 16 logits (B, P, classes), a box (B, P, 4) in
    pixels and its quality (B, P). `detect` of the head keeps the best ones.

    Args:
        classes: How many classes of objects there are.
        width: The channels of the pyramid and of the head.
    """
    return EncoderDecoder(
        encoders={
            "photo": ImageEncoder(
                backbone=ConvolutionalEncoder(strides=(8, 16), channels=(32, 64, 128, 256)),
                neck=FeaturePyramid(channels=(128, 256), width=width),
            )
        },
        decoders={
            "objects": DenseBoxHead(
                channels=(width, width), strides=(8, 16), classes=classes, width=width, layers=2
            )
        },
    )


def small_segmenter(classes: int, width: int = 32) -> EncoderDecoder:
    """A U-Net that gives each pixel a class; 1.9 M parameters with three classes.

    `model.decoders["mask"](model.encode({"photo": images}).of("photo"))` takes an `ImageBatch` (B, 3, Y, X) of any
    size and gives logits (B, classes, Y, X).

    Args:
        classes: How many classes a pixel may have.
        width: The channels of the decoder at its finest level; each coarser one has twice as many.
    """
    return EncoderDecoder(
        encoders={
            "photo": ImageEncoder(
                backbone=ConvolutionalEncoder(strides=(2, 4, 8, 16), channels=(32, 64, 128, 256))
            )
        },
        decoders={
            "mask": UNetDecoder(
                channels=(32, 64, 128, 256), strides=(2, 4, 8, 16), classes=classes, width=width
            )
        },
    )


def small_reader(vocabulary: int, width: int = 128, heads: int = 4) -> EncoderDecoder:
    """A Transformer that writes what stands in an image; 1.3 M parameters with 100 characters.

    `model({"photo": images}, {"text": read})` takes an `ImageBatch` (B, 3, Y, X) of any size and the tokens read so far
    (B, T), and gives logits (B, T, V) of the next ones as "text". Each cell of 8 × 8 pixels is a state that the decoder
    can look at.

    Args:
        vocabulary: How many tokens V, such as characters, there are.
        width: The width D of all states; it divides by 4.
        heads: Heads of each attention; they divide the width.
    """
    return EncoderDecoder(
        encoders={
            "photo": ImageEncoder(
                backbone=ConvolutionalEncoder(strides=(8,), channels=(32, 64, 128)),
                states=GridTokens(
                    channels=128,
                    width=width,
                    stride=8,
                    layers=[
                        TransformerEncoderLayer(
                            width,
                            attention=MultiHeadAttention(width, heads),
                            feedforward=FeedForward(width, 4 * width),
                            dropout=0.1,
                        )
                        for _ in range(2)
                    ],
                ),
            )
        },
        decoders={
            "text": TransformerDecoder(
                embedding=TokenEmbedding(vocabulary, width),
                positions=SinusoidalPositions(width),
                layers=[
                    TransformerDecoderLayer(
                        width,
                        attention=MultiHeadAttention(width, heads),
                        cross=MultiHeadAttention(width, heads),
                        feedforward=FeedForward(width, 4 * width),
                        dropout=0.1,
                    )
                    for _ in range(2)
                ],
                output=TokenOutput(vocabulary, width),
                dropout=0.1,
            )
        },
    )
