"""Beam search: the best few hypotheses of each source, all sources in one batch."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from jumok.search.protocol import SearchRequest, require, require_tokens
from jumok.search.scoring import chunks, log_probabilities, normalized
from jumok.values import Decoder, Hypothesis, Memory


class Beam(NamedTuple):
    """The live hypotheses of the sources that are not finished, best first; N of them for each source.

    A source with fewer than N hypotheses is filled up with log-probability -inf.
    """

    sources: Tensor  # (B,), numbers in the batch that was asked for
    limits: Tensor  # (B,)
    finished: Tensor  # (B, beam), the best scores of finished hypotheses, falling; -inf where there is none
    log_probability: Tensor  # (B, N)
    tokens: Tensor  # (B, N, T), begin mark included


class Candidates(NamedTuple):
    """Continuations, best first; C of them for each source."""

    log_probability: Tensor  # (B, C)
    parents: Tensor  # (B, C), which living hypothesis each one continues
    tokens: Tensor  # (B, C), with which token


@dataclass(frozen=True)
class BeamSearch:
    """Up to `best` answers for each source, ranked by log-probability / length ** length_penalty.

    The length counts the end mark; a penalty of 0 ranks by probability alone. A step looks at the best
    2 * beam continuations of a source: those that end, if among the first `beam`, are finished; the first
    `beam` others live on. A source is done, and leaves the state, when `beam` hypotheses are finished and no
    living one, at its present length, scores more than the worst of the best `beam` finished ones. So a beam
    of 1 is greedy search.
    """

    beam: int = 5
    length_penalty: float = 1.0
    best: int = 1
    forbidden_tokens: tuple[int, ...] = ()  # tokens that are never written

    def __post_init__(self) -> None:
        require(self.beam >= 1, "beam", "1 or more", self.beam)
        require(0 <= self.length_penalty < float("inf"), "length_penalty", "0 or more", self.length_penalty)
        require(1 <= self.best <= self.beam, "best", f"between 1 and the beam of {self.beam}", self.best)
        require_tokens(self.forbidden_tokens)

    def __call__(self, decoder: Decoder, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        """Give the best answers of each source, best first; see `Search`."""
        limits, eos = request.limits(memory), request.eos
        answers: list[list[Hypothesis]] = [[] for _ in limits]
        state, beam, length = decoder.start(memory), start_beam(limits, request.bos, self.beam), 0
        while len(beam.sources):
            length += 1
            logits, state = decoder.step(beam.tokens[:, :, -1].flatten(), state)
            candidates = self.continuations(beam, logits)
            scores = normalized(candidates.log_probability, length, self.length_penalty)
            ends, lives = self.split_ended(candidates, eos)
            closing = ends | (lives & (beam.limits <= length)[:, None])
            collect_hypotheses(answers, beam, candidates, scores, closing, eos)
            beam = self.add_finished(beam, scores.masked_fill(~closing, -torch.inf))
            hopeful = scores.masked_fill(~lives, -torch.inf).amax(1) > beam.finished[:, -1]
            kept = (hopeful & (beam.limits > length)).nonzero().flatten()  # (B',)
            beam, rows = self.advance(beam, candidates, lives, kept)
            if len(kept):
                state = state.select(rows, None if len(kept) == len(scores) else kept)
        for hypotheses in answers:
            hypotheses.sort(key=lambda hypothesis: -hypothesis.score)
        return [hypotheses[: self.best] for hypotheses in answers]

    def continuations(self, beam: Beam, logits: Tensor) -> Candidates:
        """The best 2 * beam continuations of each source, or all, by the logits (B * N, V) of the next."""
        # No source has use for more tokens than that after one hypothesis: the sums are over these only.
        count = min(2 * self.beam, logits.shape[-1])
        best = [log_probabilities(part, self.forbidden_tokens).topk(count) for part in chunks(logits)]
        gains, tokens = (torch.cat(parts) for parts in zip(*best, strict=True))  # (B * N, count)
        totals = (beam.log_probability.view(-1, 1) + gains).view(len(beam.sources), -1)
        log_probability, places = totals.topk(min(2 * self.beam, totals.shape[1]))
        parents = places.div(count, rounding_mode="floor")
        return Candidates(log_probability, parents, tokens.view_as(totals).gather(1, places))

    def split_ended(self, candidates: Candidates, eos: int) -> tuple[Tensor, Tensor]:
        """Which candidates (B, C) end a hypothesis, and which live on."""
        possible = candidates.log_probability > -torch.inf
        ends = candidates.tokens == eos
        ranks = torch.arange(ends.shape[1], device=ends.device)
        lives = possible & ~ends & ((~ends).cumsum(1) <= self.beam)
        return possible & ends & (ranks < self.beam), lives

    def add_finished(self, beam: Beam, scores: Tensor) -> Beam:
        """The beam with more finished hypotheses, given their scores (B, C)."""
        return beam._replace(finished=torch.cat([beam.finished, scores], dim=1).topk(self.beam).values)

    def advance(self, beam: Beam, candidates: Candidates, lives: Tensor, kept: Tensor) -> tuple[Beam, Tensor]:
        """The beam after one step.

        Args:
            beam: The beam before it.
            candidates: The continuations (B, C).
            lives: Which of them live on (B, C).
            kept: Indices of the sources that are not finished (B',).

        Returns:
            The new beam, and the rows of the decoder's state that its hypotheses continue.
        """
        living = candidates.log_probability.masked_fill(~lives, -torch.inf)[kept]
        log_probability, places = living.topk(min(self.beam, living.shape[1]))  # (B', N')
        parents = candidates.parents[kept].gather(1, places)
        tokens = candidates.tokens[kept].gather(1, places)
        history = torch.cat([beam.tokens[kept[:, None], parents], tokens[:, :, None]], dim=2)
        rows = kept[:, None] * beam.tokens.shape[1] + parents
        after = Beam(beam.sources[kept], beam.limits[kept], beam.finished[kept], log_probability, history)
        return after, rows.flatten()


def start_beam(limits: Tensor, bos: int, size: int) -> Beam:
    """The initial beam: one empty hypothesis for each source.

    Args:
        limits: The most tokens of each source (B,).
        bos: The begin mark.
        size: Hypotheses per source.

    Returns:
        The beam.
    """
    sources = torch.arange(len(limits), device=limits.device)
    certain = torch.zeros(len(limits), 1, device=limits.device)
    nothing = torch.full((len(limits), size), -torch.inf, device=limits.device)
    return Beam(sources, limits, nothing, certain, torch.full_like(sources, bos)[:, None, None])


def collect_hypotheses(
    answers: list[list[Hypothesis]],
    beam: Beam,
    candidates: Candidates,
    scores: Tensor,
    closing: Tensor,
    eos: int,
) -> None:
    """Add finished candidates to the answers, and those that reach the limit.

    Args:
        answers: The answers of each source, extended in place.
        beam: The beam.
        candidates: The continuations (B, C).
        scores: Their scores (B, C).
        closing: Which of them are complete (B, C).
        eos: The end mark.
    """
    places, ranks = closing.nonzero(as_tuple=True)
    rows = zip(
        beam.sources[places].tolist(),
        beam.tokens[places, candidates.parents[places, ranks], 1:].tolist(),
        candidates.tokens[places, ranks].tolist(),
        scores[places, ranks].tolist(),
        candidates.log_probability[places, ranks].tolist(),
        strict=True,
    )
    for source, said, token, score, total in rows:
        answers[source].append(Hypothesis(said if token == eos else [*said, token], score, total))
