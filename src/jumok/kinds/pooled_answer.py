"""What answers of heads that gather the whole memory share when they are rescored: one part, or one by query."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from jumok.kinds.axes import token_axis
from jumok.kinds.pooling import MEAN
from jumok.kinds.replay import AnswerAxes, part_required


@dataclass(frozen=True, kw_only=True)
class PooledAnswer(ABC):
    """The answer of an output to one example; its only part is all of it, unless each class or value has its query.

    `rescore` gives the score of all of it first, then that of each query's.
    """

    part: ClassVar[str] = "query"  # what its part is called where another one is asked for
    no_attention_reason: ClassVar[dict[str, Any]] = MEAN  # all states count the same
    name: str
    attends: bool  # whether the memory is gathered by attention
    asked: tuple[str, ...] = ()  # the class or value of each query, where each has one
    count: int = 1
    part_at: None = None  # it stands nowhere in an image
    steps: None = None  # nothing is searched for

    @property
    @abstractmethod
    def label(self) -> str:
        """The answer in a line."""

    @property
    def axes(self) -> AnswerAxes | None:
        """A query for each class or value, or one, called by the answer; the mean of states has no attention."""
        if not self.attends:
            return None
        axis = token_axis("output", self.name, list(self.asked) or [self.label])
        return AnswerAxes(lambda answer: axis, lambda answer: axis)

    def part_of(self, answer: int, query: int) -> int:
        """The part of a query; DataError if there is none."""
        return part_required(query, max(1, len(self.asked)), self.part)

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """The score of a query's part, or of all."""
        return scores[0] if part is None or not self.asked else scores[1 + part]
