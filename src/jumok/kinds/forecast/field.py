"""Forecasts: the next steps of a series."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from jumok.kinds.contract import OutputField
from jumok.kinds.fitting import FieldContext
from jumok.kinds.forecast.baselines import forecast_baselines
from jumok.kinds.forecast.codec import ForecastCodec
from jumok.kinds.forecast.fitted import Forecast, fit_forecast, load_forecast
from jumok.kinds.forecast.head import ForecastHead
from jumok.kinds.forecast.lengths import WindowCheck
from jumok.kinds.forecast.options import ForecastOutput
from jumok.kinds.forecast.prediction import ForecastPrediction
from jumok.kinds.forecast.showing import chart_forecast
from jumok.kinds.forecast.start import ridge_start
from jumok.kinds.options import ModelOptions
from jumok.metrics.forecasts import PredictedFuture, TrueFuture, forecast_metrics
from jumok.metrics.metric import Metric
from jumok.wording import quantity


@dataclass(frozen=True)
class ForecastScoring:
    """Errors in standardized and in original units."""

    about: Forecast

    def prediction(self, value: ForecastPrediction) -> PredictedFuture:
        """Values and quantiles as arrays."""
        quantiles = [value.quantiles[level] for level in self.about.options.quantiles]
        return PredictedFuture(value.values, np.array(quantiles).reshape(-1, *value.values.shape))

    def reference(self, texts: Sequence[str], root: Path) -> TrueFuture:
        """What came."""
        return self.about.truth(texts, root)

    @cached_property
    def _metrics(self) -> dict[str, Metric[Any, Any]]:
        return dict(forecast_metrics(self.about.units, self.about.options.quantiles))

    def metrics(self) -> dict[str, Metric[Any, Any]]:
        """The metrics by name."""
        return self._metrics

    def headline(self, references: Sequence[TrueFuture]) -> list[str]:
        """All of them."""
        return list(self._metrics)

    def selection_metric(self) -> Metric[Any, Any]:
        """The metric that chooses the best model."""
        return self._metrics[self.about.options.metric]

    def per_example_metric(self) -> Metric[Any, Any]:
        """Mean squared error of one window."""
        return self._metrics["mse"]


def forecast_learning_rate(model: ModelOptions) -> float:
    """That of Nie et al., 2023, for small models, times ten for larger steps at the beginning."""
    return 1e-3


def forecast_output(about: Forecast) -> OutputField:
    """A forecast by a direct head, or by a decoder."""
    head, codec, options = ForecastHead(about), ForecastCodec(about), about.options
    channels = quantity(len(about.channels), "channel")
    return OutputField(
        name=about.name,
        kind="forecast",
        summary=f"{quantity(options.horizon, 'step')} of {channels}",
        architecture=options.head.kind,
        codec=codec,
        head=head,
        scoring=ForecastScoring(about),
        learning_rate=forecast_learning_rate,
        reads_files=True,
        is_autoregressive=False,
        required_inputs=about.required_inputs,
        chart=partial(chart_forecast, about.name, about.past),
        replay=head.replay,
        program=head.program,
        baselines=forecast_baselines(about),
        check=WindowCheck(about.past) if about.past is not None and options.head.reads_one_length else None,
        start=partial(ridge_start, head) if options.head.start == "ridge" else None,
        reference_page=codec.reference_page,
    )


def fit_output(name: str, options: ForecastOutput, context: FieldContext) -> OutputField:
    """Learn channels and units."""
    return forecast_output(fit_forecast(name, options, context))


def load_output(name: str, options: ForecastOutput, context: FieldContext, folder: Path) -> OutputField:
    """The output of a saved model."""
    return forecast_output(load_forecast(name, options, folder))
