"""Labels that are likely wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from jumok.kinds.contract import Scoring
from jumok.kinds.label.codec import AboutLabel
from jumok.kinds.mistakes import AnnotatedBatch
from jumok.metrics.labels import Label
from jumok.metrics.mistakes.disagreement import Disagreement
from jumok.metrics.mistakes.labels import label_disagreements


class RatedLabel(NamedTuple):
    """The label of one example beside the probabilities of all classes (C,)."""

    probabilities: np.ndarray
    label: Label


@dataclass(frozen=True)
class LabelMistakes:
    """Labels that the model holds less probable than another."""

    about: AboutLabel
    scoring: Scoring

    def rate(self, decoder: Any, batch: AnnotatedBatch) -> list[RatedLabel]:
        """Probabilities and labels; see `MistakeFinder`."""
        return [
            RatedLabel(self.scoring.prediction(value).probabilities, self.about.cells.label(cell))
            for value, cell in zip(batch.predicted, batch.cells, strict=True)
        ]

    def usual(self, rated: Sequence[RatedLabel]) -> None:
        """Nothing: margins of calibrated probabilities are comparable as they are."""

    def find(self, rated: RatedLabel, usual: None = None) -> list[Disagreement]:
        """What is wrong with the label of an example."""
        return label_disagreements(
            rated.probabilities, rated.label, self.about.names, self.about.options.several
        )
