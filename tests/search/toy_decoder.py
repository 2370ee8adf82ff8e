"""A small random decoder for the tests of search: logits depend on all tokens so far and on the memory."""

from dataclasses import dataclass

import torch
from torch import Tensor

from jumok.values import Memory

BOS, EOS, VOCABULARY, WIDTH = 0, 1, 7, 5


@dataclass
class ToyState:
    """A part that belongs to sources (B, D) and one that belongs to hypotheses (R, D)."""

    source: Tensor
    hidden: Tensor

    def select(self, rows: Tensor, sources: Tensor | None) -> "ToyState":
        if sources is None:
            sources = torch.arange(len(self.source))
        state = ToyState(self.source[sources], self.hidden[rows])
        times = len(rows) // len(sources)
        assert len(rows) == times * len(sources)
        before = rows // (len(self.hidden) // len(self.source))
        assert torch.equal(before, sources.repeat_interleave(times)), "a hypothesis moved to another source"
        return state


class ToyDecoder:
    """h' = tanh(h A + token E + source S), logits = h' W * sharpness; float64, so that ties do not happen.

    `rows` counts the hypotheses of every step.
    """

    def __init__(self, vocabulary: int = VOCABULARY, seed: int = 0, sharpness: float = 2.0) -> None:
        draw = torch.Generator().manual_seed(seed)

        def matrix(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=draw, dtype=torch.float64)

        self.carry, self.read = matrix(WIDTH, WIDTH), matrix(WIDTH, WIDTH)
        self.embedding, self.out = matrix(vocabulary, WIDTH), sharpness * matrix(WIDTH, vocabulary)
        self.dtype = torch.float64
        self.rows: list[int] = []

    def start(self, memory: Memory) -> ToyState:
        return ToyState(memory.summary, torch.zeros_like(memory.summary))

    def step(self, token: Tensor, state: ToyState) -> tuple[Tensor, ToyState]:
        assert token.shape == state.hidden.shape[:1]
        self.rows.append(len(token))
        source = state.source.repeat_interleave(len(token) // len(state.source), dim=0)
        mixed = state.hidden @ self.carry + self.embedding[token] + source @ self.read
        state = ToyState(state.source, mixed.tanh())
        return (state.hidden @ self.out).to(self.dtype), state


def toy_memory(sources: int, seed: int = 0) -> Memory:
    draw = torch.Generator().manual_seed(seed)
    summary = torch.randn(sources, WIDTH, generator=draw, dtype=torch.float64)
    return Memory(summary[:, None], torch.ones(sources, 1, dtype=torch.bool), summary)


def one_source(memory: Memory, number: int) -> Memory:
    return Memory(*(part[number : number + 1] for part in memory[:3]))


def rescore(
    decoder: ToyDecoder, memory: Memory, tokens: list[int], ends: bool, banned: tuple[int, ...] = ()
) -> float:
    """The log-probability of tokens after one source, step by step."""
    state, total, before = decoder.start(memory), 0.0, BOS
    for token in [*tokens, EOS] if ends else tokens:
        logits, state = decoder.step(torch.tensor([before]), state)
        logits[:, list(banned)] = -torch.inf
        total += logits.log_softmax(-1)[0, token].item()
        before = token
    return total
