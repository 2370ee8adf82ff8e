"""Greedy search: the most probable token, step after step."""

from dataclasses import dataclass

from torch import Tensor

from jumok.search.generate import generate
from jumok.search.protocol import SearchRequest, require_tokens
from jumok.values import Decoder, Hypothesis, Memory


@dataclass(frozen=True)
class Greedy:
    """One answer for each source, of which every token is the most probable one.

    The score is the log-probability over the length (end mark counted), as by default in beam search, and the
    answer is that of a beam of one.
    """

    forbidden_tokens: tuple[int, ...] = ()  # tokens that are never written

    def __post_init__(self) -> None:
        require_tokens(self.forbidden_tokens)

    def __call__(self, decoder: Decoder, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        return generate(decoder, memory, request, most_probable, banned=self.forbidden_tokens)


def most_probable(log_probability: Tensor, walkers: Tensor, step: int) -> Tensor:
    return log_probability.argmax(-1)
