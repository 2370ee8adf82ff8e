"""The options of a text: its encoder or decoder, and its tokens."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt, WithJsonSchema, model_validator

from jumok.choices import TEXT_METRICS, Cell, Unit
from jumok.errors import did_you_mean
from jumok.kinds.options import (
    InputFieldOptions,
    ModelOptions,
    Options,
    OutputFieldOptions,
    TokenOptions,
    error_at,
)

if TYPE_CHECKING:
    from jumok.decoders.recurrent import RecurrentDecoder
    from jumok.decoders.transformer import TransformerDecoder
    from jumok.encoders.recurrent import RecurrentEncoder
    from jumok.encoders.transformer import TransformerEncoder
    from jumok.layers.embedding import TokenEmbedding, TokenOutput

MetricName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(TEXT_METRICS)})]


class TransformerEncoderOptions(Options):
    """The YAML under `encoder:` for a Transformer."""

    kind: Literal["transformer"] = "transformer"
    layers: PositiveInt = 3

    def build(self, words: "TokenEmbedding", model: ModelOptions, limit: int) -> "TransformerEncoder":
        """Build the encoder (Vaswani et al., 2017).

        Args:
            words: The token embedding.
            model: The options that all blocks share.
            limit: The maximal length in tokens.

        Returns:
            The encoder.
        """
        from jumok.encoders.transformer import TransformerEncoder
        from jumok.kinds.blocks import encoder_layers

        layers = encoder_layers(model, self.layers)
        positions = model.position_layer(limit)
        return TransformerEncoder(words, positions, layers, model.width, model.dropout, model.norm == "pre")


class RecurrentEncoderOptions(Options):
    """The YAML under `encoder:` for a recurrent network."""

    kind: Cell
    layers: PositiveInt = 2
    bidirectional: bool = True

    def build(self, words: "TokenEmbedding", model: ModelOptions, limit: int) -> "RecurrentEncoder":
        """Build the encoder.

        Args:
            words: The token embedding.
            model: The options that all blocks share.
            limit: The maximal length in tokens; not needed.

        Returns:
            The encoder.
        """
        from jumok.encoders.recurrent import RecurrentEncoder

        return RecurrentEncoder(words, self.kind, model.width, self.layers, self.bidirectional, model.dropout)


class TransformerDecoderOptions(Options):
    """The YAML under `decoder:` for a Transformer."""

    kind: Literal["transformer"] = "transformer"
    layers: PositiveInt = 3

    @property
    def architecture(self) -> str:
        """The kind of the decoder."""
        return self.kind

    def build(
        self, words: "TokenEmbedding", output: "TokenOutput", model: ModelOptions, limit: int
    ) -> "TransformerDecoder":
        """Build the decoder (Vaswani et al., 2017).

        Args:
            words: The token embedding.
            output: The projection to the vocabulary.
            model: The options that all blocks share.
            limit: The maximal length in tokens.

        Returns:
            The decoder.
        """
        from jumok.decoders.transformer import TransformerDecoder
        from jumok.kinds.blocks import attention, perceptron
        from jumok.layers.transformer import TransformerDecoderLayer

        layers = [
            TransformerDecoderLayer(
                model.width,
                attention(model, model.rotary()),
                attention(model, None),  # distances between two texts mean nothing
                perceptron(model),
                model.dropout,
                model.norm == "pre",
            )
            for _ in range(self.layers)
        ]
        positions = model.position_layer(limit)
        return TransformerDecoder(words, positions, layers, output, model.dropout, model.norm == "pre")


class RecurrentDecoderOptions(Options):
    """The YAML under `decoder:` for a recurrent network; `attention: none` is the single-vector bottleneck."""

    kind: Cell
    layers: PositiveInt = 2
    attention: Literal["none", "additive", "dot"] = "additive"

    @property
    def architecture(self) -> str:
        """The kind of the decoder with its attention."""
        return (
            f"{self.kind} without attention"
            if self.attention == "none"
            else f"{self.kind}, {self.attention} attention"
        )

    def build(
        self, words: "TokenEmbedding", output: "TokenOutput", model: ModelOptions, limit: int
    ) -> "RecurrentDecoder":
        """Build the decoder (Bahdanau et al., 2015; Luong et al., 2015).

        Args:
            words: The token embedding.
            output: The projection to the vocabulary.
            model: The options that all blocks share.
            limit: The maximal length in tokens; not needed.

        Returns:
            The decoder.
        """
        from jumok.attention.recurrent import AdditiveAttention, DotAttention
        from jumok.decoders.recurrent import RecurrentDecoder

        looks = {"none": lambda _: None, "additive": AdditiveAttention, "dot": DotAttention}[self.attention]
        return RecurrentDecoder(words, self.kind, looks(model.width), output, self.layers, model.dropout)


class TextInput(InputFieldOptions):
    """An entry of `inputs:` with `kind: text`."""

    kind: Literal["text"] = "text"
    encoder: Annotated[TransformerEncoderOptions | RecurrentEncoderOptions, Field(discriminator="kind")] = (
        TransformerEncoderOptions()
    )
    tokens: TokenOptions | None = None


class TextOutput(OutputFieldOptions):
    """An entry of `outputs:` with `kind: text`."""

    part_name: ClassVar[str] = "decoder"
    is_read: ClassVar[bool] = True
    kind: Literal["text"] = "text"
    decoder: Annotated[TransformerDecoderOptions | RecurrentDecoderOptions, Field(discriminator="kind")] = (
        TransformerDecoderOptions()
    )
    tokens: TokenOptions | None = None
    unit: Unit | None = None
    metric: MetricName | None = None

    @classmethod
    def selection_metrics(cls) -> tuple[str, ...]:
        """The metrics that can choose the best model."""
        return tuple(TEXT_METRICS)

    @model_validator(mode="after")
    def metric_is_known(self) -> "TextOutput":
        """Refuse an unknown metric with a suggestion."""
        if self.metric is not None and self.metric not in TEXT_METRICS:
            hint = did_you_mean(self.metric, TEXT_METRICS)
            raise error_at(f"there is no metric {self.metric!r}{hint}", "metric")
        return self


INPUT, OUTPUT = TextInput, TextOutput
