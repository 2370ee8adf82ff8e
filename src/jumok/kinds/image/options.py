"""The options of an image: its size, encoder and augmentation."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from jumok.choices import OWN_BACKBONE
from jumok.kinds.features import FeatureRequest
from jumok.kinds.options import InputFieldOptions, ModelOptions, Options, error_at

if TYPE_CHECKING:
    from jumok.data.images.augmentation import Augmentation
    from jumok.encoders.backbone import Backbone
    from jumok.encoders.convolutional import ConvolutionalEncoder
    from jumok.encoders.image import GridTokens, ImageEncoder

MAX_CHANNELS = 256  # channels of it
Share = Annotated[float, Field(ge=0.0, le=1.0)]


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


class AugmentOptions(Options):
    """The YAML under `augment:` of an image: what may happen to it in training."""

    flip: Literal["none", "horizontal", "both"] | None = None
    scale: tuple[float, float] | None = None
    crop: float = Field(default=1.0, gt=0.0, le=1.0)
    rotate: float = Field(default=0.0, ge=0.0, le=180.0)
    colour: Share = 0.2
    mosaic: Share = 0.0
    visible: Share = 0.2

    @model_validator(mode="after")
    def values_fit(self) -> "AugmentOptions":
        """Refuse a scale whose bounds are not positive and in order."""
        low, high = self.scale or (1.0, 1.0)
        if not 0 < low <= high:
            raise ValueError(f"scale must be two factors above 0, the smaller first; got {low:g}, {high:g}")
        return self

    def build(self, reads: bool) -> "Augmentation":
        """The augmentation; for text outputs, flips and crops are off by default."""
        from jumok.data.images.augmentation import Augmentation

        flip = self.flip or ("none" if reads else "horizontal")
        scale = self.scale or ((0.7, 1.0) if reads else (0.6, 1.6))
        return Augmentation(flip, scale, self.crop, self.rotate, self.colour, self.mosaic, self.visible)


class ImageInput(InputFieldOptions):
    """An entry of `inputs:` with `kind: image`."""

    is_image: ClassVar[bool] = True
    kind: Literal["image"]
    size: PositiveInt = 320
    encoder: BackboneOptions = BackboneOptions()
    augment: AugmentOptions | Literal["none"] = AugmentOptions()

    def augmentation(self, reads: bool) -> "Augmentation | None":
        """The augmentation of images in training; `reads` is whether a text is read from them."""
        return None if self.augment == "none" else self.augment.build(reads)


INPUT = ImageInput
