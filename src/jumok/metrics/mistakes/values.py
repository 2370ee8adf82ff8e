"""Numbers that are far from the model's, in units of its uncertainty.

z is the distance of the annotated value from the predicted one over the standard deviation that the model's interval
stands for; where it gives no interval, over a robust deviation of all distances (1.4826 times their median; Rousseeuw &
Croux, 1993). The score is z² / (9 + z²): 1/2 at three deviations.
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
    found = []
    for name, (value, low, high), right, deviation in zip(
        names, predicted.tolist(), given.tolist(), usual.tolist(), strict=True
    ):
        half = (high - value) if right > value else (value - low)
        spread = deviation if np.isnan(half) else half / deviations_of(level)
        z = abs(right - value) / max(spread, LEAST_DEVIATION)
        if not z > 0:
            continue
        found.append(
            Disagreement(
                z * z / (DOUBTED * DOUBTED + z * z),
                "value",
                f"{name} is written as {right:.6g}; the model says {value:.6g}, {z:.1f} deviations away",
                f"{name} 값은 {right:.6g}, 모델의 답은 {value:.6g} (표준편차의 {z:.1f}배 차이)",
                given=f"{right:.6g}",
                predicted=f"{value:.6g}",
            )
        )
    return best_first(found)


def deviations_of(level: float) -> float:
    """Half the width of a normal interval that holds a share `level`, in deviations."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def robust_deviation(distances: np.ndarray) -> np.ndarray:
    """A deviation (N,) of distances (n, N) from predicted to annotated values, which mistakes do not move."""
    if not len(distances):
        return np.ones(distances.shape[1])
    return np.maximum(MAD_TO_DEVIATION * np.nanmedian(np.abs(distances), axis=0), LEAST_DEVIATION)
