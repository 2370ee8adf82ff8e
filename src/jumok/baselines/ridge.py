"""Ridge regression in closed form; its penalty is chosen by leave-one-out cross-validation."""

from typing import NamedTuple

import numpy as np

from jumok.baselines.scaling import FeatureScale

PENALTIES = 10.0 ** np.arange(-6.0, 3.5, 0.5)  # for each example, of features with deviation 1


class RidgeRegression(NamedTuple):
    """A fitted ridge regression of several targets."""

    scale: FeatureScale
    weights: np.ndarray  # (F, K)
    mean: np.ndarray  # (K,), of the targets
    penalties: np.ndarray  # (K,), chosen for each target
    errors: np.ndarray  # (n, K), target minus prediction where the example itself was left out

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Predict targets (n, K) from features (n, F)."""
        return np.asarray(self.scale(features) @ self.weights + self.mean)

    def error_quantiles(self, levels: np.ndarray) -> np.ndarray:
        """The quantiles (levels, K) of its leave-one-out errors, which make intervals around predictions."""
        return np.quantile(self.errors, levels, axis=0)


def ridge_regression(
    features: np.ndarray, targets: np.ndarray, penalties: np.ndarray = PENALTIES
) -> RidgeRegression:
    """Fit a ridge regression (Hoerl & Kennard, 1970) with an intercept that is not penalized.

    The penalty of each target is the one with the least squared error of leave-one-out cross-validation, which a
    single decomposition of the features gives for all penalties (Allen, 1974).

    Args:
        features: (n, F).
        targets: (n, K).
        penalties: Candidates; the sum of squares of the weights is multiplied by n times one of them.

    Returns:
        The regression.
    """
    scale = FeatureScale.of(features)
    scaled, mean = scale(features), targets.mean(0)
    centered = targets - mean  # (n, K)
    left, singular, right = thin_svd(scaled)  # (n, R), (R,), (F, R)
    projected = left.T @ centered  # (R, K)
    factors = np.stack([singular**2 / (singular**2 + len(features) * one) for one in penalties])  # (P, R)
    losses = [(leave_one_out(left, centered, projected, one[:, None]) ** 2).mean(0) for one in factors]
    best = np.argmin(losses, axis=0)  # (K,)
    factor = factors[best].T  # (R, K)
    weights = right @ (factor / singular[:, None] * projected)
    errors = leave_one_out(left, centered, projected, factor)
    return RidgeRegression(scale, weights, mean, penalties[best], errors)


def thin_svd(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The singular value decomposition U (n, R), s (R,), V (F, R), without singular values of 0.

    Of many rows it is computed from the small matrix of inner products of columns, which is much faster; of many
    columns, from that of rows.
    """
    n, f = matrix.shape
    wide = f > n
    values, vectors = np.linalg.eigh(matrix @ matrix.T if wide else matrix.T @ matrix)
    kept = values > max(n, f) * np.finfo(np.float64).eps * max(float(values.max(initial=0.0)), 1e-300)
    singular, vectors = np.sqrt(values[kept]), vectors[:, kept]
    other = (matrix.T if wide else matrix) @ vectors / singular
    return (vectors, singular, other) if wide else (other, singular, vectors)


def leave_one_out(
    left: np.ndarray, centered: np.ndarray, projected: np.ndarray, factor: np.ndarray
) -> np.ndarray:
    """The errors of predictions from which the example itself was left out.

    Args:
        left: Left singular vectors (n, R) of centered features.
        centered: Targets (n, K) minus their mean.
        projected: `left.T @ centered` (R, K).
        factor: By which the penalty shrinks each singular direction (R, K), or (R, 1) for all targets alike.

    Returns:
        Target minus prediction (n, K).
    """
    residuals = centered - left @ (factor * projected)
    leverage = (left**2) @ factor + 1 / len(centered)  # (n, K or 1), of the intercept, too
    return np.asarray(residuals / np.maximum(1 - leverage, 1e-9))
