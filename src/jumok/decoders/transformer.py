"""The Transformer decoder: masked self-attention, and cross-attention to the memory."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from jumok.attention.multihead import KeyValue, KVCache, in_compute_dtype
from jumok.dropout import Dropout
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.layers.transformer import TransformerDecoderLayer
from jumok.values import Memory


class TransformerState(NamedTuple):
    """Keys and values of every layer: of the past for each hypothesis, of the memory for each source."""

    past: tuple[KVCache, ...]  # (R, H, T, K) each, when rows are taken
    memory: tuple[KeyValue, ...]  # (B, H, S, K) each
    allowed: Tensor  # (B, 1, 1, S)

    @property
    def length(self) -> int:
        """How many tokens were read."""
        return self.past[0].length

    def select(self, rows: Tensor, sources: Tensor | None) -> "TransformerState":
        """Keep hypotheses `rows` (R',) and sources `sources` (B',); None: all of them, as they stand."""
        past = tuple(part.select(rows) for part in self.past)
        if sources is None:
            return self._replace(past=past)
        memory = tuple(part.select(sources) for part in self.memory)
        return TransformerState(past, memory, self.allowed.index_select(0, sources))


class TransformerDecoder(nn.Module):
    """Embedding, positions, a stack of decoder blocks and the output (Vaswani et al., 2017)."""

    def __init__(
        self,
        embedding: TokenEmbedding,
        positions: nn.Module,
        layers: Sequence[TransformerDecoderLayer],
        output: TokenOutput,
        dropout: float = 0.0,
        final_norm: bool = True,
    ) -> None:
        super().__init__()
        self.embedding, self.positions = embedding, positions
        self.layers: Any = nn.ModuleList(layers)  # Any: a ModuleList does not say what it holds
        self.norm = nn.LayerNorm(embedding.width) if final_norm else nn.Identity()
        self.output = output
        self.dropout = Dropout(dropout)

    def hidden(self, tokens: Tensor, memory: Memory) -> Tensor:
        """The states before the output (B, T, D) of tokens (B, T), each position seeing its past only."""
        x = self.dropout(self.positions(self.embedding(tokens)))
        states, allowed = in_compute_dtype(memory.states), memory.valid[:, None, None, :]
        for layer in self.layers:
            x = layer(x, states, allowed)
        return self.norm(x)

    def forward(self, tokens: Tensor, memory: Memory) -> Tensor:
        """Logits (B, T, V) of the token after each of tokens (B, T)."""
        return self.output(self.hidden(tokens, memory))

    def start(self, memory: Memory) -> TransformerState:
        """Compute keys and values of the memory, once for each source."""
        states = in_compute_dtype(memory.states)
        seen = tuple(layer.cross.project_kv(states).contiguous() for layer in self.layers)
        past = tuple(KVCache(part.empty()) for part in seen)
        return TransformerState(past, seen, memory.valid[:, None, None, :])

    def step(self, token: Tensor, state: TransformerState) -> tuple[Tensor, TransformerState]:
        """Read token (R,); logits of the next one (R, V) and the state after it."""
        x = self.positions(self.embedding(token[:, None]), state.length)  # (R, 1, D)
        grown = []
        for layer, past, memory in zip(self.layers, state.past, state.memory, strict=True):
            x, past = layer.step(x, past, memory, state.allowed)
            grown.append(past)
        logits = self.output(self.norm(x).squeeze(1))
        return logits, state._replace(past=tuple(grown))
