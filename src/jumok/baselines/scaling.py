"""Features of mean 0 and deviation 1, as linear baselines need them."""

from typing import NamedTuple, Self

import numpy as np

CONSTANT = 1e-9  # a deviation below it, relative to the size of the feature, is rounding


class FeatureScale(NamedTuple):
    """The mean and the deviation of features on train."""

    mean: np.ndarray  # (F,)
    deviation: np.ndarray  # (F,), 1 of constant features

    @classmethod
    def of(cls, features: np.ndarray) -> Self:
        """Measure features (n, F)."""
        mean, deviation = features.mean(0), features.std(0)
        constant = deviation <= CONSTANT * np.maximum(np.abs(mean), 1e-12)
        return cls(mean, np.where(constant, 1.0, deviation))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Scale features (n, F)."""
        return np.asarray((features - self.mean) / self.deviation)
