"""What is usual of a model that finds boxes: how often they are right, how well they fit, how many objects it finds."""

from dataclasses import dataclass

import numpy as np

USUAL_OVERLAP = 0.8  # IoU of an object with its prediction, where nothing was measured


@dataclass(frozen=True)
class ScoreHabit:
    """How often predictions of some class are right, by their score: a step function that never falls."""

    scores: np.ndarray  # (k,), rising
    rates: np.ndarray  # (k,), the share of right ones at each score

    def chances(self, scores: np.ndarray) -> np.ndarray:
        """The probability of being right for each score."""
        if not len(self.scores):
            return scores
        return np.interp(scores, self.scores, self.rates)


@dataclass(frozen=True)
class BoxHabits:
    """What is usual of each class; empty where nothing was measured."""

    rates: tuple[ScoreHabit, ...] = ()  # by class
    overlaps: np.ndarray | None = None  # (C,), the median IoU of an object with its prediction
    recalls: np.ndarray | None = None  # (C,), the share of objects that are found

    def chances(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """How probably predictions (n,) are right."""
        if not self.rates:
            return scores
        found = np.empty(len(scores))
        for label in np.unique(labels).tolist():
            rows = labels == label
            found[rows] = self.rates[label].chances(scores[rows])
        return found

    def usual_overlap(self, labels: np.ndarray) -> np.ndarray:
        """The usual IoU of objects of these classes (m,) with their predictions."""
        return np.full(len(labels), USUAL_OVERLAP) if self.overlaps is None else self.overlaps[labels]

    def recall(self, labels: np.ndarray) -> np.ndarray:
        """The share of objects of these classes (m,) that the model finds."""
        return np.ones(len(labels)) if self.recalls is None else self.recalls[labels]


UNMEASURED = BoxHabits()
