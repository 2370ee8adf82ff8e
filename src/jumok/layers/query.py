"""A decoder layer of object queries: self-attention, then cross-attention to the memory."""

from torch import Tensor, nn

from jumok.attention.multihead import MultiHeadAttention
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import Residual


class QueryLayer(nn.Module):
    """Self-attention of the queries, cross-attention to the memory (`cross`), then feed-forward.

    The position of a query is added to queries and keys, never to the states (DETR: Carion et al., 2020, appendix
    A.3).
    """

    def __init__(
        self,
        width: int,
        attention: MultiHeadAttention,
        cross: MultiHeadAttention,
        feedforward: FeedForward,
        dropout: float = 0.0,
        pre_norm: bool = True,
    ) -> None:
        super().__init__()
        self.attention, self.cross, self.feedforward = attention, cross, feedforward
        self.attention_residual = Residual(width, dropout, pre_norm)
        self.cross_residual = Residual(width, dropout, pre_norm)
        self.feedforward_residual = Residual(width, dropout, pre_norm)

    def forward(self, x: Tensor, place: Tensor, memory: Tensor, among: Tensor, allowed: Tensor) -> Tensor:
        """Update the states of the queries.

        Args:
            x: States of the queries (B, Q, D).
            place: Positional embeddings of the queries (B, Q, D).
            memory: States of the memory (B, S, D).
            among: Which queries may attend to each other, broadcasts to (B, H, Q, Q).
            allowed: Which states of the memory a query may attend to, broadcasts to (B, H, Q, S).

        Returns:
            The new states (B, Q, D).
        """

        def look_around(y: Tensor) -> Tensor:
            placed = y + place
            return self.attention(placed, placed, among)

        x = self.attention_residual(x, look_around)
        x = self.cross_residual(x, lambda y: self.cross(y + place, memory, allowed))
        return self.feedforward_residual(x, self.feedforward)
