"""A label that can be rescored under recording."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from jumok.kinds.axes import token_axis
from jumok.kinds.label.prediction import LabelPrediction
from jumok.kinds.pooling import MEAN
from jumok.kinds.replay import AnswerAxes, Bilingual, part_required
from jumok.values import Memories

LEAST = 1e-7  # probability that a class is absent, for logarithms


@dataclass(frozen=True)
class RescorableLabel:
    """The labels of an example; the only part is all of them, its score their joint log-probability."""

    name: str
    prediction: LabelPrediction
    log_probabilities: Callable[[Any, Memories], Tensor]  # of the classes (1, C)
    several: bool
    attends: bool  # whether the memory is gathered by attention
    count: int = 1
    part_at: None = None  # a label stands nowhere in an image
    steps: None = None  # nothing is searched for

    def rescore(self, decoder: Any, memories: Memories, answer: int) -> Tensor:
        """The log-probability (1,) of the labels, and where there may be several, of no others.

        Args:
            decoder: The head.
            memories: The memories of the inputs.
            answer: 0, the only answer.

        Returns:
            (1,).
        """
        found = self.log_probabilities(decoder, memories)[0]  # (C,)
        names = tuple(self.prediction.probabilities)
        chosen = torch.tensor([name in self.prediction.labels for name in names], device=found.device)
        if not self.several:
            return found[chosen]
        absent = (1 - found.exp()).clamp(min=LEAST).log()
        return torch.where(chosen, found, absent).sum()[None]

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        """The labels and the probability of each class as JSON."""
        told = self.prediction
        answer = {**told.to_json(), "score": told.score}
        return {"name": self.name, "kind": "label", "answers": [answer]}

    @property
    def axes(self) -> AnswerAxes | None:
        """One query, called by the labels; the mean of states has no attention."""
        if not self.attends:
            return None
        axis = token_axis("output", self.name, [self.prediction.text])
        return AnswerAxes(lambda answer: axis, lambda answer: axis)

    def part_of(self, answer: int, query: int) -> int:
        """The only part; DataError for other queries."""
        return part_required(query, 1, "label")

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """The log-probability of the labels."""
        return scores[0]

    def part_name(self, answer: int, part: int) -> Bilingual:
        """The labels."""
        return Bilingual(f"label {self.prediction.text!r}", f"레이블 {self.prediction.text!r}")

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        """Why there is no attention to show: all states count the same."""
        return MEAN
