"""Views derived from attention weights, labelled as such: a view is a computation, not something that the model did."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from jumok.attention.maps import ROWS, AttentionMap
from jumok.errors import RunError
from jumok.wording import quantity


@dataclass(frozen=True, eq=False)
class View:
    """Weights that were derived of others, and what to call them."""

    name: str
    label_en: str
    label_ko: str
    weights: Tensor  # (T, S), or (S,) of one query


def head_mean(maps: Sequence[AttentionMap], example: int = 0, query: int | None = None) -> View:
    """The mean over all heads of one layer, or of several layers with the same keys.

    Args:
        maps: The layers.
        example: The example of the batch.
        query: One query; None stands for all.

    Returns:
        A view (T, S), or (S,) for one query; a row sums to one.
    """
    require_same_shape(maps)
    B, _, T, _ = maps[0].shape
    queries = range(T) if query is None else at(query, T, "query")
    mean = mean_rows(maps, at(example, B, "example").start, slice(queries.start, queries.stop))
    heads = sum(layer.shape[1] for layer in maps)
    return View(
        "mean",
        f"Derived: mean of {quantity(heads, 'head')} in {quantity(len(maps), 'layer')}",
        f"계산한 값: {len(maps)}개 층, 헤드 {heads}개의 평균",
        mean if query is None else mean[0],
    )


def rollout(
    maps: Sequence[AttentionMap], example: int = 0, start: Tensor | None = None, residual: bool = True
) -> View:
    """Attention rollout (Abnar & Zuidema, 2020): how much of each input reaches each position of the last layer.

    `maps` are the self-attentions of a stack, lowest layer first. In each, heads are averaged, and half of what a
    position holds stays with it (the residual connection; `residual=False` leaves it out); layers are multiplied.
    `start` (M, N) are weights of the last layer's N positions to begin with, so that no N × N tensor is needed: a
    single position, or cross-attention that is to be followed down to the input. Gives (N, N) or (M, N).

    Args:
        maps: The layers.
        example: The example of the batch.
        start: Initial weights (M, N).
        residual: Whether half of the weight stays with the position.

    Returns:
        A view (N, N) or (M, N).
    """
    require_same_shape(maps)
    N = maps[0].shape[3]
    if maps[0].shape[2] != N:
        raise RunError(
            f"rollout needs self-attention; {maps[0].name} has {quantity(maps[0].shape[2], 'query')} and {N} keys"
        )
    rows = (
        torch.eye(N, device=maps[0].output.device)
        if start is None
        else start.to(maps[0].output.device).float()
    )
    for layer in reversed(maps):
        rows = roll_back(rows, layer, example, 0.5 if residual else 0.0)
    return View(
        "rollout",
        f"Derived: attention rollout through {quantity(len(maps), 'layer')}",
        f"계산한 값: {len(maps)}개 층에 걸친 어텐션 롤아웃",
        rows,
    )


def roll_back(rows: Tensor, layer: AttentionMap, example: int, kept: float) -> Tensor:
    """Weights on a layer's outputs as weights on its inputs.

    Args:
        rows: Weights (M, N).
        layer: The layer.
        example: The example of the batch.
        kept: The share that a position keeps of itself; it keeps all if it may attend to nothing.

    Returns:
        (M, N).
    """
    below = torch.zeros_like(rows)
    for first in range(0, rows.shape[1], ROWS):
        some = slice(first, first + ROWS)
        weights = mean_rows([layer], example, some)  # (N', N)
        below += (1 - kept) * (rows[:, some] @ weights)
        below[:, some] += rows[:, some] * (1 - (1 - kept) * weights.sum(-1))
    return below


def alignment(weights: Tensor, shift: int = 0) -> View:
    """Which source each token of the target belongs to, by the weights (T, S) of a decoder's cross-attention.

    Step t predicts token t, and has read token t - 1. With `shift` 0 the source of token t is what step t looked
    at, when it was predicted. With `shift` 1 it is what step t + 1 looked at, having read it, which is often the
    better alignment (Chen et al., 2020); the last token, mostly the end mark, is read by no step: T - 1 rows are left.
    """
    if shift not in (0, 1):
        raise ValueError(
            f"shift is 0 (a token when it is predicted) or 1 (when it has been read); got {shift}"
        )
    en = ("at the step that predicts a token", "at the step that has read a token")[shift]
    ko = ("토큰을 예측하는 단계에서 본 곳", "토큰을 읽은 다음 단계에서 본 곳")[shift]
    return View("alignment", f"Derived: alignment, {en}", f"계산한 값: 정렬, {ko}", weights[shift:])


def pairs(weights: Tensor) -> list[tuple[int, int, float]]:
    """For each row t of weights (T, S) the key s of largest weight, and that weight; fully masked rows are left out."""
    if not weights.numel():
        return []
    most, keys = weights.max(-1)
    return [
        (t, int(key), float(weight))
        for t, (key, weight) in enumerate(zip(keys.tolist(), most.tolist(), strict=True))
        if weight > 0
    ]


def mean_rows(maps: Sequence[AttentionMap], example: int, queries: slice) -> Tensor:
    """The mean (T', S) over all heads of maps, one head at a time.

    Args:
        maps: The layers.
        example: The example of the batch.
        queries: The rows.

    Returns:
        (T', S).
    """
    heads = [(layer, head) for layer in maps for head in range(layer.shape[1])]
    layer, head = heads[0]
    total = layer[example, head, queries]
    for layer, head in heads[1:]:
        total = total + layer[example, head, queries]
    return total / len(heads)


def require_same_shape(maps: Sequence[AttentionMap]) -> None:
    """RunError unless there are maps, all of the same queries and keys."""
    if not maps:
        raise RunError("no attention was given; a view needs one map at least")
    shapes = {layer.shape[2:] for layer in maps}
    if len(shapes) > 1:
        sizes = ", ".join(f"{layer.name}: {layer.shape[2]} × {layer.shape[3]}" for layer in maps)
        raise RunError(f"a view needs maps of the same queries and keys; got {sizes}")


def at(number: int, size: int, what: str) -> range:
    """Resolve an index, which may be negative.

    Args:
        number: The number.
        size: The number of items.
        what: What is counted, for the message.

    Returns:
        A range of this one number.

    Raises:
        IndexError: There is no such item.
    """
    if not -size <= number < size:
        raise IndexError(f"there is no {what} {number} of {size}")
    return range(number % size, number % size + 1)
