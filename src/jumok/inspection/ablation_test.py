"""Ablation test: hide the keys of largest weight, hide as many at random, and compare the changes of the output.

Weights are no explanation (docs/evidence.md): a model may look where nothing depends on it. Here it is measured, on the
one output that somebody asks about.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb, isfinite
from random import Random

import torch
from torch import Tensor, nn

from jumok.attention.maps import AttentionMap
from jumok.attention.masking import AttentionSite, mask_attention
from jumok.attention.record import Recording, record
from jumok.errors import RunError
from jumok.inspection.verdict import DRAWS, MIN_DRAWS, THRESHOLD, Gradient, Measure, Verdict
from jumok.wording import quantity

__all__ = ["Gradient", "AttentionSite", "Verdict", "ablation_test", "log_probability"]

Score = Callable[[], Tensor]
Heads = list[tuple[AttentionMap, int]]
MAX_GRADIENT_KEYS = 10  # keys whose gradient is reported
MASKED = -1e4  # keys below this score or bias count as masked: models use -inf, or the lowest number
STRANGER = -90.0  # of a bias: windows keep cells of opposite edges apart by -100


def ablation_test(
    score: Score,
    model: nn.Module,
    places: Sequence[AttentionSite],
    example: int = 0,
    query: int = 0,
    keys: Sequence[int] | None = None,
    k: int = 3,
    draws: int = DRAWS,
    seed: int = 0,
    threshold: float = THRESHOLD,
    gradients: bool = True,
    output: str = "",
    output_ko: str = "",
    measure: Measure = "log-probability",
) -> Verdict:
    """Hide the k most attended keys of a query, and other sets of k; `Verdict` says what follows from it.

    The others are drawn at random among keys that are not the most attended; all sets of them are tried where these are
    not more than `draws`. Where there are too few keys for 5 sets, fewer than k are hidden, down to one.

    Keys are hidden from all `places` at once: of several layers that look at the same keys one makes up for another, so
    that hiding from one alone says little. Where each place names a head, these heads are switched off, too, for all
    queries.

    Args:
        score: Runs the model; gives a scalar of an answer that stays the same, like the log-probability of a token
            under teacher forcing: the same number each time, with its gradients.
        model: The model.
        places: The attention modules, calls and heads; their weights are summed to find the most attended.
        example: The example of the batch.
        query: The query.
        keys: The keys that may be hidden; by default all that are not masked.
        k: How many keys to hide.
        draws: The number of random sets.
        seed: The seed of the draws.
        threshold: The smallest change of the score that counts.
        gradients: Whether to compute gradient × attention, too.
        output: What the score is of, in English.
        output_ko: The same in Korean.
        measure: What the score is.

    Returns:
        The verdict.
    """
    check_asked(model, k, draws)
    before, weights, allowed = recorded(score, model, places, example, query)
    pool = candidates(allowed, keys)
    k = comparable(k, len(pool))
    top = sorted(pool, key=lambda key: (-float(weights[key]), key))[:k]

    def change(hide: Sequence[int] | None, queries: Sequence[int] | None) -> float:
        return score_without(score, model, places, hide, queries, example) - before

    rest = [key for key in pool if key not in top]
    others = draw_key_sets(rest, k, draws, seed)
    slopes = gradient(score, model, places, example, query, sorted(allowed)) if gradients else None
    return Verdict(
        k,
        tuple(top),
        change(top, [query]) if top else None,
        tuple(change(some, [query]) for some in others),
        len(pool),
        change(None, None) if all(place.head is not None for place in places) else None,
        slopes,
        output,
        output_ko,
        threshold,
        measure,
        every=len(others) == comb(len(rest), k),
    )


def recorded(
    score: Score, model: nn.Module, places: Sequence[AttentionSite], example: int, query: int
) -> tuple[float, Tensor, set[int]]:
    """The score, and what a query attends to while it is computed.

    Args:
        score: Runs the model; gives the score as a scalar.
        model: The model.
        places: The attention modules, calls and heads.
        example: The example of the batch.
        query: The query.

    Returns:
        The score; the weights (S,), summed over the heads; and the keys that any of them may attend to.
    """
    with torch.no_grad(), record(model, only=sorted({place.name for place in places})) as maps:
        before = number_of(score())
    return before, *attended(heads_at(maps, places, query), example, query)


def score_without(
    score: Score,
    model: nn.Module,
    places: Sequence[AttentionSite],
    hide: Sequence[int] | None,
    queries: Sequence[int] | None,
    example: int,
) -> float:
    """The score while keys are hidden.

    Args:
        score: Runs the model; gives the score as a scalar.
        model: The model.
        places: The attention modules, calls and heads.
        hide: The keys; None hides all.
        queries: The queries from which they are hidden; None stands for all.
        example: The example of the batch.

    Returns:
        The score.

    Raises:
        RunError: There was nothing to hide.
    """
    with torch.no_grad(), mask_attention(model, places, hide, queries, [example]) as hiding:
        after = number_of(score())
    if not hiding.changed:
        raise RunError(f"nothing was hidden: the score did not come through {places[0].name} a second time")
    return after


def check_asked(model: nn.Module, k: int, draws: int) -> None:
    """Refuse a test that could not show anything.

    Args:
        model: The model.
        k: How many keys to hide.
        draws: The number of random sets.

    Raises:
        ValueError: k is less than 1, or draws less than MIN_DRAWS.
        RunError: The model is in training mode.
    """
    if k < 1:
        raise ValueError(f"k is how many keys are hidden, 1 or more; got {k}")
    if draws < MIN_DRAWS:
        raise ValueError(f"draws must be {MIN_DRAWS} or more, to compare with; got {draws}")
    if model.training:
        raise RunError(
            "the model is in training mode, where dropout changes its output; call model.eval() before"
        )


def log_probability(logits: Tensor, tokens: Tensor) -> Tensor:
    """The log-probabilities (T,) of tokens (T,) by logits (T, V): a score is one of them, or the sum of some."""
    logits = logits if logits.dtype == torch.float64 else logits.float()
    return logits.log_softmax(-1).gather(-1, tokens[:, None]).squeeze(-1)


def heads_at(maps: Recording, places: Sequence[AttentionSite], query: int) -> Heads:
    """The heads of the recorded calls that the places mean, each once.

    Args:
        maps: The recording.
        places: The places.
        query: The query.

    Returns:
        The heads.

    Raises:
        RunError: Heads have different keys.
    """
    if not places:
        raise RunError("no place was given: say from which layers and heads keys are to be hidden")
    found: dict[tuple[int, int], tuple[AttentionMap, int]] = {}
    for place in places:
        calls = maps.all(place.name)
        if place.call is not None and place.call >= len(calls):
            raise RunError(f"{place.name} was called {len(calls)} times; there is no call {place.call}")
        for call in calls if place.call is None else [calls[place.call]]:
            if not -call.shape[2] <= query < call.shape[2]:
                continue
            found.update({(id(call), head): (call, head) for head in head_range(call, place.head)})
    if not found:
        raise RunError(f"{places[0].name} has no query {query}")
    sizes = sorted({call.shape[3] for call, _ in found.values()})
    if len(sizes) > 1:
        raise RunError(
            f"the places look at different numbers of keys: {', '.join(map(str, sizes))}; test them apart"
        )
    return list(found.values())


def head_range(call: AttentionMap, head: int | None) -> range:
    """The numbers of one head, or of all."""
    H = call.shape[1]
    if head is None:
        return range(H)
    if not -H <= head < H:
        raise RunError(f"{call.name} has {quantity(H, 'head')}; there is no head {head}")
    return range(head % H, head % H + 1)


def attended(heads: Heads, example: int, query: int) -> tuple[Tensor, set[int]]:
    """The summed weights of a query.

    Args:
        heads: The heads.
        example: The example of the batch.
        query: The query.

    Returns:
        The sum (S,) over the heads, and the keys that any of them may attend to.
    """
    weights = torch.stack([call[example, head, query] for call, head in heads]).sum(0)
    allowed: set[int] = set()
    for call, head in heads:
        allowed.update(allowed_keys(call, example, head, query))
    return weights.cpu(), allowed


def allowed_keys(call: AttentionMap, example: int, head: int, query: int) -> list[int]:
    """The keys that are not masked; models mask by -inf, by the lowest number, and windows of Swin by -100.

    Args:
        call: The recorded call.
        example: The example of the batch.
        head: The head.
        query: The query.
    """
    row = slice(query, query + 1) if query != -1 else slice(-1, None)
    seen = call.scores.of(example, head, row, slice(None))[0] > MASKED  # (S,)
    bias = getattr(call.scores, "bias", None)
    if bias is not None:
        seen = seen & (bias[example, head, query] > STRANGER)
    found: list[int] = seen.nonzero().flatten().tolist()
    return found


def candidates(allowed: set[int], keys: Sequence[int] | None) -> list[int]:
    """The keys that may be hidden, of those that are not masked."""
    return sorted(allowed if keys is None else allowed & set(keys))


def comparable(k: int, count: int) -> int:
    """How many of so many keys are hidden at once: k, or fewer where there would be too few others to compare; or 1."""
    enough = (fewer for fewer in range(min(k, count), 1, -1) if comb(count - fewer, fewer) >= MIN_DRAWS)
    return next(enough, 1)


def draw_key_sets(others: list[int], k: int, draws: int, seed: int) -> list[tuple[int, ...]]:
    """Draw different sets of k keys; all sets if there are no more than `draws`.

    Args:
        others: The keys to draw from.
        k: How many keys to hide.
        draws: The number of sets.
        seed: The seed.

    Returns:
        The sets.
    """
    if comb(len(others), k) <= draws:
        return list(combinations(others, k))
    random = Random(seed)
    found: dict[tuple[int, ...], None] = {}
    while len(found) < draws:
        found[tuple(sorted(random.sample(others, k)))] = None
    return list(found)


def gradient(
    score: Score,
    model: nn.Module,
    places: Sequence[AttentionSite],
    example: int,
    query: int,
    allowed: list[int],
) -> Gradient | None:
    """Gradient × attention of a query, summed over its heads; gradients of parameters are not changed.

    Args:
        score: Runs the model; gives the score as a scalar.
        model: The model.
        places: The attention modules, calls and heads.
        example: The example of the batch.
        query: The query.
        allowed: The keys that may be hidden.

    Returns:
        The gradient; None if none reaches the attention.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    names = sorted({place.name for place in places})
    with (
        torch.enable_grad(),
        torch.backends.cudnn.flags(
            enabled=False
        ),  # its recurrent layers have no way back outside of training
        record(model, only=names, gradients=True) as maps,
    ):
        value = score()
        if not parameters or not value.requires_grad:
            return None
        torch.autograd.grad(value, parameters, allow_unused=True)
    heads = [(call, head) for call, head in heads_at(maps, places, query) if call.gradients]
    if not heads or not allowed:
        return None
    weights = torch.stack([call[example, head, query] for call, head in heads]).cpu()  # (heads, S)
    slopes = torch.stack([call.gradient(example, head, query) for call, head in heads]).cpu()
    weight, product = weights.mean(0), (weights * slopes).sum(0)  # (S,)
    first = sorted(allowed, key=lambda key: (-float(weight[key]), key))[:MAX_GRADIENT_KEYS]
    return Gradient(
        rank_correlation(weight[allowed], product[allowed].abs()),
        tuple((key, float(weight[key]), float(product[key])) for key in first),
    )


def rank_correlation(one: Tensor, other: Tensor) -> float | None:
    """Spearman's correlation of two (N,), ties having their mean rank; None if either is constant."""
    x, y = (ranks(values) - (len(values) - 1) / 2 for values in (one, other))
    scale = float(x.norm() * y.norm())
    return float(x @ y) / scale if scale > 0 else None


def ranks(values: Tensor) -> Tensor:
    """From 0 for the smallest of (N,) to N - 1; those that are equal share the mean of theirs."""
    _, group, counts = values.unique(return_inverse=True, return_counts=True)
    ends = counts.cumsum(0).double()
    return (ends - (counts + 1) / 2)[group]


def number_of(value: Tensor) -> float:
    """A score as a number; RunError if it is none."""
    if value.numel() != 1:
        raise RunError(f"a score is one number; this one has the shape {tuple(value.shape)}")
    number = float(value)
    if not isfinite(number):
        raise RunError(f"the score is {number}; a test needs a finite one")
    return number
