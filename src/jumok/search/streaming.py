"""Tell the tokens of an answer while it is searched for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jumok.search.protocol import Search, SearchRequest
from jumok.values import Decoder, Hypothesis, Memory, State

Listener = Callable[[int, list[int]], None]  # the number of an example, and its tokens so far


class StreamedState(NamedTuple):
    """The state of a decoder, with the source of each row; one hypothesis for each source."""

    state: State
    sources: Tensor  # (B,), numbers in the batch
    tokens: Tensor  # (B, t), said so far

    def select(self, rows: Tensor, sources: Tensor | None) -> "StreamedState":
        """Keep hypotheses `rows` (B',), each of a source of its own."""
        kept = self.state.select(rows, sources)
        chosen = rows.cpu()
        return StreamedState(kept, self.sources[chosen], self.tokens[chosen])


@dataclass(frozen=True)
class StreamedDecoder:
    """A decoder that tells what it reads: the tokens that were chosen at the step before."""

    decoder: Decoder
    listener: Listener  # of the number of a source in the batch

    def start(self, memory: Memory) -> StreamedState:
        """The state before the first token."""
        sources = torch.arange(len(memory.states))
        return StreamedState(
            self.decoder.start(memory), sources, torch.empty(len(sources), 0, dtype=torch.long)
        )

    def step(self, token: Tensor, state: Any) -> tuple[Tensor, StreamedState]:
        """Take one step of the decoder; the token before the first step is the begin mark."""
        read = torch.cat([state.tokens, token.cpu()[:, None]], dim=1)  # (B, t + 1)
        if read.shape[1] > 1:
            for source, tokens in zip(state.sources.tolist(), read[:, 1:].tolist(), strict=True):
                self.listener(source, tokens)
        logits, after = self.decoder.step(token, state.state)
        return logits, StreamedState(after, state.sources, read)


@dataclass(frozen=True)
class StreamedSearch:
    """A search of one hypothesis for each source that tells its tokens, all but the last, as they are chosen."""

    search: Search
    listener: Listener

    def __call__(self, decoder: Decoder, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        """Return the answers of each source, as the search does."""
        numbers: Sequence[int] = (
            range(len(memory.states)) if request.example_ids is None else request.example_ids
        )
        streamed = StreamedDecoder(decoder, lambda source, tokens: self.listener(numbers[source], tokens))
        return self.search(streamed, memory, request)
