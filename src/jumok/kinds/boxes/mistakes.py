"""Annotated boxes that are likely wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jumok.kinds.boxes.codec import Boxes
from jumok.kinds.contract import Scoring
from jumok.metrics.matching import FoundBoxes, TrueBoxes
from jumok.metrics.mistakes.box_habits import BoxHabits
from jumok.metrics.mistakes.box_measuring import measure_habits
from jumok.metrics.mistakes.boxes import box_disagreements
from jumok.metrics.mistakes.disagreement import Disagreement
from jumok.values import Memories


class RatedBoxes(NamedTuple):
    """The boxes of one image."""

    found: FoundBoxes
    true: TrueBoxes


@dataclass(frozen=True)
class BoxMistakes:
    """Missing, superfluous, misplaced and wrongly named boxes."""

    about: Boxes
    scoring: Scoring

    def rate(
        self,
        decoder: Any,
        memories: Memories,
        inputs: Mapping[str, Any],
        cells: Sequence[str],
        root: Path,
        predicted: Sequence[Any],
    ) -> list[RatedBoxes]:
        """Predicted and annotated boxes; see `MistakeFinder`."""
        return [
            RatedBoxes(self.scoring.prediction(value), self.scoring.reference([cell], root))
            for value, cell in zip(predicted, cells, strict=True)
        ]

    def usual(self, rated: Sequence[RatedBoxes]) -> BoxHabits:
        """How often the model is right."""
        return measure_habits(
            [one.found for one in rated], [one.true for one in rated], len(self.about.classes)
        )

    def find(self, rated: RatedBoxes, usual: BoxHabits | None = None) -> list[Disagreement]:
        """What is wrong with the boxes of an image."""
        return box_disagreements(rated.found, rated.true, self.about.names, usual)
