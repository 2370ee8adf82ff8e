"""What answers of heads that gather the whole memory share when they are rescored: one answer, of one part."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from jumok.kinds.axes import token_axis
from jumok.kinds.pooling import MEAN
from jumok.kinds.replay import AnswerAxes, part_required


@dataclass(frozen=True, kw_only=True)
class PooledAnswer(ABC):
    """The answer of an output to one example; its only part is all of it."""

    part: ClassVar[str] = "query"  # what its part is called where another one is asked for
    name: str
    attends: bool  # whether the memory is gathered by attention
    count: int = 1
    part_at: None = None  # it stands nowhere in an image
    steps: None = None  # nothing is searched for

    @property
    @abstractmethod
    def label(self) -> str:
        """The answer in a line."""

    @property
    def axes(self) -> AnswerAxes | None:
        """One query, called by the answer; the mean of states has no attention."""
        if not self.attends:
            return None
        axis = token_axis("output", self.name, [self.label])
        return AnswerAxes(lambda answer: axis, lambda answer: axis)

    def part_of(self, answer: int, query: int) -> int:
        """The only part; DataError for other queries."""
        return part_required(query, 1, self.part)

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """The score of the only part."""
        return scores[0]

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        """Why there is no attention to show: all states count the same."""
        return MEAN
