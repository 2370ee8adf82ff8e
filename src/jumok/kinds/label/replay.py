"""A label that can be rescored under recording."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from jumok.kinds.label.prediction import LabelPrediction
from jumok.kinds.pooled_answer import PooledAnswer
from jumok.kinds.replay import Bilingual, Measure
from jumok.values import Memories

LEAST = 1e-7  # probability that a class is absent, for logarithms


@dataclass(frozen=True, kw_only=True)
class RescorableLabel(PooledAnswer):
    """The labels of an example; the score of all is their joint log-probability, of a query that of its class."""

    measure: ClassVar[Measure] = "log-probability"
    part: ClassVar[str] = "label"
    prediction: LabelPrediction
    log_probabilities: Callable[[Any, Memories], Tensor]  # of the classes (1, C)
    several: bool

    @property
    def label(self) -> str:
        """The labels in a line."""
        return self.prediction.text

    def rescore(self, decoder: Any, memories: Memories, answer: int) -> Tensor:
        """The log-probability of the labels, and where there may be several, of no others; then of each query's class.

        Args:
            decoder: The head.
            memories: The memories of the inputs.
            answer: 0, the only answer.

        Returns:
            (1,), or (1 + C,) where each class has a query.
        """
        found = self.log_probabilities(decoder, memories)[0]  # (C,)
        return torch.cat((self.joint(found), found[: len(self.asked)]))

    def joint(self, found: Tensor) -> Tensor:
        """The log-probability (1,) of all labels, by those of the classes (C,)."""
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

    def part_name(self, answer: int, part: int) -> Bilingual:
        """The class of a query, or the labels."""
        if self.asked:
            return Bilingual(f"class {self.asked[part]!r}", f"클래스 {self.asked[part]!r}")
        return Bilingual(f"label {self.label!r}", f"레이블 {self.label!r}")
