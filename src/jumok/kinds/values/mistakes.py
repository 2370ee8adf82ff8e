"""Numbers that are likely wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from jumok.kinds.contract import Scoring
from jumok.kinds.mistakes import AnnotatedBatch
from jumok.kinds.values.codec import AboutValues
from jumok.metrics.mistakes.disagreement import Disagreement
from jumok.metrics.mistakes.values import robust_deviation, value_disagreements


class RatedValues(NamedTuple):
    """Predicted values and bounds (N, 3) beside annotated values (N,)."""

    predicted: np.ndarray
    given: np.ndarray


@dataclass(frozen=True)
class ValueMistakes:
    """Numbers that are far from the model's."""

    about: AboutValues
    scoring: Scoring

    def rate(self, decoder: Any, batch: AnnotatedBatch) -> list[RatedValues]:
        """Predicted and annotated values; see `MistakeFinder`."""
        return [
            RatedValues(self.scoring.prediction(value), self.scoring.reference([cell], batch.root))
            for value, cell in zip(batch.predicted, batch.cells, strict=True)
        ]

    def usual(self, rated: Sequence[RatedValues]) -> np.ndarray:
        """A deviation of each value (N,)."""
        return robust_deviation(np.array([one.predicted[:, 0] - one.given for one in rated]))

    def find(self, rated: RatedValues, usual: np.ndarray | None = None) -> list[Disagreement]:
        """What is far off among the values of an example."""
        deviation = self.about.scale if usual is None else usual
        level = self.about.options.interval
        return value_disagreements(rated.predicted, rated.given, self.about.names, level, deviation)
