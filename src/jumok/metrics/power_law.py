"""Power laws of errors: how the error of a model falls with the number of examples it is trained on.

Errors of learning curves are well described by c + a n^-b over a wide range (Cortes et al., "Learning curves:
asymptotic values and rate of convergence", 1993; Hestness et al., "Deep learning scaling is predictable, empirically",
2017); not always (Viering and Loog, "The shape of learning curves: a review", 2021), so that a law is tested before it
is believed.
"""

from dataclasses import dataclass

import numpy as np

EXPONENTS = np.geomspace(0.02, 3.0, 120)
DRAWN_LAWS = 2000
PARAMETERS = 3
PRIOR_FREEDOM = 4  # degrees of freedom by which the noise of all sizes counts at each
LEAST_NOISE = 1e-3  # of the largest error
LEAST_SIZES = 4  # different numbers of examples that a law is fitted to
LAW_BOUNDS = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class PowerLaw:
    """The error c + a n^-b of n examples, with the laws that fit as well when the noise is drawn anew."""

    a: float
    b: float
    c: float
    drawn: np.ndarray  # (DRAWN_LAWS, 3): a, b, c of each draw

    def error(self, sizes: np.ndarray) -> np.ndarray:
        """The errors (N,) at numbers of examples (N,)."""
        return np.asarray(self.c + self.a * np.asarray(sizes, float) ** -self.b)

    def bounds(self, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The 95 % bounds (N,) of the errors at numbers of examples (N,)."""
        low, high = np.percentile(self._errors(sizes), LAW_BOUNDS, axis=0)
        return low, high

    def fall(self, begin: float, end: float) -> tuple[float, float, float]:
        """By how much the error falls from one number of examples to another, with its 95 % bounds."""
        first, last = self.error(np.array([begin, end]))
        drawn = self._errors(np.array([begin, end]))
        low, high = np.percentile(drawn[:, 0] - drawn[:, 1], LAW_BOUNDS)
        return float(first - last), float(low), float(high)

    def _errors(self, sizes: np.ndarray) -> np.ndarray:
        a, b, c = self.drawn.T
        return np.asarray(
            c[:, None] + a[:, None] * np.asarray(sizes, float) ** -b[:, None]
        )  # (DRAWN_LAWS, N)


def fit_power_law(sizes: np.ndarray, errors: np.ndarray, seed: int = 1) -> PowerLaw | None:
    """Fit a law to errors, by weighted least squares; every number of examples weighs by the noise that is seen there.

    The bounds come from a parametric bootstrap (Efron and Tibshirani, "An introduction to the bootstrap", 1993, ch. 6):
    errors are drawn anew around the fitted law, and each draw is fitted.

    Args:
        sizes: The number of examples of each training (N,).
        errors: Its error (N,), 0 or more.
        seed: Seed of the draws.

    Returns:
        The law; None for fewer than four different numbers of examples.
    """
    sizes, errors = np.asarray(sizes, float), np.asarray(errors, float)
    if len(np.unique(sizes)) < LEAST_SIZES:
        return None
    noise = _noise(sizes, errors)
    weights = noise**-2.0  # (N,)
    fitted = _fits(sizes, errors[None], weights)[0]
    a, b, c = map(float, fitted)
    law = PowerLaw(a, b, c, fitted[None])
    expected, free = law.error(sizes), max(len(sizes) - PARAMETERS, 1)
    spread = noise * np.sqrt(np.sum(((errors - expected) / noise) ** 2) / free)
    random = np.random.default_rng(seed)
    scale = np.sqrt(
        free / random.chisquare(free, (DRAWN_LAWS, 1))
    )  # Student's t: the spread itself is an estimate
    drawn = expected + random.normal(size=(DRAWN_LAWS, len(sizes))) * scale * spread
    return PowerLaw(a, b, c, _fits(sizes, np.maximum(drawn, 0.0), weights))


def _noise(sizes: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """The standard deviation of the errors at each number of examples (N,), drawn towards that of all numbers."""
    groups = {size: errors[sizes == size] for size in np.unique(sizes)}
    free = {size: len(group) - 1 for size, group in groups.items()}
    squares = {size: float(np.sum((group - group.mean()) ** 2)) for size, group in groups.items()}
    pooled = sum(squares.values()) / max(sum(free.values()), 1)
    pooled = max(pooled, (LEAST_NOISE * float(np.abs(errors).max())) ** 2, 1e-12)
    variances = {
        size: (PRIOR_FREEDOM * pooled + squares[size]) / (PRIOR_FREEDOM + free[size]) for size in groups
    }
    return np.sqrt([variances[size] for size in sizes])


def _fits(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The laws (D, 3) of draws of errors (D, N): for every exponent a and c are linear, and neither is negative."""
    best = np.full(len(errors), np.inf)
    found = np.zeros((len(errors), PARAMETERS))
    total, mean = weights.sum(), errors @ weights / weights.sum()  # (D,)
    for b in EXPONENTS:
        x = (sizes / sizes.min()) ** -b  # (N,), at most 1
        center = x @ weights / total
        spread = weights @ (x - center) ** 2
        slope = ((errors - mean[:, None]) * (x - center)) @ weights / spread
        level = mean - slope * center
        through_zero = errors @ (weights * x) / (weights @ x**2)
        slope = np.where(level < 0, through_zero, slope)
        level = np.where(level < 0, 0.0, level)
        level, slope = np.where(slope < 0, mean, level), np.maximum(slope, 0.0)
        squares = (errors - level[:, None] - slope[:, None] * x) ** 2 @ weights
        better = squares < best
        best = np.where(better, squares, best)
        mine = np.stack([slope * sizes.min() ** b, np.full(len(errors), b), level], axis=1)
        found = np.where(better[:, None], mine, found)
    return found
