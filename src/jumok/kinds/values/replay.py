"""Values that can be rescored under recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from jumok.kinds.pooled_answer import PooledAnswer
from jumok.kinds.replay import Bilingual, Measure
from jumok.kinds.values.prediction import ValuesPrediction
from jumok.values import Memories


@dataclass(frozen=True, kw_only=True)
class RescorableValues(PooledAnswer):
    """The values of an example; the score of all, or of a query's, is minus the distance from the prediction."""

    measure: ClassVar[Measure] = "distance"
    prediction: ValuesPrediction
    found: Tensor  # (N,) the predicted values in deviations
    several: bool  # whether values have names of their own

    def rescore(self, decoder: Any, memories: Memories, answer: int) -> Tensor:
        """Minus the mean distance of the values from the predicted ones, in deviations of training; then each alone.

        Args:
            decoder: The head.
            memories: The memories of the inputs.
            answer: 0, the only answer.

        Returns:
            (1,), or (1 + N,) where each value has a query.
        """
        again = decoder(memories.joined).float().unflatten(-1, (len(self.found), -1))[0, :, 0]  # (N,)
        apart = 0.0 - (again - self.found).abs()
        return torch.cat((apart.mean()[None], apart[: len(self.asked)]))

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        """The values with their intervals as JSON."""
        answer = {**self.prediction.to_json(), "score": float(scores[0][0])}
        return {"name": self.name, "kind": "values", "answers": [answer]}

    @property
    def label(self) -> str:
        """The values in a line, with their names."""
        return self.prediction.text if self.several else f"{self.name} {self.prediction.text}"

    def part_name(self, answer: int, part: int) -> Bilingual:
        """The value of a query, or all."""
        if self.asked:
            return Bilingual(f"the value {self.asked[part]!r}", f"값 {self.asked[part]!r}")
        return Bilingual(f"the values {self.label!r}", f"값 {self.label!r}")
