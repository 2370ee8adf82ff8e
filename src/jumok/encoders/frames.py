"""Frames one after another: an image encoder for each, then a sequence encoder over time."""

from typing import Any

import torch
from torch import Tensor, nn

from jumok.attention.multihead import MultiHeadAttention
from jumok.values import FramesBatch, Memory, Padded, TimeStates


class FramesEncoder(nn.Module):
    """One state for each frame: a learned query gathers the cells of its image, then states meet over time.

    A query sees where a thing is, for each cell carries its position; their mean would not tell.
    """

    def __init__(
        self, frame: nn.Module, gather: MultiHeadAttention, over_time: nn.Module, width: int
    ) -> None:
        """`frame` encodes images to states of cells, `over_time` sequences of vectors (a `Padded`)."""
        super().__init__()
        self.frame, self.gather, self.over_time = frame, gather, over_time
        self.query = nn.Parameter(torch.randn(width))
        self.norm = nn.LayerNorm(width)

    @property
    def max_length(self) -> Any:
        """The most frames."""
        return self.over_time.max_length

    def forward(self, clips: FramesBatch) -> Memory:
        """Clips of F frames, at most, to a memory of one state (B, F, D) for each."""
        vectors = self.vectors(clips)  # (N, D), of the frames of all clips
        x = vectors.new_zeros(*clips.valid.shape, vectors.shape[-1])  # (B, F, D)
        x[clips.valid] = vectors
        memory: Memory = self.over_time(Padded(x, clips.valid))
        first = torch.arange(x.shape[1], device=x.device)
        return memory._replace(time=TimeStates(torch.stack((first, first + 1), 1)))

    def vectors(self, clips: FramesBatch) -> Tensor:
        """One vector (N, D) for each frame."""
        cells = self.frame(clips.images)  # states (N, S, D)
        query = self.query.expand(cells.states.shape[0], 1, -1).to(cells.states.dtype)
        gathered: Tensor = self.gather(query, cells.states, cells.valid[:, None, None, :])  # (N, 1, D)
        normalized: Tensor = self.norm(gathered[:, 0])
        return normalized
