"""Statistics of attention heads, by which they can be sorted."""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from jumok.attention.maps import ROWS, AttentionMap


@dataclass(frozen=True)
class HeadStatistics:
    """Means over the queries of one head, from its weights; NaN if all queries are fully masked."""

    layer: int
    head: int
    entropy: float  # in nats: 0 looks at one key, log(keys) at all alike
    spread: float  # entropy over the largest that there could be, 0 to 1
    distance: float  # how far from a query the keys are that it looks at
    first: float  # weight of the first key
    last: float  # weight of the last key that is not masked, often an end mark
    sink: float  # weight of the key that all queries together look at most
    sink_key: int  # which one that is

    def to_json(self) -> dict[str, float | int | None]:
        """The statistics as JSON, NaN as null."""
        return {name: value if value == value else None for name, value in asdict(self).items()}


@dataclass(frozen=True, eq=False)
class Positions:
    """The positions of queries (T, d) and keys (S, d), in the same unit; d is 1 for tokens and 2 for cells."""

    queries: Tensor
    keys: Tensor

    def distances(self, rows: slice) -> Tensor:
        """Between queries and keys, (T', S)."""
        return torch.cdist(self.queries[rows].float(), self.keys.float())


def statistics(
    attention: AttentionMap,
    example: int = 0,
    layer: int = 0,
    stands: Positions | None = None,
    counted: Tensor | None = None,
) -> list[HeadStatistics]:
    """Statistics of each head, from a few rows of its weights at a time.

    Args:
        attention: The weights.
        example: The example of the batch.
        layer: The number of the layer, for the record.
        stands: The positions of queries and keys; by default their numbers, scaled to the same length.
        counted: True (T,) on the queries that count, by default on all.

    Returns:
        The statistics of each head.
    """
    stands = in_a_row(attention) if stands is None else stands
    return [
        head_statistics(attention, example, layer, head, stands, counted)
        for head in range(attention.shape[1])
    ]


def head_statistics(
    attention: AttentionMap, example: int, layer: int, head: int, stands: Positions, counted: Tensor | None
) -> HeadStatistics:
    """Statistics of one head in one example, in float64 and a few rows at a time.

    Args:
        attention: The weights.
        example: The example of the batch.
        layer: The number of the layer, for the record.
        head: The head.
        stands: The positions of queries and keys, for distances.
        counted: Which queries (T,) count; None counts all that attend to anything.

    Returns:
        Means over the counted queries.
    """
    T, S = attention.shape[2:]
    device = attention.output.device
    totals = torch.zeros(4, dtype=torch.float64, device=device)  # entropy, spread, distance, rows
    looked = torch.zeros(S, dtype=torch.float64, device=device)
    for start in range(0, T, ROWS):
        rows = slice(start, start + ROWS)
        weights = attention[example, head, rows].double()  # (T', S)
        seeing = weights.sum(-1) > 0
        real = seeing if counted is None else seeing & counted[rows].to(device)
        totals += torch.stack([*row_statistics(weights, stands.distances(rows).to(device)), real.double()])[
            :, real
        ].sum(-1)
        looked += weights[real].sum(0)
    entropy, spread, distance, _ = (totals / totals[3]).tolist()
    shares = looked / totals[3]  # (S,)
    sink = int(shares.argmax())
    last = int((looked > 0).nonzero().amax()) if totals[3] > 0 else S - 1
    first, final, most = (float(shares[key]) for key in (0, last, sink))
    return HeadStatistics(layer, head, entropy, spread, distance, first, final, most, sink)


def row_statistics(weights: Tensor, distances: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Entropy, its share of the largest possible, and mean distance; each (T',) of weights (T', S).

    Keys of weight zero are taken as masked: a softmax hardly ever gives zero to others.
    """
    entropy = torch.special.entr(weights).sum(-1).clamp(min=0.0)
    keys = (weights > 0).sum(-1)
    spread = torch.where(keys > 1, entropy / keys.clamp(min=2).log(), 0.0)
    return entropy, spread.clamp(max=1.0), (weights * distances).sum(-1)


def in_a_row(attention: AttentionMap) -> Positions:
    """Positions of tokens; those of queries are scaled to the number of keys if these are another sequence.

    A few new queries that look at their own past stand at its end.
    """
    T, S = attention.shape[2:]
    offset = getattr(attention.scores, "offset", None)
    queries = torch.arange(T, dtype=torch.float32)
    if offset is not None:
        queries = queries + offset
    elif T != S:
        queries = queries * ((S - 1) / max(1, T - 1))
    return Positions(queries[:, None], torch.arange(S, dtype=torch.float32)[:, None])
