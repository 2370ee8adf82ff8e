"""Map each hypothesis of a search to its batch row at every step.

A search moves hypotheses: a beam continues from few of its rows, finished sources are removed. What was recorded at a
step is in rows of that step; a trace says which hypothesis each row belongs to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jumok.attention.maps import AttentionMap
from jumok.errors import RunError
from jumok.search.protocol import Search, SearchRequest
from jumok.search.scoring import log_probabilities
from jumok.values import Decoder, Hypothesis, Memory, State
from jumok.wording import quantity, verb


class Step(NamedTuple):
    """The rows of one step, when they read their last token."""

    sources: Tensor  # (R,), numbers in the batch
    parents: Tensor  # (R,), rows of the step before
    tokens: Tensor  # (R, t), said so far: none at the first step
    log_probability: Tensor  # (R,), of what was said


class LiveHypothesis(NamedTuple):
    """A hypothesis that is not finished."""

    tokens: list[int]  # said so far
    log_probability: float
    parent: int  # its place among those of the step before
    chosen: bool  # it became the answer that is asked for


class TracedState(NamedTuple):
    """The state of a decoder, with the source and tokens of each row."""

    state: State
    sources: Tensor  # (B,)
    rows: Tensor  # (R,), of the step before
    tokens: Tensor  # (R, t), said before the next one
    log_probability: Tensor  # (R,)
    logits: Tensor | None  # (R', V) of the step before; None before the first

    def select(self, rows: Tensor, sources: Tensor | None) -> "TracedState":
        """Keep hypotheses `rows` (R',) and sources `sources` (B',); None: all of them, as they stand."""
        return TracedState(
            self.state.select(rows, sources),
            self.sources if sources is None else self.sources.index_select(0, sources),
            self.rows.index_select(0, rows),
            self.tokens.index_select(0, rows),
            self.log_probability.index_select(0, rows),
            self.logits,
        )


class TracedDecoder:
    """A decoder that records at every step the tokens of each row."""

    def __init__(self, decoder: Decoder, forbidden_tokens: tuple[int, ...] = ()) -> None:
        self.decoder, self.forbidden_tokens = decoder, forbidden_tokens
        self.steps: list[Step] = []

    def start(self, memory: Memory) -> TracedState:
        """The initial state of a batch, in which each row is its own source."""
        sources = torch.arange(len(memory.states), device=memory.states.device)
        certain = torch.zeros(len(sources), device=sources.device)
        return TracedState(
            self.decoder.start(memory), sources, sources, sources[:, None][:, :0], certain, None
        )

    def step(self, token: Tensor, state: Any) -> tuple[Tensor, TracedState]:
        """Take one step of the wrapped decoder and record which source each row belongs to."""
        tokens, log_probability = state.tokens, state.log_probability
        if state.logits is not None:  # before the first step, the token is the begin mark
            tokens = torch.cat([tokens, token[:, None]], dim=1)
            gains = log_probabilities(state.logits.index_select(0, state.rows), self.forbidden_tokens)
            log_probability = log_probability + gains.gather(1, token[:, None]).flatten()
        sources = state.sources.repeat_interleave(len(token) // len(state.sources))
        self.steps.append(Step(sources, state.rows, tokens, log_probability))
        logits, after = self.decoder.step(token, state.state)
        rows = torch.arange(len(token), device=token.device)
        return logits, TracedState(after, state.sources, rows, tokens, log_probability, logits)


@dataclass(frozen=True)
class SearchTrace:
    """The trace of a search over one batch."""

    steps: list[Step]
    answers: list[list[Hypothesis]]  # of each source, best first
    limits: list[int]  # the most tokens of each source's answers
    bos: int
    eos: int

    def tokens_of(self, source: int, rank: int = 0) -> list[int]:
        """All tokens of an answer, with the end mark if it has one."""
        tokens = self.answers[source][rank].tokens
        return [*tokens, self.eos] if len(tokens) < self.limits[source] else tokens

    def read(self, source: int, rank: int = 0) -> list[int]:
        """The tokens that the decoder read to write an answer: the begin mark, and all tokens but the last."""
        return [self.bos, *self.tokens_of(source, rank)[:-1]]

    def rows(self, source: int, rank: int = 0) -> list[int]:
        """The row of an answer at each step; at step t it writes token t."""
        said = self.tokens_of(source, rank)
        return [find_row(self.steps[t], source, said[:t]) for t in range(len(said))]

    def weights(self, calls: Sequence[AttentionMap], head: int, source: int, rank: int = 0) -> Tensor:
        """The attention weights of one head for each token of an answer.

        Args:
            calls: The calls of one module in this search: `maps.all(name)` of a recording that saw this search only.
            head: Index of the head.
            source: Index of the source.
            rank: Rank of the answer, 0 for the best.

        Returns:
            The weights (T, S).

        Raises:
            RunError: If there is not one call for each step.
        """
        if len(calls) != len(self.steps):
            raise RunError(
                f"the search took {quantity(len(self.steps), 'step')}, but {quantity(len(calls), 'call')} "
                f"{verb(len(calls), 'was', 'were')} given; record one search at a "
                "time (maps.clear() before each), and give maps.all(name) of a module of the decoder"
            )
        return along(calls, self.rows(source, rank), head)

    def living(self, source: int, rank: int = 0) -> list[list[LiveHypothesis]]:
        """The live hypotheses of a source after each step, in the order of the search.

        A finished answer is no longer live: it is in `answers`.
        """
        # places: of rows, among those of their step
        said, told, places = self.tokens_of(source, rank), [], {0: 0}
        for step in self.steps[1:]:
            going = [row for row in range(len(step.sources)) if self.is_live(step, row, source)]
            beams = []
            for row in going:
                tokens = step.tokens[row].tolist()
                parent = places.get(int(step.parents[row]), 0)
                chosen = tokens == said[: len(tokens)]
                beams.append(LiveHypothesis(tokens, float(step.log_probability[row]), parent, chosen))
            if beams:
                told.append(beams)
            places = {row: place for place, row in enumerate(going)}
        return told

    def beam_history(self, source: int, rank: int = 0) -> list[list[LiveHypothesis]]:
        """Like `living`, with the answers that finished at each step after the live hypotheses."""
        told = self.living(source, rank)
        for number, answer in enumerate(self.answers[source]):
            said = self.tokens_of(source, number)
            told.extend([] for _ in range(len(said) - len(told)))
            before = [one.tokens for one in told[len(said) - 2]] if len(said) > 1 else [[]]
            parent = before.index(said[:-1])
            told[len(said) - 1].append(LiveHypothesis(said, answer.log_probability, parent, number == rank))
        return told

    def is_live(self, step: Step, row: int, source: int) -> bool:
        """Whether a row holds a live hypothesis of a source, not a filler or a finished one.

        Args:
            step: The step.
            row: The row.
            source: Index of the source.

        Returns:
            Whether it does.
        """
        possible = int(step.sources[row]) == source and float(step.log_probability[row]) > -torch.inf
        return possible and self.eos not in step.tokens[row].tolist()


@dataclass(frozen=True)
class TracedSearch:
    """A search that keeps a `SearchTrace` of every batch, in their order."""

    search: Search
    forbidden_tokens: tuple[int, ...] = ()  # those of the search, for log-probabilities like its own
    traces: list[SearchTrace] = field(default_factory=list)

    def __call__(self, decoder: Decoder, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        """Return the answers of each source, as the search does."""
        following = TracedDecoder(decoder, self.forbidden_tokens)
        answers = self.search(following, memory, request)
        limits = request.limits(memory).tolist()
        self.traces.append(SearchTrace(following.steps, answers, limits, request.bos, request.eos))
        return answers


def find_row(step: Step, source: int, said: Sequence[int]) -> int:
    """Find the row of a hypothesis.

    Args:
        step: The step.
        source: Index of the source.
        said: Tokens of the hypothesis.

    Returns:
        The first row that belongs to the source and has these tokens.

    Raises:
        RunError: If there is none.
    """
    wanted = torch.tensor(said, dtype=step.tokens.dtype, device=step.tokens.device)
    if step.tokens.shape[1] == len(wanted):
        found = ((step.sources == source) & (step.tokens == wanted).all(1)).nonzero()
        if len(found):
            return int(found[0])
    raise RunError(
        f"no hypothesis of source {source} had said {list(said)} at step {len(said)} of this search"
    )


def along(calls: Sequence[AttentionMap], rows: Sequence[int], head: int) -> Tensor:
    """The attention weights of one head, seen from row `rows[t]` at step t.

    Hypotheses are examples of a call, or queries side by side in the example of their source. Keys of later steps,
    as in self-attention of a decoder, have weight zero.

    Args:
        calls: The calls of one module, one for each step.
        rows: The row at each step.
        head: Index of the head.

    Returns:
        The weights (T, S).
    """
    looks = []
    for call, row in zip(calls, rows, strict=False):  # a search goes on, with other answers
        example, query = divmod(row, call.shape[2])
        looks.append(call[example, head, query])
    whole = looks[0].new_zeros(len(looks), max(len(look) for look in looks))
    for t, look in enumerate(looks):
        whole[t, : len(look)] = look
    return whole
