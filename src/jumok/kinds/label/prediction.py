"""A predicted label."""

from collections.abc import Mapping
from dataclasses import dataclass

NOTHING = "(none)"  # the text of no label


@dataclass(frozen=True)
class LabelPrediction:
    """The labels of one example: one, or several or none where a field allows that."""

    labels: tuple[str, ...]
    probabilities: Mapping[str, float]  # of each class

    @property
    def text(self) -> str:
        """The labels with commas between them."""
        return ", ".join(self.labels) or NOTHING

    @property
    def score(self) -> float:
        """The least probability of its labels; 0 without labels."""
        return min((self.probabilities[name] for name in self.labels), default=0.0)

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> dict[str, object]:
        """Labels and the probability of each class as JSON."""
        return {"text": self.text, "labels": list(self.labels), "probabilities": dict(self.probabilities)}

    def with_score_threshold(self, score: float) -> "LabelPrediction":
        """The prediction itself: its labels were chosen by the model."""
        return self
