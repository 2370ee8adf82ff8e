"""The objects of an image, which can be rescored under recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from jumok.errors import DataError
from jumok.geometry import iou
from jumok.kinds.axes import query_axis
from jumok.kinds.replay import CONVOLUTIONAL, AnswerAxes, Bilingual, Measure
from jumok.values import BoxesPrediction, Detections, Memories

UNSURE = 1e-6  # score of an object that is gone, for logarithms
SAME = 0.5  # IoU above which two boxes are the same object


@dataclass(frozen=True)
class RescorableBoxes:
    """The objects of an image; a part is an object, its score the one it is found with."""

    measure: ClassVar[Measure] = "log-probability"
    no_attention_reason: ClassVar[dict[str, Any]] = CONVOLUTIONAL  # the model is convolutional
    name: str
    prediction: BoxesPrediction
    found: Detections  # in the same order, in pixels of the batch
    num_queries: int | None  # how many object queries there are; None: cells answer, without attention
    image: str  # the name of the input that they are found in
    count: int = 1
    steps: None = None  # nothing is searched for

    def rescore(self, decoder: Any, memories: Memories, answer: int) -> Tensor:
        """The logarithm of the score of each object's query or cell, or of the best one at its place if that has moved.

        Args:
            decoder: The model's decoder or head for this output.
            memories: The memories of the inputs.
            answer: The number of the answer.

        Returns:
            (N,).
        """
        made = decoder(memories.of(self.image))
        boxes = made.boxes.reshape(-1, *made.boxes.shape[-2:])[-1].float()  # (Q, 4)
        of_class = decoder.scores(made)[0][:, self.found.labels].T  # (N, Q)
        near = iou(self.found.boxes, boxes) >= SAME  # (N, Q)
        rows = torch.arange(len(near), device=near.device)
        finders = self.found.source_ids.clamp(max=len(boxes) - 1)
        surest = of_class.masked_fill(~near, 0.0).amax(1)
        found = torch.where(near[rows, finders], of_class[rows, finders], surest)
        return found.clamp(min=UNSURE).log()

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        """The objects with their scores and the queries that found them, as JSON."""
        finders = self.found.source_ids.tolist()
        objects = [
            {**one.to_json(), "query": finder}
            for one, finder in zip(self.prediction.objects, finders, strict=True)
        ]
        return {
            "name": self.name,
            "kind": "boxes",
            "objects": objects,
            "least": self.prediction.score_threshold,
        }

    @property
    def axes(self) -> AnswerAxes | None:
        """The axes of object queries; a dense head has no attention."""
        if self.num_queries is None:
            return None
        axis = query_axis(self.name, self.num_queries)
        return AnswerAxes(lambda answer: axis, lambda answer: axis)

    def part_of(self, answer: int, query: int) -> int:
        """The object that an object query found; DataError if it found none."""
        finders = self.found.source_ids.tolist()
        if query not in finders:
            raise DataError(f"object query {query} found nothing, so there is no score to compare")
        return finders.index(query)

    def part_at(self, x: float, y: float) -> int | None:
        """The first object whose box has the pixel (x, y); None if there is none."""
        boxes = (one.box for one in self.prediction.objects)
        return next((n for n, (x1, y1, x2, y2) in enumerate(boxes) if x1 <= x < x2 and y1 <= y < y2), None)

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """The score of an object, or the mean of all if `part` is None; DataError if nothing was found."""
        if not len(scores):
            raise DataError("nothing was found, so there is no score to compare")
        return scores.mean() if part is None else scores[part]

    def part_name(self, answer: int, part: int) -> Bilingual:
        """The object's number, from 1, and class."""
        what = f"{part + 1} {self.prediction.objects[part].name!r}"
        return Bilingual(f"object {what}", f"물체 {what}")
