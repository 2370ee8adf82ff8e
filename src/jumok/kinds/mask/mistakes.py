"""Regions of annotated masks that are likely wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from jumok.kinds.contract import Scoring
from jumok.metrics.mistakes.disagreement import Disagreement
from jumok.metrics.mistakes.masks import RatedMask, mask_disagreements, rate_mask, usual_confusion
from jumok.values import Memories


@dataclass(frozen=True)
class MaskMistakes:
    """Regions that the model sees as another class."""

    names: tuple[str, ...]
    image: str  # the name of the input whose pixels have classes
    scoring: Scoring

    def rate(
        self,
        decoder: Any,
        memories: Memories,
        inputs: Mapping[str, Any],
        cells: Sequence[str],
        root: Path,
        predicted: Sequence[Any],
    ) -> list[RatedMask]:
        """Regions in which mask and model differ; see `MistakeFinder`."""
        images, logits = inputs[self.image], decoder(memories.of(self.image)).float()  # (B, C, Y, X)
        sizes = images.valid_size.tolist()
        return [
            self.rate_one(scores[:, : shown[0], : shown[1]], self.scoring.reference([cell], root))
            for scores, shown, cell in zip(logits, sizes, cells, strict=True)
        ]

    def rate_one(self, logits: Tensor, given: np.ndarray) -> RatedMask:
        """One mask (Y, X) beside the logits (C, Y', X') of its image, which are scaled to its size."""
        full = F.interpolate(logits[None], size=given.shape, mode="bilinear", align_corners=False)
        chances = full[0].softmax(0)  # (C, Y, X)
        sureness, predicted = chances.max(0)
        wanted = torch.from_numpy(np.maximum(given, 0).astype(np.int64)).to(chances.device)
        likelihood = chances.gather(0, wanted[None])[0]
        arrays = (predicted.cpu().numpy(), sureness.cpu().numpy(), likelihood.cpu().numpy())
        return rate_mask(given, *arrays, len(self.names))

    def usual(self, rated: Sequence[RatedMask]) -> np.ndarray:
        """How often the model confuses classes (C, C)."""
        return usual_confusion(rated)

    def find(self, rated: RatedMask, usual: np.ndarray | None = None) -> list[Disagreement]:
        """What is wrong with the mask of an image."""
        return mask_disagreements(rated, self.names, usual)
