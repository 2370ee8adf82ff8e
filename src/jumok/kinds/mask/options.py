"""The options of masks: decoder, loss and metric."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from jumok.kinds.options import Options, OutputFieldOptions

if TYPE_CHECKING:
    from jumok.decoders.unet import UNetDecoder
    from jumok.encoders.image import ImageEncoder


class UNetOptions(Options):
    """The YAML under `decoder:` of a mask."""

    kind: Literal["unet"] = "unet"
    width: PositiveInt = 32
    upsample: Literal["bilinear", "transposed"] = "bilinear"
    skips: bool = True

    def build(self, encoder: "ImageEncoder", classes: int) -> "UNetDecoder":
        """Build the decoder for the encoder's feature maps."""
        from jumok.decoders.unet import UNetDecoder

        return UNetDecoder(encoder.channels, encoder.strides, classes, self.width, self.upsample, self.skips)


class MaskOutput(OutputFieldOptions):
    """An entry of `outputs:` with `kind: mask`."""

    part_name: ClassVar[str] = "decoder"
    annotations: ClassVar[str | None] = "masks"
    kind: Literal["mask"]
    decoder: Annotated[UNetOptions, Field()] = UNetOptions()
    dice: bool = True
    metric: Literal["mean_iou", "pixel_accuracy"] = "mean_iou"


OUTPUT = MaskOutput
