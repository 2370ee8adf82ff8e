"""Regions of annotated masks that are likely wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from jumok.kinds.contract import Scoring
from jumok.kinds.mistakes import AnnotatedBatch
from jumok.metrics.mistakes.disagreement import Disagreement
from jumok.metrics.mistakes.masks import (
    ComparedPixels,
    RatedMask,
    mask_disagreements,
    rate_mask,
    usual_confusion,
)


@dataclass(frozen=True)
class MaskMistakes:
    """Regions that the model sees as another class."""

    names: tuple[str, ...]
    image: str  # the name of the input whose pixels have classes
    scoring: Scoring

    def rate(self, decoder: Any, batch: AnnotatedBatch) -> list[RatedMask]:
        """Regions in which mask and model differ; see `MistakeFinder`."""
        images, logits = (
            batch.inputs[self.image],
            decoder(batch.memories.of(self.image)).float(),
        )  # (B, C, Y, X)
        sizes = images.valid_size.tolist()
        return [
            self.rate_one(scores[:, : shown[0], : shown[1]], self.scoring.reference([cell], batch.root))
            for scores, shown, cell in zip(logits, sizes, batch.cells, strict=True)
        ]

    def rate_one(self, logits: Tensor, given: np.ndarray) -> RatedMask:
        """One mask (Y, X) beside the logits (C, Y', X') of its image, which are scaled to its size."""
        full = F.interpolate(logits[None], size=given.shape, mode="bilinear", align_corners=False)
        chances = full[0].softmax(0)  # (C, Y, X)
        sureness, predicted = chances.max(0)
        wanted = torch.from_numpy(np.maximum(given, 0).astype(np.int64)).to(chances.device)
        likelihood = chances.gather(0, wanted[None])[0]
        arrays = (predicted.cpu().numpy(), sureness.cpu().numpy(), likelihood.cpu().numpy())
        return rate_mask(ComparedPixels(given, *arrays), len(self.names))

    def usual(self, rated: Sequence[RatedMask]) -> np.ndarray:
        """How often the model confuses classes (C, C)."""
        return usual_confusion(rated)

    def find(self, rated: RatedMask, usual: np.ndarray | None = None) -> list[Disagreement]:
        """What is wrong with the mask of an image."""
        return mask_disagreements(rated, self.names, usual)
