"""A forecast, which can be made again under recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from jumok.heads.forecast import ForecastDecoder
from jumok.kinds.axes import Axis, token_axis
from jumok.kinds.forecast.prediction import ForecastPrediction
from jumok.kinds.replay import AnswerAxes, Bilingual, Measure, part_required
from jumok.values import Memories

LINEAR = {
    "reason": "linear",
    "text": {
        "en": "This forecast is a linear map of all patches of each channel, so that no attention weighs one against "
        "another here; within the encoder patches attend to each other. For a forecast that attends to the past, "
        "say `head: {kind: direct, gather: attention}`.",
        "ko": "이 예측은 채널마다 모든 패치를 선형으로 더한 것이라, 여기에는 패치끼리 비교하는 어텐션이 없습니다. "
        "패치끼리의 어텐션은 인코더 안에 있습니다. 과거를 어텐션으로 보는 예측은 "
        "`head: {kind: direct, gather: attention}`로 학습시키세요.",
    },
}

PAST_ALONE = {
    "reason": "linear",
    "text": {
        "en": "This forecast is a linear map of the past of each channel, so that there is no attention to show. For "
        "one that attends to the past, say `encoder: {kind: patches}` and `head: {kind: direct, gather: attention}`.",
        "ko": "이 예측은 채널마다 과거를 선형으로 더한 것이라, 보여 줄 어텐션이 없습니다. 과거를 어텐션으로 보려면 "
        "`encoder: {kind: patches}`와 `head: {kind: direct, gather: attention}`로 학습시키세요.",
    },
}


class ForecastNumbers(Protocol):
    """What the numbers of a forecast mean, in a batch and in the standardized series."""

    def standardized(self, found: Tensor) -> Tensor:
        """ForecastNumbers (B, H, C, Q) of a batch in the units of the standardized series."""
        ...

    def batch_units(self, values: Tensor) -> Tensor:
        """Standardized values (B, H, C) in the units of the batch."""
        ...

    def path(self, found: Tensor) -> Tensor:
        """The path (B, H, C) of numbers (B, H, C, Q)."""
        ...


@dataclass(frozen=True)
class RescorableForecast:
    """A forecast; a part is a patch of its steps, whose score falls as the forecast moves away from what it was."""

    measure: ClassVar[Measure] = "distance"
    name: str
    prediction: ForecastPrediction
    values: Tensor  # (1, H, C), standardized
    numbers: ForecastNumbers
    patch: int  # steps of a part
    attends: bool  # whether parts attend to the inputs
    reads_states: bool = True  # of the encoder; otherwise it is a map of the past alone
    count: int = 1
    part_at: None = None  # steps stand nowhere in an image
    steps: None = None  # nothing is searched for

    @property
    def first_steps(self) -> list[int]:
        """The number of the first step of each part, from 1."""
        return list(range(1, self.values.shape[1] + 1, self.patch))

    def rescore(self, decoder: ForecastDecoder, memories: Memories, answer: int) -> Tensor:
        """How far each part is from the forecast, less than zero: mean absolute distances (N,), standardized.

        Args:
            decoder: The model's head for this output.
            memories: The memories of the inputs.
            answer: The number of the answer, 0.

        Returns:
            (N,).
        """
        values = self.values.to(memories.joined.states.device)
        found = self.numbers.standardized(decoder.follow(memories, self.numbers.batch_units(values)))
        apart = (self.numbers.path(found) - values).abs().mean(2)[0]  # (H,)
        return -torch.stack([part.mean() for part in apart.split(self.patch)])

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        """The forecast as JSON; its score is how far it is from itself, 0."""
        answer = {**self.prediction.to_json(), "score": float(scores[0].mean())}
        return {"name": self.name, "kind": "forecast", "answers": [answer]}

    @property
    def axes(self) -> AnswerAxes | None:
        """The first step of each part; a linear map has no attention."""
        return AnswerAxes(self.queries, self.past) if self.attends else None

    def queries(self, answer: int) -> Axis:
        """The parts, by their first step."""
        return token_axis("output", self.name, [f"+{step}" for step in self.first_steps])

    def past(self, answer: int) -> Axis:
        """What a decoder has read before each part: its own begin, then the parts before."""
        labels = ["now", *(f"+{step}" for step in self.first_steps[:-1])]
        return token_axis("output", self.name, labels, first=-1)

    def part_of(self, answer: int, query: int) -> int:
        """The part that a query answers for; DataError if there is none."""
        return part_required(query, len(self.first_steps), "part of the forecast")

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """The score of a part, or the mean of all if `part` is None."""
        return scores.mean() if part is None else scores[part]

    def part_name(self, answer: int, part: int) -> Bilingual:
        """The first step of a part."""
        step = self.first_steps[part]
        return Bilingual(f"the forecast from step +{step}", f"+{step}부터의 예측")

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        """Why there is no attention to the inputs to show: the head is linear."""
        return LINEAR if self.reads_states else PAST_ALONE
