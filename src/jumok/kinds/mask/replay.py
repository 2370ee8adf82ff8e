"""The class of each pixel, which can be rescored under recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from jumok.data.annotations.palette import PALETTE
from jumok.drawing.encoding import data_url, shrunk
from jumok.drawing.masks import mask_image
from jumok.kinds.replay import CONVOLUTIONAL, Bilingual, Measure, part_required
from jumok.values import ImageBatch, MaskPrediction, Memories


@dataclass(frozen=True)
class RescorableMask:
    """The class of each pixel; a part is a pixel of the mask as it is shown, its score the class's log-probability."""

    measure: ClassVar[Measure] = "log-probability"
    no_attention_reason: ClassVar[dict[str, Any]] = CONVOLUTIONAL  # the model is convolutional
    name: str
    prediction: MaskPrediction
    images: ImageBatch
    image: str  # the name of the input whose pixels have classes
    count: int = 1
    axes: None = None  # convolutions have no attention
    steps: None = None  # nothing is searched for

    @cached_property
    def shown(self) -> Tensor:
        """The classes (Y, X) of the mask in the size in which it is shown."""
        classes = torch.from_numpy(self.prediction.classes.astype("int64"))
        grid = shrunk((classes.shape[0], classes.shape[1]))
        return F.interpolate(classes[None, None].double(), size=grid, mode="nearest-exact")[0, 0].long()

    def rescore(self, decoder: Any, memories: Memories, answer: int) -> Tensor:
        """Log-probabilities (N,) of the predicted class of each pixel of the page's grid.

        Args:
            decoder: The model's decoder.
            memories: The memories of the inputs.
            answer: 0, the only answer.

        Returns:
            One log-probability for each pixel, row by row.
        """
        height, width = self.images.valid_size[0].tolist()
        logits = decoder(memories.of(self.image)).float()[:, :, :height, :width]
        size = (self.shown.shape[0], self.shown.shape[1])
        fitted = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)  # (1, C, Y, X)
        wanted = self.shown.to(fitted.device)[None, None]
        return fitted.log_softmax(1).gather(1, wanted).flatten()

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        """The classes with their colours, and the mask as an image, as JSON."""
        classes = [
            {"name": name, "colour": "#" + bytes(PALETTE[number % len(PALETTE)]).hex()}
            for number, name in enumerate(self.prediction.names)
        ]
        image = mask_image(self.shown.numpy() % len(PALETTE), dict(enumerate(PALETTE)))
        shown = {"mask": data_url(image, exact=True), "grid": list(self.shown.shape)}
        return {"name": self.name, "kind": "mask", "classes": classes, **shown}

    def part_of(self, answer: int, query: int) -> int:
        """The pixel that a query stands for; DataError if there is none."""
        return part_required(query, self.shown.numel(), "pixel")

    def part_at(self, x: float, y: float) -> int:
        """The pixel of the page's grid at the image's pixel (x, y)."""
        (height, width), (rows, columns) = self.prediction.classes.shape, self.shown.shape
        row, column = int(y * rows / height), int(x * columns / width)
        return min(max(row, 0), rows - 1) * columns + min(max(column, 0), columns - 1)

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """The log-probability of a pixel, or the mean of all if `part` is None."""
        return scores.mean() if part is None else scores[part]

    def part_name(self, answer: int, part: int) -> Bilingual:
        """The pixel's column and row, and its class."""
        row, column = divmod(part, self.shown.shape[1])
        what = f"({column}, {row}) {self.prediction.names[int(self.shown[row, column])]!r}"
        return Bilingual(f"pixel {what}", f"픽셀 {what}")
