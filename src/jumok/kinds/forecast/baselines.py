"""Baselines of forecasts: the last value, the last season, the mean of seasons, and ridge regression on the past."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jumok.baselines.protocol import Baseline, BaselineInputs, FittedBaseline, TrainingAnswers
from jumok.data.series.forecasting import fit_ridge, repeat_last, seasonal_mean, seasonal_naive
from jumok.data.series.signal import Series
from jumok.errors import DataError
from jumok.kinds.forecast.fitted import Forecast, Past, is_part_of_table, read_part
from jumok.kinds.forecast.prediction import ForecastPrediction

WINDOWS_AT_ONCE = 512  # windows that are held together
MAX_WINDOWS = 20_000  # of train that ridge is fitted on
MAX_ERRORS = 1_000  # windows of train whose errors give the quantiles of a baseline
MOST_SEASONS = 7  # that are averaged: of hours, those of a week

Forecaster = Callable[[np.ndarray], np.ndarray]  # past (N, L, C) to future (N, H, C), standardized


class WindowPairs(NamedTuple):
    """Windows of a series, standardized: nothing of them is missing."""

    past: np.ndarray  # (N, L, C)
    future: np.ndarray | None  # (N, H, C)


def forecast_baselines(about: Forecast) -> list[Baseline]:
    """The baselines of a forecast; none where it goes on with no input."""
    if about.past is None:
        return []
    horizon, season = about.options.horizon, about.options.season
    seasons = min(MOST_SEASONS, about.past.steps // season)
    known: dict[str, Forecaster] = {"last value": partial(repeat_last, horizon=horizon)}
    if season > 1 and seasons:
        known["last season"] = partial(seasonal_naive, horizon=horizon, season=season)
    if season > 1 and seasons > 1:
        known[f"mean of {seasons} seasons"] = partial(
            seasonal_mean, horizon=horizon, season=season, seasons=seasons
        )
    needed = MAX_ERRORS if about.options.quantiles else 0
    return [
        *(Baseline(name, partial(fit_fixed, about, one), needed) for name, one in known.items()),
        Baseline("ridge regression", partial(fit_linear, about), MAX_WINDOWS),
    ]


def fit_fixed(
    about: Forecast, forecaster: Forecaster, inputs: BaselineInputs, answers: TrainingAnswers
) -> FittedBaseline:
    """A forecaster that has nothing to learn but its errors on train, for quantiles.

    Args:
        about: The output.
        forecaster: What it forecasts.
        inputs: Inputs of train.
        answers: What came.

    Returns:
        The baseline.
    """
    return partial(answer_windows, about, forecaster, error_quantiles(about, forecaster, inputs, answers))


def fit_linear(about: Forecast, inputs: BaselineInputs, answers: TrainingAnswers) -> FittedBaseline:
    """Ridge regression from the past of a channel to its future, in closed form.

    Args:
        about: The output.
        inputs: Inputs of train.
        answers: What came.

    Returns:
        The baseline.
    """
    pairs = ((one.past, one.future) for one in read_windows(about, inputs, answers) if one.future is not None)
    return fit_fixed(about, fit_ridge(pairs), inputs, answers)


def answer_windows(
    about: Forecast, forecaster: Forecaster, errors: np.ndarray, asked: BaselineInputs
) -> list[ForecastPrediction]:
    """What a forecaster forecasts, with quantiles where the model has them.

    Args:
        about: The output.
        forecaster: The forecaster.
        errors: (Q, H, C), what is added to the forecast for each quantile, standardized.
        asked: The inputs.

    Returns:
        The forecasts.
    """
    found = []
    for windows in read_windows(about, asked):
        for values in forecaster(windows.past):
            bounds = zip(about.options.quantiles, (values + errors) * about.scale + about.center, strict=True)
            found.append(
                ForecastPrediction(about.channels, values * about.scale + about.center, dict(bounds))
            )
    return found


def error_quantiles(
    about: Forecast, forecaster: Forecaster, inputs: BaselineInputs, answers: TrainingAnswers
) -> np.ndarray:
    """The quantiles (Q, H, C) of what came less what was forecast, on windows of train, standardized.

    Args:
        about: The output.
        forecaster: The forecaster.
        inputs: Inputs of train.
        answers: What came.

    Returns:
        The quantiles; none where the model has none.
    """
    levels, shape = list(about.options.quantiles), (about.options.horizon, len(about.channels))
    if not levels:
        return np.zeros((0, *shape))
    errors: list[np.ndarray] = []
    for windows in read_windows(about, inputs, answers):
        if windows.future is not None and sum(map(len, errors)) < MAX_ERRORS:
            errors.append(windows.future - forecaster(windows.past))
    if not errors:
        raise DataError("there are no windows of train to take errors from")
    return np.quantile(np.concatenate(errors), levels, axis=0)


def read_windows(
    about: Forecast, inputs: BaselineInputs, answers: TrainingAnswers | None = None
) -> Iterator[WindowPairs]:
    """The windows of examples, some at a time.

    Args:
        about: The output.
        inputs: The inputs of the examples.
        answers: What came, if it is known.

    Yields:
        WindowPairs of the same length.
    """
    past = about.past
    if past is None:
        return
    held: list[np.ndarray] = []
    first = 0
    for value in inputs.values(past.name):
        inputs.check_time()
        held.append(filled(about.standardize(past_values(about, past, value)), past.steps))
        if len(held) == WINDOWS_AT_ONCE:
            yield WindowPairs(np.stack(held), futures(about, answers, first, len(held)))
            first, held = first + len(held), []
    if held:
        yield WindowPairs(np.stack(held), futures(about, answers, first, len(held)))


def past_values(about: Forecast, past: Past, value: Series | str) -> np.ndarray:
    """The past (L, C) of the channels that are forecast, in the units of the data.

    Args:
        about: The output.
        past: The input that it goes on with.
        value: A parsed value of this input.

    Returns:
        The past.
    """
    if isinstance(value, str) and is_part_of_table(value):
        return read_part(value, Path(), about.channels).values
    series = read_part(value, Path(), None) if isinstance(value, str) else value
    return series.values[:, list(past.places)]


def filled(values: np.ndarray, steps: int) -> np.ndarray:
    """Standardized values (T, C) as the last `steps` of them: a missing one is as the one before, or the mean, 0."""
    begin = np.zeros((1, values.shape[1]), dtype=values.dtype)
    values = np.concatenate((begin, values))
    known = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])  # (T + 1, C)
    values = np.take_along_axis(values, np.maximum.accumulate(known), axis=0)[1:][-steps:]
    return np.concatenate((np.repeat(begin, steps - len(values), axis=0), values))


def futures(about: Forecast, answers: TrainingAnswers | None, first: int, count: int) -> np.ndarray | None:
    """What came (N, H, C), standardized; a value that was not measured is as the one before.

    Args:
        about: The output.
        answers: The answers.
        first: The first one.
        count: How many.

    Returns:
        None where nothing is known.
    """
    if answers is None:
        return None
    cells = answers.cells[first : first + count]
    steps = about.options.horizon
    return np.stack(
        [filled(about.standardize(about.read(cell, answers.root).values), steps) for cell in cells]
    )
