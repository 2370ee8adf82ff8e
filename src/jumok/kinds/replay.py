"""Answers to one example that can be rescored under recording."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from torch import Tensor

from jumok.errors import DataError
from jumok.kinds.axes import Axis
from jumok.values import Memories

# what the score of a part is: `distance` is that of an answer from itself, less than zero, in deviations of train
Measure = Literal["log-probability", "score", "distance"]


class Bilingual(NamedTuple):
    """What a part of an answer is called."""

    en: str
    ko: str


@dataclass(frozen=True)
class AnswerAxes:
    """The axes of queries and past tokens of a decoder with attention, by the number of the answer."""

    queries: Callable[[int], Axis]
    past: Callable[[int], Axis]


class Rescorable(Protocol):
    """The answers of an output to one example, best first."""

    @property
    def count(self) -> int:
        """How many answers there are."""
        ...

    @property
    def measure(self) -> Measure:
        """What `rescore` gives."""
        ...

    @property
    def axes(self) -> AnswerAxes | None:
        """The axes of queries and keys; None if the decoder has no attention."""
        ...

    @property
    def part_at(self) -> Callable[[float, float], int | None] | None:
        """Finds the number of the part at a pixel of the original image; None if answers have no positions."""
        ...

    @property
    def steps(self) -> list[dict[str, Any]] | None:
        """The search step by step; None if nothing was searched for."""
        ...

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        """Why there is nothing to see between inputs and this output, where no attention is recorded."""
        ...

    def rescore(self, decoder: Any, memories: Memories, answer: int) -> Tensor:
        """Rescore an answer by teacher forcing; the measure of each part (N,), such as its log-probability.

        Args:
            decoder: The model's decoder or head for this output.
            memories: The memories of the inputs.
            answer: The number of the answer.

        Returns:
            (N,).
        """
        ...

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        """What a page shows, with what `rescore` gave for each answer."""
        ...

    def part_of(self, answer: int, query: int) -> int:
        """The number of the part that a query predicts; DataError if there is none."""
        ...

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """The score of a part, or of all parts together, from the result of `rescore`; a scalar."""
        ...

    def part_name(self, answer: int, part: int) -> Bilingual:
        """What a part is called."""
        ...


def questions_memory(output: str, module: str) -> bool:
    """Whether a recorded module questions the memory: the `cross` of a block, or the only attention of a decoder.

    `output` is the name of the output that the module belongs to.
    """
    inside = module.startswith(f"decoders.{output}.")
    alone = (f"decoders.{output}.attention", f"decoders.{output}.recurrent.attention")
    return inside and (module.endswith(".cross") or module in alone)


def part_required(part: int, count: int, what: str) -> int:
    """Check the number of a part, or of anything that is counted from 0.

    Args:
        part: The number.
        count: How many parts there are.
        what: What a part is, for the message.

    Returns:
        The number.

    Raises:
        DataError: There is no such part.
    """
    if not 0 <= part < count:
        raise DataError(f"there is no {what} {part}; they are numbered from 0 to {count - 1}")
    return part


CONVOLUTIONAL = {
    "reason": "convolutional",
    "text": {
        "en": "This answer is made by convolutions, each of which sees a fixed neighbourhood; no attention weighs one "
        "place against another. To see attention, train a model that has it: boxes with `head: {kind: query}`, a "
        "text output (`jumok demo digits --output text`), or a transformer as encoder.",
        "ko": "이 답은 정해진 주변만 보는 합성곱으로 만들어지며, 위치끼리 비교해 가중치를 주는 어텐션이 없습니다. "
        "어텐션을 보려면 어텐션이 있는 모델을 학습시키세요: 상자라면 `head: {kind: query}`, 글을 출력하는 모델"
        "(`jumok demo digits --output text`), 또는 트랜스포머 인코더.",
    },
}
