"""The block of a decoder of objects: queries look at each other, and at a memory of places."""

from torch import Tensor, nn

from jumok.attention.multihead import MultiHeadAttention
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import Residual


class QueryLayer(nn.Module):
    """Attention of all queries to each other, attention to the memory (`cross`), then feed-forward.

    Where a query stands is added each time it looks, and never kept in it (DETR: Carion et al., 2020, appendix A.3).
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
        """Queries x (B, Q, D) at `place` (B, Q, D), with memory (B, S, D), to (B, Q, D).

        `among` broadcasts to (B, H, Q, Q) and `allowed` to (B, H, Q, S), True where a query may look.
        """

        def look_around(y: Tensor) -> Tensor:
            placed = y + place
            return self.attention(placed, placed, among)

        x = self.attention_residual(x, look_around)
        x = self.cross_residual(x, lambda y: self.cross(y + place, memory, allowed))
        return self.feedforward_residual(x, self.feedforward)
