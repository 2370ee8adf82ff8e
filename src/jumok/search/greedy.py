"""Greedy search: the most probable token at every step."""

from dataclasses import dataclass

from torch import Tensor

from jumok.search.generate import generate
from jumok.search.protocol import SearchRequest, require_tokens
from jumok.values import Decoder, Hypothesis, Memory


@dataclass(frozen=True)
class Greedy:
    """One answer for each source: the most probable token at every step.

    The score is the log-probability divided by the length (end mark counted), as by default in beam search; the
    answer equals that of a beam of one.
    """

    forbidden_tokens: tuple[int, ...] = ()  # tokens that are never written

    def __post_init__(self) -> None:
        require_tokens(self.forbidden_tokens)

    def __call__(self, decoder: Decoder, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        return generate(decoder, memory, request, most_probable, banned=self.forbidden_tokens)


def most_probable(log_probability: Tensor, walkers: Tensor, step: int) -> Tensor:
    """The most probable token of each row; `walkers` and `step` are not used."""
    return log_probability.argmax(-1)
