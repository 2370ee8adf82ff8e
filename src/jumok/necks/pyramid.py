"""The feature pyramid: adds coarse feature maps to finer ones."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn


class FeaturePyramid(nn.Module):
    """From coarse to fine, each level is added to the next finer one (Lin et al., 2017).

    `extra` levels follow after the coarsest, each with half as many cells per side (RetinaNet, Lin et al., 2017).
    With `read`, only that many of the finest levels are computed and returned.
    """

    def __init__(self, channels: Sequence[int], width: int, extra: int = 0, read: int | None = None) -> None:
        super().__init__()
        if read is not None and (extra or not 0 < read <= len(channels)):
            raise ValueError(
                f"1 to {len(channels)}, all of them, can be read as levels, without extra ones; got read={read}"
            )
        read = len(channels) if read is None else read
        self.channels = (width,) * (read + extra)
        self.lateral = nn.ModuleList(nn.Conv2d(count, width, 1) for count in channels)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(read))
        self.coarser = nn.ModuleList(nn.Conv2d(width, width, 3, stride=2, padding=1) for _ in range(extra))
        for part in self.modules():
            if isinstance(part, nn.Conv2d) and part.bias is not None:
                nn.init.kaiming_uniform_(part.weight, a=1)
                nn.init.zeros_(part.bias)

    def forward(self, maps: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Combine maps (B, C, Y, X), from fine to coarse; returns maps of `width` channels, `extra` more at the end."""
        merged = [project(level) for project, level in zip(self.lateral, maps, strict=True)]
        for fine in reversed(range(len(merged) - 1)):
            size = merged[fine].shape[-2:]
            merged[fine] = merged[fine] + F.interpolate(merged[fine + 1], size=size, mode="nearest")
        levels = [smooth(level) for smooth, level in zip(self.smooth, merged, strict=False)]
        for number, halve in enumerate(self.coarser):
            levels.append(halve(levels[-1] if number == 0 else levels[-1].relu()))
        return tuple(levels)
