"""The options of frames: which of them are read, their size, and their encoder."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from jumok.choices import Cell
from jumok.kinds.backbones import BackboneOptions
from jumok.kinds.features import FeatureRequest
from jumok.kinds.options import InputFieldOptions, ModelOptions, Options, error_at

if TYPE_CHECKING:
    from torch import nn

    from jumok.data.clips.sampling import FrameSampling
    from jumok.data.images.augmentation import Augmentation
    from jumok.encoders.frames import FramesEncoder

FRAME_CELLS = FeatureRequest((16,), states=True)  # of the encoder of a frame


class RecurrentTimeOptions(Options):
    """The YAML under `time:` of an encoder of frames for a recurrent network."""

    kind: Literal["recurrent"]
    cell: Cell = "gru"
    layers: PositiveInt = 1
    bidirectional: bool = True

    def build(self, model: ModelOptions, longest: int) -> "nn.Module":
        """Build the encoder over the vectors of frames; `longest` is not needed."""
        from torch import nn

        from jumok.encoders.recurrent import RecurrentEncoder

        return RecurrentEncoder(
            nn.Identity(), self.cell, model.width, self.layers, self.bidirectional, model.dropout
        )


class TransformerTimeOptions(Options):
    """The YAML under `time:` of an encoder of frames for a Transformer."""

    kind: Literal["transformer"] = "transformer"
    layers: PositiveInt = 2

    def build(self, model: ModelOptions, longest: int) -> "nn.Module":
        """Build the encoder over the vectors of frames, of which there are `longest` at most."""
        from torch import nn

        from jumok.encoders.transformer import TransformerEncoder
        from jumok.kinds.blocks import encoder_layers

        return TransformerEncoder(
            nn.Identity(),
            model.position_layer(longest),
            encoder_layers(model, self.layers),
            model.width,
            model.dropout,
            final_norm=model.norm == "pre",
        )


TimeOptions = Annotated[RecurrentTimeOptions | TransformerTimeOptions, Field(discriminator="kind")]


class FramesEncoderOptions(Options):
    """The YAML under `encoder:` of frames."""

    frame: BackboneOptions = BackboneOptions()
    time: TimeOptions = TransformerTimeOptions()

    def build(self, model: ModelOptions, longest: int, fresh: bool) -> "FramesEncoder":
        """Build the encoder.

        Args:
            model: The options that all blocks share.
            longest: The most frames of a clip, for learned positions.
            fresh: Whether to load pretrained weights; a saved model brings its own.

        Returns:
            The encoder.
        """
        from jumok.encoders.frames import FramesEncoder
        from jumok.kinds.blocks import attention

        frame = self.frame.build(model, [FRAME_CELLS], fresh)
        return FramesEncoder(frame, attention(model, None), self.time.build(model, longest), model.width)


class ClipAugmentOptions(Options):
    """The YAML under `augment:` of frames: what may happen to a clip in training, the same to all of its frames."""

    flip: Literal["none", "horizontal", "both"] = "none"
    scale: tuple[float, float] = (1.0, 1.0)
    crop: float = Field(default=1.0, gt=0.0, le=1.0)
    rotate: float = Field(default=0.0, ge=0.0, le=180.0)
    colour: float = Field(default=0.2, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def scale_fits(self) -> "ClipAugmentOptions":
        """Refuse a scale whose bounds are not positive and in order."""
        low, high = self.scale
        if not 0 < low <= high:
            raise error_at(f"must be two factors above 0, the smaller first; got {low:g}, {high:g}", "scale")
        return self

    def build(self) -> "Augmentation":
        """The augmentation of one frame."""
        from jumok.data.images.augmentation import Augmentation

        return Augmentation(self.flip, self.scale, self.crop, self.rotate, colour=self.colour)


class FramesInput(InputFieldOptions):
    """An entry of `inputs:` with `kind: frames`."""

    kind: Literal["frames"]
    size: PositiveInt = 160  # pixels of the longer side, to which every frame is scaled_frame
    frames: PositiveInt | None = None  # 16 where they are sampled uniformly, all where by stride
    sampling: Literal["uniform", "stride"] = "uniform"
    every: PositiveInt = 1  # for stride: frames from one to the next
    encoder: FramesEncoderOptions = FramesEncoderOptions()
    augment: ClipAugmentOptions | Literal["none"] = "none"

    @model_validator(mode="after")
    def every_has_a_use(self) -> "FramesInput":
        """Refuse `every` where frames are sampled uniformly."""
        if self.every != 1 and self.sampling == "uniform":
            raise error_at("belongs to sampling: stride; this is uniform", "every")
        return self

    def frame_sampling(self) -> "FrameSampling":
        """Which frames of a clip are read."""
        from jumok.data.clips.sampling import FrameSampling

        frames = self.frames or (16 if self.sampling == "uniform" else None)
        return FrameSampling(self.sampling, frames, self.every)

    def augmentation(self) -> "Augmentation | None":
        """The augmentation of the frames of a clip in training."""
        return None if self.augment == "none" else self.augment.build()


INPUT = FramesInput
