"""Features of an image scaled by what the other inputs say (FiLM)."""

from collections.abc import Sequence

from torch import Tensor, nn

from jumok.values import Memory


class FeatureModulation(nn.Module):
    """Scale and shift each channel of an image's features by a condition (Perez et al., 2018).

    The scales start at one and the shifts at zero, where they also stay in rows whose condition is zero.
    """

    def __init__(self, width: int, levels: Sequence[int], states: bool) -> None:
        """`width` is that of conditions and states, `levels` are the channels of the feature maps."""
        super().__init__()
        self.levels = nn.ModuleList(zero_linear(width, 2 * channels) for channels in levels)
        self.states = zero_linear(width, 2 * width) if states else None

    def forward(self, memory: Memory, condition: Tensor) -> Memory:
        """The memory of images, its feature maps and states modulated by conditions (B, D)."""
        if self.states is not None:
            scale, shift = self.states(condition)[:, None].chunk(2, dim=-1)  # (B, 1, D)
            memory = memory._replace(states=memory.states * (1 + scale) + shift)
        if memory.pyramid is None or not self.levels:
            return memory
        maps = []
        for level, linear in zip(memory.pyramid.levels, self.levels, strict=True):
            scale, shift = linear(condition)[:, :, None, None].chunk(2, dim=1)  # (B, C, 1, 1)
            maps.append(level * (1 + scale) + shift)
        return memory._replace(pyramid=memory.pyramid._replace(levels=tuple(maps)))


def zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer without bias that starts at zero."""
    linear = nn.Linear(inputs, outputs, bias=False)
    nn.init.zeros_(linear.weight)
    return linear
