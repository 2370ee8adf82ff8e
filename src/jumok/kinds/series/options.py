"""The options of a series: its channels, its encoder, and how it is varied in training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    WithJsonSchema,
    model_validator,
)

from jumok.choices import Cell
from jumok.errors import ConfigurationError
from jumok.kinds.options import InputFieldOptions, ModelOptions, Options, error_at

if TYPE_CHECKING:
    from jumok.data.series.augmentation import SeriesAugmentation
    from jumok.data.series.rows import SeriesExpectation
    from jumok.encoders.patches import PatchEncoder
    from jumok.encoders.plain import PlainEncoder
    from jumok.encoders.residual import ConvolutionEncoder
    from jumok.encoders.steps import StepEncoder


def count_or_names(value: Any) -> Any:
    """Check channels: how many there are, or their names, each once."""
    if isinstance(value, int) and value > 0:
        return value
    names = list(value) if isinstance(value, list | tuple) else []
    if names and all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names):
        return tuple(names)
    raise ValueError(f"expected a number of channels, or a list of their names like [x, y]; got {value!r}")


CHANNELS_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": True},
    ]
}
ChannelsOption = Annotated[
    int | tuple[str, ...], BeforeValidator(count_or_names), WithJsonSchema(CHANNELS_SCHEMA)
]


class StepEncoderOptions(Options):
    """The YAML under `encoder:` of a series for a recurrent network."""

    kind: Literal["recurrent"]
    cell: Cell = "gru"
    layers: PositiveInt = 2
    bidirectional: bool = True
    patch: PositiveInt = 1  # time steps that are read together, as one state

    @property
    def architecture(self) -> str:
        """The kind of the cells."""
        return self.cell

    def count_states(self, steps: int, channels: int) -> int:
        """The states of a series of so many time steps and channels."""
        from jumok.encoders.patches import count_patches

        return count_patches(steps, self.patch, self.patch)

    def build(self, channels: int, model: ModelOptions, longest: int) -> "StepEncoder":
        """Build the encoder.

        Args:
            channels: The channels of a series.
            model: The options that all blocks share.
            longest: The most time steps of a series; not needed.

        Returns:
            The encoder.
        """
        from jumok.encoders.patches import PatchEmbedding
        from jumok.encoders.steps import StepEncoder

        embedding = PatchEmbedding(channels, self.patch, self.patch, model.width)
        return StepEncoder(embedding, self.cell, model.width, self.layers, self.bidirectional, model.dropout)


class PatchEncoderOptions(Options):
    """The YAML under `encoder:` of a series for a Transformer over patches."""

    kind: Literal["patches"] = "patches"
    layers: PositiveInt = 3
    patch: PositiveInt = 16  # time steps of a patch
    stride: PositiveInt = 8  # time steps from one patch to the next
    channels: Literal["joined", "independent"] = "joined"
    # each channel of each series has mean 0 and deviation 1; its own level and scale are then not seen
    normalize_window: bool = False

    @property
    def architecture(self) -> str:
        """A Transformer over patches."""
        return "patches" if self.channels == "joined" else "patches of each channel"

    @model_validator(mode="after")
    def patches_touch(self) -> "PatchEncoderOptions":
        """Refuse patches that leave time steps out."""
        if self.stride > self.patch:
            raise error_at(
                f"must not be larger than patch={self.patch}, so that no step is left out", "stride"
            )
        return self

    def count_states(self, steps: int, channels: int) -> int:
        """The states of a series of so many time steps and channels."""
        from jumok.encoders.patches import count_patches

        return count_patches(steps, self.patch, self.stride) * (
            channels if self.channels == "independent" else 1
        )

    def build(self, channels: int, model: ModelOptions, longest: int) -> "PatchEncoder":
        """Build the encoder (PatchTST, Nie et al., 2023).

        Args:
            channels: The channels of a series.
            model: The options that all blocks share.
            longest: The most time steps of a series, for learned positions.

        Returns:
            The encoder.
        """
        from jumok.encoders.patches import PatchEmbedding, PatchEncoder
        from jumok.kinds.blocks import encoder_layers

        independent = self.channels == "independent"
        return PatchEncoder(
            PatchEmbedding(1 if independent else channels, self.patch, self.stride, model.width),
            model.position_layer(self.count_states(longest, 1)),
            encoder_layers(model, self.layers),
            model.width,
            channels,
            independent,
            self.normalize_window,
            model.dropout,
            model.norm == "pre",
        )


class ConvolutionEncoderOptions(Options):
    """The YAML under `encoder:` of a series for residual convolutions."""

    kind: Literal["convolution"]
    channels: tuple[PositiveInt, ...] = Field(default=(64, 128, 128), min_length=1)  # of each block
    stride: PositiveInt = 2  # of each block but the first

    @property
    def architecture(self) -> str:
        """Residual convolutions."""
        return "convolution"

    def count_states(self, steps: int, channels: int) -> int:
        """The states of a series of so many time steps and channels."""
        return -(-steps // self.stride ** (len(self.channels) - 1))

    def build(self, channels: int, model: ModelOptions, longest: int) -> "ConvolutionEncoder":
        """Build the encoder (Wang et al., 2017).

        Args:
            channels: The channels of a series.
            model: The options that all blocks share.
            longest: The most time steps of a series; not needed.

        Returns:
            The encoder.
        """
        from jumok.encoders.residual import ConvolutionEncoder

        return ConvolutionEncoder(channels, self.channels, self.stride, model.width, model.dropout)


class PlainEncoderOptions(Options):
    """The YAML under `encoder:` of a series that is read as it is, without weights."""

    kind: Literal["plain"]
    patch: PositiveInt = 16  # time steps of a state
    normalize_window: bool = False  # as in patches

    @property
    def architecture(self) -> str:
        """No network."""
        return "plain"

    def count_states(self, steps: int, channels: int) -> int:
        """The states of a series of so many time steps and channels."""
        return channels * -(-steps // self.patch)

    def build(self, channels: int, model: ModelOptions, longest: int) -> "PlainEncoder":
        """Build the encoder.

        Args:
            channels: The channels of a series; not needed.
            model: The options that all blocks share.
            longest: The most time steps of a series; not needed.

        Returns:
            The encoder.

        Raises:
            ConfigurationError: The states are not as wide as the stretches are long.
        """
        from jumok.encoders.plain import PlainEncoder

        if self.patch > model.width:
            raise ConfigurationError(
                f"encoder: {{kind: plain}} puts the values of patch={self.patch} time steps in a state of width="
                f"{model.width}; say patch: {model.width}, or a larger width of the model"
            )
        return PlainEncoder(self.patch, model.width, self.normalize_window)


SeriesEncoderOptions = Annotated[
    StepEncoderOptions | PatchEncoderOptions | ConvolutionEncoderOptions | PlainEncoderOptions,
    Field(discriminator="kind"),
]


class SeriesAugmentOptions(Options):
    """The YAML under `augment:` of a series: what may happen to it in training; nothing, where not given."""

    jitter: NonNegativeFloat = 0.0  # deviation of noise, beside the deviation 1 of a normalized channel
    scale: NonNegativeFloat = 0.0  # the largest change of each channel's size, as a share
    shift: NonNegativeFloat = Field(
        default=0.0, lt=1.0
    )  # the most that is cut off at its begin, a share of the steps
    mask: NonNegativeFloat = Field(default=0.0, lt=1.0)  # the largest share of steps hidden, in one stretch
    speed: NonNegativeFloat = Field(default=0.0, lt=1.0)  # the largest change of speed, as a share
    # degrees at most by which each three channels turn, the axes x, y, z of a sensor; all sensors alike
    rotate: NonNegativeFloat = Field(default=0.0, le=180.0)

    def build(self, center: Sequence[float], scale: Sequence[float]) -> "SeriesAugmentation | None":
        """The augmentation of series whose channels are normalized by center and scale; None if it changes nothing."""
        from jumok.data.series.augmentation import SeriesAugmentation

        changes = self.model_dump()
        if not any(changes.values()):
            return None
        return SeriesAugmentation(**changes, units=tuple(zip(center, scale, strict=True)))


class SeriesInput(InputFieldOptions):
    """An entry of `inputs:` with `kind: series`."""

    kind: Literal["series"]
    channels: ChannelsOption | None = None  # how many, or their names; those of train, if not given
    time: str | None = None  # the column of the clock, if it is not called time, timestamp, date or datetime
    # where the clock jumps: nothing, or samples that count as not measured
    gaps: Literal["keep", "mark"] = "keep"
    rate: PositiveFloat | None = None  # samples a second, for pages and drawings
    unit: str | None = None  # of the values, for pages and drawings
    max_length: PositiveInt | None = None  # time steps; longer series are faulty
    normalize: Literal["train", "none"] = "train"
    encoder: SeriesEncoderOptions = PatchEncoderOptions()
    augment: SeriesAugmentOptions = SeriesAugmentOptions()

    def expected_series(self) -> "SeriesExpectation":
        """What its series must be like, before anything was learned of them."""
        from jumok.data.series.rows import SeriesExpectation

        return SeriesExpectation(
            self.channel_names, self.channel_count, self.time, self.max_length, self.rate
        )

    @property
    def channel_names(self) -> tuple[str, ...] | None:
        """The names of the channels, if they are given."""
        return self.channels if isinstance(self.channels, tuple) else None

    @property
    def channel_count(self) -> int | None:
        """The number of channels, if it is given."""
        return len(self.channels) if isinstance(self.channels, tuple) else self.channels


INPUT = SeriesInput
