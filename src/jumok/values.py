"""What travels between the rooms.

One alphabet for shapes in the whole package: `B` batch, `T` target positions, `S` source positions, `D` width,
`H` heads, `K` width of one head, `V` vocabulary, `R` hypotheses (rows of a search), `L` any length.
A mask is boolean, and True means "may be looked at".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

import torch
from torch import Tensor


class Padded(NamedTuple):
    """Sequences of different lengths in one tensor."""

    values: Tensor  # (B, L) token numbers, or (B, L, C) measurements
    valid: Tensor  # (B, L), True on real positions

    def to(self, device: torch.device) -> "Padded":
        return Padded(self.values.to(device), self.valid.to(device))


class Memory(NamedTuple):
    """What an encoder leaves for a decoder."""

    states: Tensor  # (B, S, D)
    valid: Tensor  # (B, S), True on real positions
    summary: Tensor  # (B, D), the whole source in one vector


class State(Protocol):
    """What a decoder carries from one step to the next, for every hypothesis of a search."""

    def select(self, rows: Tensor, sources: Tensor) -> Self:
        """Keep hypotheses `rows` (R',) and sources `sources` (B',), in this order, possibly repeated.

        Hypotheses stand source by source, the same number for each: row r belongs to source r // (R' / B').
        """
        ...


class Decoder(Protocol):
    """What a search needs of a decoder: to start from a memory, and to take one token a step."""

    def start(self, memory: Memory) -> State:
        """The state before the first token, one hypothesis for each source (R = B)."""
        ...

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        """Read token (R,) and give the logits of the next one (R, V), with the state after it."""
        ...


class Hypothesis(NamedTuple):
    """One answer of a search."""

    tokens: list[int]  # without begin and end marks
    score: float  # what the search ranks by: log-probability over length ** length_penalty
    log_probability: float  # sum over the tokens, end mark included


@dataclass(frozen=True)
class TextPrediction:
    """A text that was predicted, with the other candidates of the search, best first."""

    text: str
    score: float
    alternatives: tuple["TextPrediction", ...] = field(default=())

    def __str__(self) -> str:
        return self.text

    def describe(self) -> dict[str, object]:
        """What a JSON document says of it: text, score, and n-best with the best first."""
        candidates = [{"text": self.text, "score": self.score}]
        candidates += [{"text": other.text, "score": other.score} for other in self.alternatives]
        return {"text": self.text, "score": self.score, "n_best": candidates}


@dataclass(frozen=True)
class Prediction:
    """What a model answers to one example: a value for each of its outputs, by name."""

    outputs: Mapping[str, TextPrediction]

    def __getitem__(self, name: str) -> TextPrediction:
        return self.outputs[name]

    @property
    def text(self) -> str:
        """The text of the only output (of several, one a line)."""
        return "\n".join(value.text for value in self.outputs.values())

    def __str__(self) -> str:
        return self.text
