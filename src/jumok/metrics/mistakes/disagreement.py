"""One place where an annotation and a prediction disagree."""

from dataclasses import dataclass
from typing import Any

Corners = tuple[float, float, float, float]  # x1, y1, x2, y2


@dataclass(frozen=True)
class Disagreement:
    """What may be wrong with an annotation, and where."""

    score: float  # 0 to 1, how likely it is a mistake
    kind: str  # missed, spurious, wrong_class, misplaced, duplicate, region, label, text or value
    en: str  # what is wrong, as a sentence without its point
    ko: str
    box: Corners | None = None  # where, in pixels of the image as it is shown
    given: str = ""  # what is annotated
    predicted: str = ""  # what the model says

    def to_json(self) -> dict[str, Any]:
        """Score, kind, sentences and place as JSON."""
        place = None if self.box is None else [round(edge, 2) for edge in self.box]
        return {
            "score": round(self.score, 6),
            "kind": self.kind,
            "what": {"en": self.en, "ko": self.ko},
            "box": place,
            "given": self.given,
            "predicted": self.predicted,
        }


def best_first(found: list[Disagreement]) -> list[Disagreement]:
    """Disagreements by descending score; of equals, in an order that does not depend on how they were found."""
    return sorted(found, key=lambda one: (-one.score, one.kind, one.box or (), one.en))


def percent(share: float) -> str:
    """A probability as a person reads it; never 100 % of what is not certain."""
    return f"{min(99, round(100 * share)) if share < 1 else 100} %"
