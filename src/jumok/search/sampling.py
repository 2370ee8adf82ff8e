"""Sampling: random tokens by their probabilities; the same seed gives the same answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jumok.search.generate import generate
from jumok.search.protocol import SearchRequest, require, require_tokens
from jumok.values import Decoder, Hypothesis, Memory
from jumok.wording import quantity

UNIFORMS_PER_DRAW = 64  # uniform numbers drawn at once for each walker


@dataclass(frozen=True)
class Sampling:
    """`samples` answers for each source, with tokens drawn from softmax(logits / temperature).

    `top_k` keeps the k most probable tokens (Fan et al., 2018); `top_p` then keeps the fewest that hold a share p of
    the rest (Holtzman et al., 2020). A token that ties with the last one kept is kept too. Each (source, sample) has
    its own stream of uniform numbers and uses the t-th for its t-th token: an answer depends on the seed and on the
    index of the source in the whole job, not on its batch. Log-probability and score are the model's own, whatever
    the temperature and the filters; the score is the log-probability divided by the length, end mark counted.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    samples: int = 1
    seed: int = 0
    forbidden_tokens: tuple[int, ...] = ()  # tokens that are never written

    def __post_init__(self) -> None:
        require(0 < self.temperature < float("inf"), "temperature", "above 0 and finite", self.temperature)
        require(self.top_k is None or self.top_k >= 1, "top_k", "1 or more", self.top_k)
        require(self.top_p is None or 0 < self.top_p <= 1, "top_p", "above 0 and at most 1", self.top_p)
        require(self.samples >= 1, "samples", "1 or more", self.samples)
        require(0 <= self.seed < 2**64, "seed", "between 0 and 2**64 - 1", self.seed)
        require_tokens(self.forbidden_tokens)

    def __call__(self, decoder: Decoder, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        """Give the samples of each source, best first; see `Search`."""
        numbers = range(len(memory.states)) if request.example_ids is None else request.example_ids
        if len(numbers) != len(memory.states):
            raise ValueError(
                f"{quantity(len(memory.states), 'source')} need as many numbers; got {len(numbers)}"
            )
        uniforms = Uniforms(self.seed, numbers, self.samples)

        def draw(log_probability: Tensor, walkers: Tensor, step: int) -> Tensor:
            uniform = uniforms.at(step).to(walkers.device)[walkers]
            return inverse_cdf(self.weights(log_probability), uniform)

        return generate(decoder, memory, request, draw, self.samples, self.forbidden_tokens)

    def weights(self, log_probability: Tensor) -> Tensor:
        """Unnormalized probabilities (R, V) to draw from: zero outside top_k and top_p."""
        # The best token is at zero, so that even the smallest temperature divides without an overflow.
        logits = (log_probability - log_probability.amax(-1, keepdim=True)) / self.temperature
        if self.top_k is not None and self.top_k < logits.shape[-1]:
            lowest = logits.topk(self.top_k).values[:, -1:]
            logits = logits.masked_fill(logits < lowest, -torch.inf)
        if self.top_p is not None and self.top_p < 1:
            logits = logits.masked_fill(logits < nucleus_edge(logits, self.top_p), -torch.inf)
        return logits.exp()


class Uniforms:
    """One uniform number for each (sequence, step), from the Philox stream of (seed, source index, sample).

    Philox streams with another key or another high word of the counter never overlap. Sequence w is sample w %
    samples of source w // samples.
    """

    def __init__(self, seed: int, numbers: Sequence[int], samples: int) -> None:
        self.generators = [
            np.random.Generator(
                np.random.Philox(key=as_uint64(seed, number), counter=as_uint64(0, 0, sample, 0))
            )
            for number in numbers
            for sample in range(samples)
        ]
        self.block, self.drawn = torch.empty(0), 0

    def at(self, step: int) -> Tensor:
        """The numbers (R,) of a step; steps must be asked for in order."""
        while step >= self.drawn:
            block = np.stack([generator.random(UNIFORMS_PER_DRAW) for generator in self.generators], axis=1)
            self.block, self.drawn = torch.from_numpy(block), self.drawn + UNIFORMS_PER_DRAW
        return self.block[step % UNIFORMS_PER_DRAW]


def as_uint64(*values: int) -> np.ndarray:
    """Integers as an array of unsigned 64-bit words."""
    return np.array(values, dtype=np.uint64)


def inverse_cdf(weights: Tensor, uniform: Tensor) -> Tensor:
    """Draw tokens (R,) in proportion to weights (R, V), given one uniform number (R,) in [0, 1) each."""
    # In float64: in float32 the sum over a large vocabulary swallows its rare tokens, and the largest uniform
    # number times the sum rounds up to the sum, behind the last token.
    cumulated = weights.cumsum(-1, dtype=torch.float64)  # (R, V)
    aim = uniform[:, None] * cumulated[:, -1:]
    return torch.searchsorted(cumulated, aim, right=True).flatten()


def nucleus_edge(logits: Tensor, share: float) -> Tensor:
    """The lowest logit (R, 1) of the nucleus: the fewest tokens that hold a share of softmax(logits) (R, V)."""
    size, whole = logits.shape[-1], logits.logsumexp(-1, keepdim=True)
    count = min(64, size)
    while True:  # A few tokens nearly always do: no sort of the whole vocabulary.
        best = logits.topk(count).values  # (R, count), falling
        mass = (best - whole).exp().cumsum(-1)
        if count == size or bool((mass[:, -1] >= share).all()):
            break
        count = min(8 * count, size)
    last = (mass < share).sum(-1, keepdim=True).clamp(max=count - 1)
    return best.gather(1, last)
