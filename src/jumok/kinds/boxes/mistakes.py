"""Annotated boxes that are likely wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from jumok.kinds.boxes.codec import Boxes
from jumok.kinds.contract import Scoring
from jumok.kinds.mistakes import AnnotatedBatch
from jumok.metrics.matching import FoundBoxes, TrueBoxes
from jumok.metrics.mistakes.box_habits import BoxHabits
from jumok.metrics.mistakes.box_measuring import measure_habits
from jumok.metrics.mistakes.boxes import box_disagreements
from jumok.metrics.mistakes.disagreement import Disagreement


class RatedBoxes(NamedTuple):
    """The boxes of one image."""

    found: FoundBoxes
    true: TrueBoxes


@dataclass(frozen=True)
class BoxMistakes:
    """Missing, superfluous, misplaced and wrongly named boxes."""

    about: Boxes
    scoring: Scoring

    def rate(self, decoder: Any, batch: AnnotatedBatch) -> list[RatedBoxes]:
        """Predicted and annotated boxes; see `MistakeFinder`."""
        return [
            RatedBoxes(self.scoring.prediction(value), self.scoring.reference([cell], batch.root))
            for value, cell in zip(batch.predicted, batch.cells, strict=True)
        ]

    def usual(self, rated: Sequence[RatedBoxes]) -> BoxHabits:
        """How often the model is right."""
        return measure_habits(
            [one.found for one in rated], [one.true for one in rated], len(self.about.classes)
        )

    def find(self, rated: RatedBoxes, usual: BoxHabits | None = None) -> list[Disagreement]:
        """What is wrong with the boxes of an image."""
        return box_disagreements(rated.found, rated.true, self.about.names, usual)
