"""Numbers that are far from the model's, in units of its uncertainty.

z is the distance of the annotated value from the predicted one over the standard deviation that the model's interval
stands for; where there is no interval, over a robust deviation of all distances (1.4826 times their median; Rousseeuw &
Croux, 1993). Only values outside of the interval are doubted. The score is z² / (9 + z²): 1/2 at three deviations.
"""

from collections.abc import Sequence

import numpy as np

from jumok.metrics.mistakes.disagreement import Disagreement, best_first

DOUBTED = 3.0  # deviations, at which the score is one half
MAD_TO_DEVIATION = 1.4826  # of a normal distribution
LEAST_DEVIATION = 1e-9  # below, everything is far


def value_disagreements(
    predicted: np.ndarray, given: np.ndarray, names: Sequence[str], level: float, usual: np.ndarray
) -> list[Disagreement]:
    """Where the numbers of one example are far from the model's, best first.

    Args:
        predicted: Values and bounds (N, 3); NaN bounds where there are none.
        given: Annotated values (N,).
        names: Names of the values.
        level: The share of right values that intervals should hold.
        usual: A deviation of each value (N,), where there is no interval.

    Returns:
        One disagreement for each value that is not met.
    """
    rows = zip(names, predicted.tolist(), given.tolist(), usual.tolist(), strict=True)
    found = [doubted_value(name, tuple(bounds), right, level, spread) for name, bounds, right, spread in rows]
    return best_first([one for one in found if one is not None])


def doubted_value(
    name: str, predicted: tuple[float, float, float], given: float, level: float, usual: float
) -> Disagreement | None:
    """One value that is outside of the model's interval; None if it is inside.

    Args:
        name: What it is called.
        predicted: Value and bounds.
        given: The annotated value.
        level: The share of right values that intervals should hold.
        usual: A deviation, where there is no interval.

    Returns:
        The disagreement.
    """
    value, low, high = predicted
    half = high - value if given > value else value - low
    limit = deviations_of(level)
    z = abs(given - value) / max(usual if np.isnan(half) else half / limit, LEAST_DEVIATION)
    if not z > limit:
        return None
    return Disagreement(
        z * z / (DOUBTED * DOUBTED + z * z),
        "value",
        f"{name} is written as {given:.6g}; the model says {value:.6g}, {z:.1f} deviations away",
        f"{name} 값은 {given:.6g}, 모델의 답은 {value:.6g} (표준편차의 {z:.1f}배 차이)",
        given=f"{given:.6g}",
        predicted=f"{value:.6g}",
    )


def deviations_of(level: float) -> float:
    """Half the width of a normal interval that holds a share `level`, in deviations."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def robust_deviation(distances: np.ndarray) -> np.ndarray:
    """A deviation (N,) of distances (n, N) from predicted to annotated values, which mistakes do not move."""
    if not len(distances):
        return np.ones(distances.shape[1])
    return np.maximum(MAD_TO_DEVIATION * np.nanmedian(np.abs(distances), axis=0), LEAST_DEVIATION)
