"""A small convolutional encoder of our own: convolution, activation, pooling, from top to bottom."""

from collections.abc import Sequence

from torch import Tensor, nn

from jumok.encoders.levels import levels_of, pad_to_multiple
from jumok.layers.convolution import ConvolutionBlock, Norm
from jumok.wording import quantity


class ConvolutionalEncoder(nn.Module):
    """A convolutional encoder: each stage halves both sides and doubles the channels.

    Stage n, counted from 1, ends at stride 2ⁿ. Stages after the coarsest level are not built.
    """

    mean, std = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)  # of pixels between 0 and 1, for any kind of image
    source = None  # it starts from random weights

    def __init__(
        self,
        strides: Sequence[int] = (4, 8, 16),
        channels: Sequence[int] = (32, 64, 128, 256),
        blocks: int = 2,
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        available = [2 ** (number + 1) for number in range(len(channels))]
        self.levels = levels_of(
            strides, available, f"a convolutional encoder of {quantity(len(channels), 'stage')}"
        )
        self.strides = tuple(strides)
        self.channels = tuple(channels[level] for level in self.levels)
        widths = [3, *channels[: self.levels[-1] + 1]]
        self.stages = nn.ModuleList(
            stage(inputs, outputs, blocks, norm) for inputs, outputs in zip(widths, widths[1:], strict=False)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images (B, 3, Y, X), normalised, to the maps (B, C, Y / stride, X / stride) of the wanted levels.

        Zeros are added at the right and the bottom until both sides divide by the coarsest stride.
        """
        x, maps = pad_to_multiple(images, self.strides[-1]), []
        for make in self.stages:
            x = make(x)
            maps.append(x)
        return tuple(maps[level] for level in self.levels)


def stage(inputs: int, outputs: int, blocks: int, norm: Norm) -> nn.Sequential:
    """Build a stage: one convolution and 2 × 2 max pooling, then the remaining convolutions.

    ReLU comes after the pooling, where a quarter of the cells is left; the result is the same as before it.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.
        blocks: Number of convolutions in all.
        norm: Kind of normalization.

    Returns:
        Layers from (B, inputs, Y, X) to (B, outputs, Y / 2, X / 2).
    """
    first = ConvolutionBlock(inputs, outputs, norm=norm, activation=nn.Identity)
    more = (ConvolutionBlock(outputs, outputs, norm=norm) for _ in range(blocks - 1))
    return nn.Sequential(first, nn.Sequential(nn.MaxPool2d(2), nn.ReLU(inplace=True)), *more)
