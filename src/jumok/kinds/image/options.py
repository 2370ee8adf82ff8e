"""The options of an image: its size, encoder and augmentation."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from jumok.kinds.backbones import BackboneOptions
from jumok.kinds.options import InputFieldOptions, Options

if TYPE_CHECKING:
    from jumok.data.images.augmentation import Augmentation

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class AugmentOptions(Options):
    """The YAML under `augment:` of an image: what may happen to it in training."""

    flip: Literal["none", "horizontal", "both"] | None = None
    scale: tuple[float, float] | None = None
    crop: float = Field(default=1.0, gt=0.0, le=1.0)
    rotate: float = Field(default=0.0, ge=0.0, le=180.0)
    shift: float = Field(default=0.0, ge=0.0, lt=1.0)
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
        return Augmentation(
            flip, scale, self.crop, self.rotate, self.shift, self.colour, self.mosaic, self.visible
        )


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
