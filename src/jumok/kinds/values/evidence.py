"""How values are scored, checked and calibrated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from jumok.data.cache.store import TextStore
from jumok.kinds.checking import Finding
from jumok.kinds.values.cells import BadNumber
from jumok.kinds.values.codec import AboutValues, readable_values
from jumok.kinds.values.prediction import ValuesPrediction
from jumok.kinds.values.state import MIN_INTERVAL_EXAMPLES, conformal_quantile
from jumok.metrics.numbers import ValueMetric, scaled_error, value_metrics
from jumok.wording import all_of


@dataclass(frozen=True)
class ValuesScoring:
    """Errors, explained variance, and the coverage of intervals."""

    about: AboutValues

    def prediction(self, value: ValuesPrediction) -> np.ndarray:
        """Values and bounds (N, 3); NaN where there are none."""
        found = np.full((len(self.about.names), 3), np.nan)
        for row, one in enumerate(value.values):
            found[row] = [np.nan if part is None else part for part in (one.value, one.low, one.high)]
        return found

    def reference(self, texts: Sequence[str], root: Path) -> np.ndarray:
        """The right values (N,); where an input has several right answers, their mean."""
        return np.mean([self.about.read(text) for text in texts], axis=0)

    @cached_property
    def _metrics(self) -> dict[str, ValueMetric]:
        return value_metrics(self.about.names)

    def metrics(self) -> dict[str, ValueMetric]:
        """The metrics by name."""
        return self._metrics

    def headline(self, references: Sequence[np.ndarray]) -> list[str]:
        """Those of all values together, and the error of each."""
        return [name for name in self._metrics if "/" not in name or name.startswith("mae/")]

    def selection_metric(self) -> ValueMetric:
        """The metric that chooses the best model."""
        return self._metrics[self.about.options.metric]

    def per_example_metric(self) -> ValueMetric:
        """The error in deviations of training, by which values of different units can be added."""
        return scaled_error(self.about.scale)


@dataclass(frozen=True)
class ValuesCheck:
    """Cells that hold no numbers, and values that are always the same."""

    about: AboutValues

    def faults(self, store: TextStore, rows: np.ndarray) -> Iterator[Finding]:
        """Cells that are no numbers, or not finite."""
        for place, text in enumerate(store.texts(self.about.name, rows)):
            try:
                self.about.read(text)
            except BadNumber as bad:
                yield Finding(place, bad.problem, bad.remedy, bad.kind)

    def remarks(self, store: TextStore, rows: np.ndarray) -> Iterator[Finding]:
        """Values that never vary, so that there is nothing to learn."""
        values = readable_values(store.texts(self.about.name, rows), self.about.name, self.about.options)
        for name, column in zip(self.about.names, values.T, strict=True):
            if len(column) and column.min() == column.max():
                problem = f"has the same {name}, {column[0]:g}, in {all_of(len(column), 'example')}"
                remedy = "there is nothing to learn; name another column, or add examples"
                yield Finding(None, problem, remedy, "constant_value")


def calibrated_values(
    about: AboutValues, predictions: list[np.ndarray], references: list[np.ndarray]
) -> AboutValues | None:
    """The same output with intervals that hold the share of these answers that was asked for.

    Split conformal prediction: bounds are moved, or stretched, by as much as makes them right for the valid part
    (Romano et al., 2019), so that a new example of the same kind lies within with that probability.

    Args:
        about: The output.
        predictions: The answers to the valid part (N, 3) each.
        references: The right answers (N,) each.

    Returns:
        The output; None where there are too few examples.
    """
    if len(predictions) < MIN_INTERVAL_EXAMPLES:
        return None
    value, low, high = np.moveaxis(np.array(predictions), 2, 0) / about.scale  # (n, N) each
    right = np.array(references) / about.scale
    if about.uncertainty.scales:
        scores = np.abs(right - value) / np.maximum(high - value, np.finfo(float).tiny)
        found = conformal_quantiles(scores, about) * np.array(about.state.calibration or 1.0)
    else:
        low, high = np.where(np.isnan(low), value, low), np.where(np.isnan(high), value, high)
        scores = np.maximum(low - right, right - high)
        found = conformal_quantiles(scores, about) + np.array(about.state.calibration or 0.0)
    if not np.isfinite(found).all():
        return None
    return replace(about, state=replace(about.state, calibration=tuple(found.tolist())))


def conformal_quantiles(scores: np.ndarray, about: AboutValues) -> np.ndarray:
    """The conformal quantile (N,) of the scores (n, N) of each value."""
    return np.array([conformal_quantile(column, about.options.interval) for column in scores.T])
