"""Texts that are likely wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jumok.data.tables.rows import clean
from jumok.data.text.specials import BANNED, BOS
from jumok.kinds.mistakes import AnnotatedBatch
from jumok.kinds.text.codec import TextOutputCodec
from jumok.metrics.mistakes.disagreement import Disagreement
from jumok.metrics.mistakes.texts import text_disagreement
from jumok.search.scoring import log_probabilities
from jumok.values import Memory


class RatedText(NamedTuple):
    """A text beside the model's own answer."""

    given: str
    predicted: str
    likelihood: float  # mean log-probability of a token of the annotated text
    best: float  # that of the answer


@dataclass(frozen=True)
class TextMistakes:
    """Texts that the model holds less likely than its own answer."""

    codec: TextOutputCodec

    def rate(self, decoder: Any, batch: AnnotatedBatch) -> list[RatedText]:
        """Texts with their log-probabilities; see `MistakeFinder`."""
        answers = [value.text for value in batch.predicted]
        given = [clean(cell) for cell in batch.cells]
        likelihoods = self.mean_log_probabilities(decoder, batch.memories.joined, given)
        best = self.mean_log_probabilities(decoder, batch.memories.joined, answers)
        return [RatedText(*row) for row in zip(given, answers, likelihoods, best, strict=True)]

    def mean_log_probabilities(self, decoder: Any, memory: Memory, texts: Sequence[str]) -> list[float]:
        """The mean log-probability of the tokens of each text, end mark included, by teacher forcing."""
        target = self.codec.collate(self.codec.tokens(texts)).to(memory.states.device)
        begin = target.values.new_full((len(texts), 1), BOS)
        logits: Tensor = decoder(torch.cat((begin, target.values[:, :-1]), dim=1), memory)  # (B, T, V)
        scores = log_probabilities(logits.flatten(0, 1), BANNED).gather(1, target.values.flatten()[:, None])
        kept = scores.view_as(target.values).masked_fill(~target.valid, 0.0)  # (B, T)
        means: list[float] = (kept.sum(1) / target.valid.sum(1)).tolist()
        return means

    def usual(self, rated: Sequence[RatedText]) -> None:
        """Nothing: the model's own answer is what a text is measured by."""

    def find(self, rated: RatedText, usual: None = None) -> list[Disagreement]:
        """Whether the text is far from the answer."""
        found = text_disagreement(rated.given, rated.predicted, rated.likelihood, rated.best)
        return [] if found is None else [found]
