"""Values that can be rescored under recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from jumok.kinds.axes import token_axis
from jumok.kinds.pooling import MEAN
from jumok.kinds.replay import AnswerAxes, Bilingual, part_required
from jumok.kinds.values.prediction import ValuesPrediction
from jumok.values import Memories


@dataclass(frozen=True)
class RescorableValues:
    """The values of an example; the only part is all of them, its score minus their distance from the prediction."""

    name: str
    prediction: ValuesPrediction
    found: Tensor  # (N,) the predicted values in deviations
    several: bool  # whether values have names of their own
    attends: bool  # whether the memory is gathered by attention
    count: int = 1
    part_at: None = None  # a value stands nowhere in an image
    steps: None = None  # nothing is searched for

    def rescore(self, decoder: Any, memories: Memories, answer: int) -> Tensor:
        """Minus the mean distance (1,) of the values from the predicted ones, in deviations of training.

        Args:
            decoder: The head.
            memories: The memories of the inputs.
            answer: 0, the only answer.

        Returns:
            (1,).
        """
        again = decoder(memories.joined).float().unflatten(-1, (len(self.found), -1))[0, :, 0]  # (N,)
        return 0.0 - (again - self.found).abs().mean()[None]

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        """The values with their intervals as JSON."""
        answer = {**self.prediction.to_json(), "score": float(scores[0][0])}
        return {"name": self.name, "kind": "values", "answers": [answer]}

    @property
    def label(self) -> str:
        """The values in a line, with their names."""
        return self.prediction.text if self.several else f"{self.name} {self.prediction.text}"

    @property
    def axes(self) -> AnswerAxes | None:
        """One query, called by the values; the mean of states has no attention."""
        if not self.attends:
            return None
        axis = token_axis("output", self.name, [self.label])
        return AnswerAxes(lambda answer: axis, lambda answer: axis)

    def part_of(self, answer: int, query: int) -> int:
        """The only part; DataError for other queries."""
        return part_required(query, 1, "query")

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """Minus the mean distance."""
        return scores[0]

    def part_name(self, answer: int, part: int) -> Bilingual:
        """The values."""
        return Bilingual(f"values {self.label!r}", f"값 {self.label!r}")

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        """Why there is no attention to show: all states count the same."""
        return MEAN
