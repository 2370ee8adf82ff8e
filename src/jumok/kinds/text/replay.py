"""The texts of a search, which can be rescored under recording."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from jumok.data.text.specials import BOS, SPECIALS
from jumok.kinds.axes import Axis, token_axis
from jumok.kinds.replay import AnswerAxes, Bilingual, Measure, part_required
from jumok.search.scoring import log_probabilities
from jumok.search.tracing import LiveHypothesis
from jumok.values import Memories, TextPrediction


@dataclass(frozen=True)
class RescorableTexts:
    """The texts of a search; a part is a token, its score a log-probability given those before it."""

    measure: ClassVar[Measure] = "log-probability"
    name: str
    answers: tuple[TextPrediction, ...]
    tokens: tuple[tuple[int, ...], ...]  # of each answer, as the decoder writes them, end mark included
    pieces: tuple[tuple[str, ...], ...]  # the same, readable
    forbidden_tokens: tuple[int, ...]  # never written
    courses: list[list[LiveHypothesis]]  # hypotheses of each step
    to_pieces: Callable[[list[int]], list[str]]
    backwards: bool = False  # the last token of a text is written first
    part_at: None = None  # tokens stand nowhere in an image

    @property
    def count(self) -> int:
        """The number of answers."""
        return len(self.answers)

    def rescore(self, decoder: Any, memories: Memories, answer: int) -> Tensor:
        """Log-probabilities (T,) of an answer's tokens, given the tokens before them (teacher forcing).

        Args:
            decoder: The model's decoder.
            memories: The memories of the inputs.
            answer: The number of the answer.

        Returns:
            One log-probability for each token, the end included.
        """
        written = torch.tensor(self.tokens[answer], device=memories.joined.states.device)  # (T,)
        read = torch.cat((written.new_tensor([BOS]), written[:-1]))
        logits = decoder(read[None], memories.joined)[0]  # (T, V)
        return log_probabilities(logits, self.forbidden_tokens).gather(1, written[:, None]).squeeze(1)

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        """The answers with tokens and log-probabilities as JSON."""
        answers = [
            {
                "text": one.text,
                "score": one.score,
                "tokens": list(pieces),
                "log_probabilities": found.tolist(),
            }
            for one, pieces, found in zip(self.answers, self.pieces, scores, strict=True)
        ]
        return {"name": self.name, "kind": "text", "answers": answers}

    @property
    def axes(self) -> AnswerAxes:
        """The tokens of each answer along queries and keys."""
        return AnswerAxes(self.queries, self.past)

    def queries(self, answer: int) -> Axis:
        """The tokens that are written."""
        return token_axis("output", self.name, self.pieces[answer], backwards=self.backwards)

    def past(self, answer: int) -> Axis:
        """The decoder has read the begin mark, and then all but the last token."""
        read = (SPECIALS[BOS], *self.pieces[answer][:-1])
        return token_axis("output", self.name, read, first=-1, backwards=self.backwards)

    def part_of(self, answer: int, query: int) -> int:
        """The token that a query predicts; DataError if there is none."""
        return part_required(query, len(self.tokens[answer]), "token")

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """The log-probability of a token, or the sum of all if `part` is None."""
        return scores.sum() if part is None else scores[part]

    def part_name(self, answer: int, part: int) -> Bilingual:
        """The token's number, from 1, and its text."""
        what = f"{part + 1} {self.pieces[answer][part]!r}"
        return Bilingual(f"token {what}", f"토큰 {what}")

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The hypotheses that beam search kept at each step, as JSON."""
        return [{"beams": [self.told(one) for one in beams]} for beams in self.courses]

    def told(self, one: LiveHypothesis) -> dict[str, Any]:
        """One hypothesis with tokens, log-probability and parent, as JSON."""
        about = {"tokens": self.to_pieces(one.tokens), "score": one.log_probability}
        return {**about, "parent": one.parent if len(one.tokens) > 1 else None, "chosen": one.chosen}

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        """Why there is no attention to show: the decoder reads a summary vector."""
        return {
            "reason": "bottleneck",
            "text": {
                "en": "This decoder has no attention: it reads one summary vector that the encoder made of the whole "
                "input, and never looks back at single tokens.",
                "ko": "이 디코더에는 어텐션이 없어, 인코더가 입력 전체를 요약한 벡터 하나만 읽고 "
                "토큰 하나하나를 다시 보지 않습니다.",
            },
        }
