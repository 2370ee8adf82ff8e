"""Predicted values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PredictedValue:
    """One value with the bounds of its interval, if there is one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, object]:
        """Name, value and bounds as JSON."""
        return {"name": self.name, "value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class ValuesPrediction:
    """The values of one example, in their order; none for an empty input."""

    values: tuple[PredictedValue, ...]

    @property
    def text(self) -> str:
        """The value, of several with their names, like "width 3.2, height 4"."""
        if len(self.values) == 1:
            return f"{self.values[0].value:.6g}"
        return ", ".join(f"{one.name} {one.value:.6g}" for one in self.values)

    @property
    def intervals(self) -> list[tuple[str, float, float]]:
        """The name and the bounds of each value that has an interval."""
        return [
            (one.name, one.low, one.high)
            for one in self.values
            if one.low is not None and one.high is not None
        ]

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> dict[str, object]:
        """The values with their intervals as JSON."""
        return {"text": self.text, "values": [one.to_json() for one in self.values]}

    def with_score_threshold(self, score: float) -> "ValuesPrediction":
        """The prediction itself: values have no score."""
        return self
