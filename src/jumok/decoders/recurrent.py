"""Recurrent decoders, with or without attention."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from jumok.attention.recurrent import AdditiveAttention, DotAttention, ProjectedMemory
from jumok.dropout import Dropout
from jumok.layers.embedding import NumberEmbedding, TokenEmbedding, TokenOutput
from jumok.layers.recurrent import Cell, stack
from jumok.values import Memory


class Hidden(NamedTuple):
    """The state of a recurrent stack; `cell` is for LSTM only."""

    state: Tensor  # (layers, R, D)
    cell: Tensor | None  # (layers, R, D)

    def select(self, rows: Tensor) -> "Hidden":
        """The states of these rows of the batch."""
        return Hidden(self.state[:, rows], None if self.cell is None else self.cell[:, rows])


class RecurrentState(NamedTuple):
    """The recurrent state of each hypothesis, and the memory of each source."""

    hidden: Hidden
    looked: ProjectedMemory | None  # None: no attention
    summary: Tensor  # (B, D)

    def select(self, rows: Tensor, sources: Tensor | None) -> "RecurrentState":
        """Keep hypotheses `rows` (R',) and sources `sources` (B',); None: all of them, as they stand."""
        hidden = self.hidden.select(rows)
        if sources is None:
            return self._replace(hidden=hidden)
        looked = None if self.looked is None else self.looked.select(sources)
        return RecurrentState(hidden, looked, self.summary.index_select(0, sources))


class RecurrentDecoder(nn.Module):
    """A recurrent decoder whose initial state is computed from the summary of the memory.

    Without `attention` the summary is its only view of the source, and enters every step (Cho et al., 2014). With
    AdditiveAttention the state before a step is the query, and the context enters the step (Bahdanau et al., 2015).
    With DotAttention the state after a step is the query, so that training computes all steps at once (Luong et al.,
    2015, without input feeding).
    """

    def __init__(
        self,
        embedding: TokenEmbedding | NumberEmbedding,
        cell: Cell,
        attention: AdditiveAttention | DotAttention | None,
        output: TokenOutput | nn.Linear,
        layers: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        width = embedding.width
        self.embedding, self.attention, self.output = embedding, attention, output
        self.asks_before = isinstance(attention, AdditiveAttention)
        feeds_context = not isinstance(attention, DotAttention)
        self.recurrence = stack(cell, 2 * width if feeds_context else width, width, layers, dropout)
        self.first = nn.Linear(width, layers * width)
        self.first_cell = nn.Linear(width, layers * width) if cell == "lstm" else None
        self.readout = nn.Linear((3 if feeds_context else 2) * width, width)
        self.dropout = Dropout(dropout)

    def hidden(self, tokens: Tensor, memory: Memory) -> Tensor:
        """The states before the output (B, T, D) of tokens (B, T), each position seeing its past only."""
        return self.follow(self.embedding(tokens), memory)

    def follow(self, read: Tensor, memory: Memory) -> Tensor:
        """The states before the output (B, T, D) of what is read at each step (B, T, D), each seeing its past only."""
        words, state = self.dropout(read), self.start(memory)
        if not self.asks_before:
            return self.advance(words, state)[0]
        steps = []
        for t in range(words.shape[1]):
            step, state = self.advance(words[:, t : t + 1], state)
            steps.append(step)
        return torch.cat(steps, dim=1)

    def forward(self, tokens: Tensor, memory: Memory) -> Tensor:
        """Logits (B, T, V) of the token after each of tokens (B, T)."""
        return self.output(self.hidden(tokens, memory))

    def start(self, memory: Memory) -> RecurrentState:
        """The initial state of every layer, computed from the summary."""
        layers = self.recurrence.num_layers

        def by_layer(flat: Tensor) -> Tensor:
            return flat.unflatten(-1, (layers, -1)).transpose(0, 1).contiguous()  # (layers, B, D)

        state = torch.tanh(by_layer(self.first(memory.summary)))
        cell = None
        if self.first_cell is not None:
            cell = by_layer(self.first_cell(memory.summary)).to(state.dtype)
        looked = self.attention.prepare(memory.states, memory.valid) if self.attention is not None else None
        return RecurrentState(Hidden(state, cell), looked, memory.summary)

    def step(self, token: Tensor, state: RecurrentState) -> tuple[Tensor, RecurrentState]:
        """Read token (R,); logits of the next one (R, V) and the state after it."""
        hidden, state = self.advance(self.embedding(token[:, None]), state)
        return self.output(hidden.squeeze(1)), state

    def advance(self, words: Tensor, state: RecurrentState) -> tuple[Tensor, RecurrentState]:
        """Read embeddings (R, T, D), T = 1 if attention comes before the step; returns the hidden states (R, T, D)."""
        if isinstance(self.attention, DotAttention):
            out, hidden = self.run_rnn(words, state.hidden)
            return self.combine(out, self.attend(self.attention, out, state)), state._replace(hidden=hidden)
        context = self.context(words, state)  # (R, T, D)
        out, hidden = self.run_rnn(torch.cat((words, context), -1), state.hidden)
        return self.combine(out, context, words), state._replace(hidden=hidden)

    def context(self, words: Tensor, state: RecurrentState) -> Tensor:
        """The context (R, T, D) that enters the step: attention by the state before it, or the summary."""
        if isinstance(self.attention, AdditiveAttention):
            return self.attend(self.attention, state.hidden.state[-1][:, None], state).to(words.dtype)
        hypotheses = words.shape[0] // state.summary.shape[0]
        summary = state.summary.repeat_interleave(hypotheses, 0)[:, None]
        return summary.expand(-1, words.shape[1], -1).to(words.dtype)

    def attend(
        self, attention: AdditiveAttention | DotAttention, queries: Tensor, state: RecurrentState
    ) -> Tensor:
        """Attend to the memory; the hypotheses of one source are placed side by side.

        Args:
            attention: The attention of this decoder.
            queries: The queries (R, T, D).
            state: The state, with the memory of each source.

        Returns:
            The context (R, T, D).
        """
        if state.looked is None:
            raise RuntimeError("a decoder with attention needs a memory; it was started without one")
        side_by_side = queries.reshape(state.summary.shape[0], -1, queries.shape[-1])  # (B, N·T, D)
        return attention(side_by_side, state.looked).view_as(queries)

    def run_rnn(self, x: Tensor, hidden: Hidden) -> tuple[Tensor, Hidden]:
        """Run the recurrent stack over x (R, T, ·); returns its outputs (R, T, D)."""
        state = hidden.state.to(x.dtype)
        if hidden.cell is None:
            out, state = self.recurrence(x, state)
            return out, Hidden(state, None)
        out, (state, cell) = self.recurrence(x, (state, hidden.cell.to(x.dtype)))
        return out, Hidden(state, cell)

    def combine(self, *parts: Tensor) -> Tensor:
        """The layer before the output, over states and context (R, T, ·) (Luong et al., 2015, equation 5)."""
        return self.dropout(torch.tanh(self.readout(torch.cat(self.cast_like_first(parts), -1))))

    @staticmethod
    def cast_like_first(parts: Sequence[Tensor]) -> list[Tensor]:
        """All tensors in the dtype of the first."""
        return [part.to(parts[0].dtype) for part in parts]
