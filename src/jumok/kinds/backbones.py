"""The options of a network that reads single images, for all kinds that are made of images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from jumok.choices import OWN_BACKBONE
from jumok.kinds.features import FeatureRequest
from jumok.kinds.options import ModelOptions, Options, error_at

if TYPE_CHECKING:
    from jumok.encoders.backbone import Backbone
    from jumok.encoders.convolutional import ConvolutionalEncoder
    from jumok.encoders.image import GridTokens, ImageEncoder

MAX_CHANNELS = 256  # of a stage of the small network of our own


class BackboneOptions(Options):
    """The YAML under `encoder:` of an image."""

    backbone: str = "resnet18"
    weights: Literal["default", "none"] | Path = "default"
    neck: Literal["none", "fpn"] | None = None
    strides: tuple[PositiveInt, ...] | None = Field(default=None, min_length=1)
    states: PositiveInt | None = None
    layers: NonNegativeInt = 0
    channels: tuple[PositiveInt, ...] | None = None
    frozen_norm: bool = False

    @model_validator(mode="after")
    def channels_have_a_use(self) -> "BackboneOptions":
        """Refuse `channels` for backbones that have their own."""
        if self.channels is not None and self.backbone != OWN_BACKBONE:
            raise error_at(f"belongs to backbone: {OWN_BACKBONE}; this is {self.backbone}", "channels")
        return self

    @property
    def is_pretrained(self) -> bool:
        """Whether training begins with weights that were learned before."""
        return self.backbone != OWN_BACKBONE and self.weights != "none"

    def build(self, model: ModelOptions, wants: Sequence[FeatureRequest], fresh: bool) -> "ImageEncoder":
        """Build the encoder.

        Args:
            model: The options that all blocks share.
            wants: The features that outputs need.
            fresh: Whether to load pretrained weights; a saved model brings its own.

        Returns:
            The encoder.
        """
        from jumok.encoders.image import ImageEncoder
        from jumok.necks.pyramid import FeaturePyramid

        fpn = self.neck == "fpn" if self.neck is not None else any(want.neck for want in wants)
        strides = self.levels(wants)
        at = self.states or min(strides, key=lambda stride: (abs(stride - 16), stride))
        maps = not all(want.states for want in wants)
        if not maps and at in strides:  # unused layers are not built
            strides = tuple(stride for stride in strides if stride == at or (fpn and stride > at))
        backbone = self.network(strides, fresh)
        neck = FeaturePyramid(backbone.channels, model.width, read=None if maps else 1) if fpn else None
        if not any(want.states for want in wants):
            return ImageEncoder(backbone, neck)
        channels = backbone.channels if neck is None else neck.channels
        return ImageEncoder(backbone, neck, self.cell_states(model, strides, channels, at))

    def cell_states(
        self, model: ModelOptions, strides: Sequence[int], channels: Sequence[int], stride: int
    ) -> "GridTokens":
        """The layers that turn a feature map into states, one for each cell.

        Args:
            model: The options that all blocks share.
            strides: The strides of the feature maps, in pixels.
            channels: The channels of each.
            stride: The stride of the map to be used; the first map if there is none of it.

        Returns:
            The module.
        """
        from jumok.encoders.image import GridTokens
        from jumok.kinds.blocks import encoder_layers

        at = strides.index(stride) if stride in strides else 0
        layers = encoder_layers(model, self.layers, rotary=False)
        return GridTokens(channels[at], model.width, stride, layers)

    def levels(self, wants: Sequence[FeatureRequest]) -> tuple[int, ...]:
        """The strides of the levels: those of the options, or those that outputs need and the backbone has."""
        if self.strides is not None:
            return self.strides
        wanted = sorted({stride for want in wants for stride in want.strides})
        if self.backbone == OWN_BACKBONE:
            return tuple(wanted)
        from jumok.encoders.backbone import require_known, strides_of

        require_known(self.backbone)
        known = strides_of(self.backbone)
        return tuple(stride for stride in wanted if stride in known) or (known[-1],)

    def network(self, strides: tuple[int, ...], fresh: bool) -> "Backbone | ConvolutionalEncoder":
        """The backbone with feature maps at these strides; pretrained weights are loaded only if `fresh`."""
        from jumok.encoders.backbone import Backbone
        from jumok.encoders.convolutional import ConvolutionalEncoder

        if self.backbone == OWN_BACKBONE:
            stages = max(strides).bit_length() - 1
            channels = self.channels or [min(32 << stage, MAX_CHANNELS) for stage in range(stages)]
            return ConvolutionalEncoder(strides, channels)
        weights = self.weights if fresh and self.weights != "none" else None
        return Backbone(self.backbone, strides, weights, self.frozen_norm)
