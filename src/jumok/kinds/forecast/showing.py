"""A forecast as a chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jumok.drawing.charts import ForecastLines, draw_forecast
from jumok.kinds.forecast.fitted import Past
from jumok.kinds.forecast.prediction import ForecastPrediction

if TYPE_CHECKING:
    from PIL import Image


def chart_forecast(
    name: str,
    past: Past | None,
    value: ForecastPrediction,
    truth: ForecastPrediction | None,
    inputs: Mapping[str, Mapping[str, Any]],
) -> Image.Image:
    """Draw the past, the forecast with its interval, and what came if that is known.

    Args:
        name: The name of the output.
        past: The input that goes on.
        value: The forecast.
        truth: What came.
        inputs: Each input as a page shows it.

    Returns:
        The chart.
    """
    shown = None if past is None else inputs[past.name]
    bounds = list(value.quantiles.values())
    channels = []
    for i, channel in enumerate(value.channels):
        steps, values = past_line(shown, channel)
        channels.append(
            ForecastLines(
                channel,
                steps,
                values,
                value.values[:, i],
                None if truth is None else truth.values[:, i],
                bounds[0][:, i] if len(bounds) > 1 else None,
                bounds[-1][:, i] if len(bounds) > 1 else None,
            )
        )
    return draw_forecast(channels, name)


def past_line(shown: Mapping[str, Any] | None, channel: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps (P,) of the past, of which 0 is the last, and the values (P,) of a channel."""
    if shown is None or channel not in shown["channels"]:
        return np.zeros(0), np.zeros(0)
    steps = np.array(shown["steps"], dtype=np.float64) - shown["length"] + 1
    return steps, np.array(shown["values"][shown["channels"].index(channel)], dtype=np.float64)
