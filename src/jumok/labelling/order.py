"""Orders of work: which item is worth labelling next. Pure functions on arrays; every order is a permutation."""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import numpy as np

from jumok.errors import ConfigurationError, DataError, did_you_mean

OrderName = Literal["file", "unsure", "diverse", "both", "disagreement"]
ORDERS: tuple[str, ...] = get_args(OrderName)
CHOSEN_APART = (
    1000  # items that are chosen one by one, each by what was chosen before; others follow by distance
)


class WorkOrder(NamedTuple):
    """Items in the order in which they should be labelled."""

    rows: np.ndarray  # (N,) int64, a permutation
    scores: np.ndarray  # (N,) of `rows`, by which they stand there; NaN where nothing is known


class Knowledge(NamedTuple):
    """What is known of N items that may be labelled next."""

    unsure: np.ndarray | None = None  # (N,) in 0 to 1; NaN where an item is not scored yet
    features: np.ndarray | None = None  # (N, F); NaN in rows that are not known yet
    labelled: np.ndarray | None = None  # (M, F), features of what is labelled already
    disagreement: np.ndarray | None = None  # (N,); NaN where nothing is known


def work_order(by: str, count: int, known: Knowledge, apart: int = CHOSEN_APART) -> WorkOrder:
    """Put items into an order of work.

    Args:
        by: The name of the order.
        count: The number of items N.
        known: What is known of them.
        apart: Items that "diverse" and "both" choose one by one.

    Returns:
        The order; items of which too little is known come last, as in the file.

    Raises:
        ConfigurationError: There is no such order.
        DataError: What it goes by is not known of any item.
    """
    if by not in ORDERS:
        raise ConfigurationError(f"there is no order {by!r}{did_you_mean(by, ORDERS)}")
    makers: dict[str, Callable[[], WorkOrder]] = {
        "file": lambda: file_order(count),
        "unsure": lambda: order_by_score(needed(known.unsure, by, "scores of how unsure the model is")),
        "disagreement": lambda: order_by_score(needed(known.disagreement, by, "scores of disagreement")),
        "diverse": lambda: diverse_order(needed(known.features, by, "features"), known.labelled, apart),
        "both": lambda: weighted_order(
            needed(known.features, by, "features"),
            needed(known.unsure, by, "scores of how unsure the model is"),
            known.labelled,
            apart,
        ),
    }
    return makers[by]()


def needed(values: np.ndarray | None, by: str, what: str) -> np.ndarray:
    """Values that an order goes by; DataError where there are none."""
    if values is None:
        raise DataError(f"the order {by!r} needs {what}, which are not known here; take another order")
    return values


def file_order(count: int) -> WorkOrder:
    """The order of the file."""
    return WorkOrder(np.arange(count), np.full(count, np.nan))


def order_by_score(scores: np.ndarray) -> WorkOrder:
    """The highest score (N,) first, ties as in the file, NaN last (uncertainty sampling: Lewis & Gale, 1994)."""
    rows = np.argsort(np.where(np.isnan(scores), np.inf, -scores), kind="stable")
    return WorkOrder(rows, scores[rows])


def diverse_order(
    features: np.ndarray, labelled: np.ndarray | None = None, apart: int = CHOSEN_APART
) -> WorkOrder:
    """Each time the item that is farthest from all labelled and chosen ones (k-center greedy: Sener & Savarese, 2018).

    Where nothing is labelled, the first one is the item that is nearest to the mean.

    Args:
        features: Of the items (N, F); NaN in rows that are not known.
        labelled: Of what is labelled already (M, F).
        apart: Items that are chosen one by one; the rest follow by their distance to all of these.

    Returns:
        The order; its scores are the distances at which items were chosen. Ties stand as in the file.
    """
    return weighted_order(features, np.ones(len(features)), labelled, apart)


def weighted_order(
    features: np.ndarray, weights: np.ndarray, labelled: np.ndarray | None = None, apart: int = CHOSEN_APART
) -> WorkOrder:
    """Each time the item with the largest product of its weight and its distance to all labelled and chosen ones.

    With weights that say how unsure the model is this is what BADGE does (Ash et al., 2020): there, too, points that
    are longer the less sure the model is are chosen far apart. Here the choice is greedy and not drawn, so that it
    stays the same. Where nothing is labelled, the first one is the item of the largest weight, of several the one that
    is nearest to their mean.

    Args:
        features: Of the items (N, F); NaN in rows that are not known.
        weights: Of the items (N,), 0 or more; NaN where not known.
        labelled: Of what is labelled already (M, F).
        apart: Items that are chosen one by one; the rest follow by weight times distance to all of these.

    Returns:
        The order; its scores are the products at which items were chosen. Ties stand as in the file.
    """
    known = np.flatnonzero(np.isfinite(features).all(1) & np.isfinite(weights))
    unknown = np.setdiff1d(np.arange(len(features)), known)
    given = np.zeros((0, features.shape[1])) if labelled is None else labelled[np.isfinite(labelled).all(1)]
    rows, scores = farthest_first(features[known], weights[known], given, apart)
    return WorkOrder(
        np.concatenate((known[rows], unknown)), np.concatenate((scores, np.full(len(unknown), np.nan)))
    )


def farthest_first(
    features: np.ndarray, weights: np.ndarray, labelled: np.ndarray, apart: int
) -> tuple[np.ndarray, np.ndarray]:
    """The greedy choice of `weighted_order`.

    Args:
        features: (N, F), all known.
        weights: (N,), all known.
        labelled: (M, F), all known.
        apart: Items that are chosen one by one.

    Returns:
        The rows (N,) in their order, and the product of each when it was chosen (N,).
    """
    count = len(features)
    points, nearest = features.astype(np.float32), np.full(count, np.inf, np.float32)
    squares = np.einsum("nf,nf->n", points, points)
    for one in labelled.astype(np.float32):
        np.minimum(nearest, distances(points, squares, one), out=nearest)
    rows, scores = np.zeros(count, np.int64), np.zeros(count)
    left = np.ones(count, dtype=bool)
    for place in range(min(apart, count)):
        values = np.where(left, weights * nearest, -1.0)
        row = int(np.argmax(values)) if np.isfinite(nearest[0]) else first_row(points, weights)
        score = weights[row] * nearest[row] if np.isfinite(nearest[row]) else np.nan
        rows[place], scores[place], left[row] = row, score, False
        np.minimum(nearest, distances(points, squares, points[row]), out=nearest)
    rest = np.flatnonzero(left)
    last = order_by_score((weights * nearest)[rest])
    chosen = min(apart, count)
    rows[chosen:], scores[chosen:] = rest[last.rows], last.scores
    return rows, scores


def first_row(points: np.ndarray, weights: np.ndarray) -> int:
    """The item of the largest weight (N,), of several the one that is nearest to the mean of their points (N, F)."""
    best = np.flatnonzero(weights == weights.max())
    return int(best[np.argmin(np.linalg.norm(points[best] - points[best].mean(0), axis=1))])


def distances(points: np.ndarray, squares: np.ndarray, one: np.ndarray) -> np.ndarray:
    """The distances of points to one of them; equal points have a distance of exactly 0, whatever rounding loses.

    Args:
        points: (N, F).
        squares: Their squared lengths (N,).
        one: A point (F,).

    Returns:
        The distances (N,).
    """
    found = np.sqrt(np.maximum(squares - 2 * (points @ one) + one @ one, 0))
    near = np.flatnonzero(found <= 1e-2 * np.sqrt(one @ one) + 1e-6)
    found[near] = np.linalg.norm(points[near] - one, axis=1)
    return found.astype(np.float32)
