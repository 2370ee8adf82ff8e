"""A forecast: the next steps of some channels, perhaps with quantiles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SIGNIFICANT_DIGITS = 6  # of numbers in JSON


@dataclass(frozen=True)
class ForecastPrediction:
    """The next steps of a series, in the units of the data."""

    channels: tuple[str, ...]
    values: np.ndarray  # (H, C); NaN where a right answer was not measured
    quantiles: Mapping[float, np.ndarray] = field(default_factory=dict)  # (H, C) by level

    @property
    def text(self) -> str:
        """The first and the last value of each channel, like "OT 8.1 … 9.4"."""
        if not len(self.values):
            return ""
        ends = zip(self.channels, self.values[0].tolist(), self.values[-1].tolist(), strict=True)
        return ", ".join(f"{name} {first:.4g} … {last:.4g}" for name, first, last in ends)

    def to_json(self) -> dict[str, Any]:
        """Channels, the numbers of the steps from 1, and values and quantiles by channel, as JSON."""
        quantiles = {f"{level:g}": by_channel(values) for level, values in self.quantiles.items()}
        return {
            "text": self.text,
            "channels": list(self.channels),
            "steps": list(range(1, len(self.values) + 1)),
            "values": by_channel(self.values),
            **({"quantiles": quantiles} if quantiles else {}),
        }

    def with_score_threshold(self, score: float) -> "ForecastPrediction":
        """The prediction itself: forecasts have no scores."""
        return self


def by_channel(values: np.ndarray) -> list[list[float | None]]:
    """Values (H, C) as a list for each channel; None where nothing was measured."""
    return [[measured_number(value) for value in channel] for channel in values.T.tolist()]


def measured_number(value: float) -> float | None:
    """A number with as many digits as 32 bits hold, as JSON has it; None for NaN."""
    return None if np.isnan(value) else float(f"{value:.{SIGNIFICANT_DIGITS}g}")
