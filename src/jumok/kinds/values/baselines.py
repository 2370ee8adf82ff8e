"""Baselines of values: the mean of train, and ridge regression on summary features of the inputs."""

from functools import partial

import numpy as np

from jumok.baselines.protocol import Baseline, BaselineInputs, FittedBaseline, TrainingAnswers, always
from jumok.baselines.ridge import ridge_regression
from jumok.kinds.values.codec import AboutValues
from jumok.kinds.values.prediction import ValuesPrediction

MAX_VALUES = 200_000  # examples whose values are averaged


def values_baselines(about: AboutValues) -> list[Baseline]:
    """The baselines of a values output, each with intervals where the model has some."""
    return [
        Baseline("mean of train", partial(fit_mean, about), MAX_VALUES),
        Baseline("ridge regression", partial(fit_regression, about), uses_features=True),
    ]


def fit_mean(about: AboutValues, inputs: BaselineInputs, answers: TrainingAnswers) -> FittedBaseline:
    """Predict the mean of train, with quantiles of train as the interval.

    Args:
        about: The output.
        inputs: Not used.
        answers: The values of train.

    Returns:
        The baseline.
    """
    values = training_values(about, answers)
    low, high = np.quantile(values, interval_levels(about), axis=0)
    return always(values_with_bounds(about, values.mean(0), low, high))


def fit_regression(about: AboutValues, inputs: BaselineInputs, answers: TrainingAnswers) -> FittedBaseline:
    """Fit a ridge regression, with quantiles of its leave-one-out errors as the interval.

    Args:
        about: The output.
        inputs: Inputs of train.
        answers: Their values.

    Returns:
        The baseline.
    """
    ridge = ridge_regression(inputs.features(), training_values(about, answers))
    below, above = ridge.error_quantiles(interval_levels(about))
    return lambda asked: [
        values_with_bounds(about, row, row + below, row + above) for row in ridge(asked.features())
    ]


def interval_levels(about: AboutValues) -> np.ndarray:
    """The quantiles between which the share of values lies that intervals should hold."""
    outside = (1 - about.options.interval) / 2
    return np.array([outside, 1 - outside])


def training_values(about: AboutValues, answers: TrainingAnswers) -> np.ndarray:
    """The values (n, N) of each example."""
    return np.array([about.read(cell) for cell in answers.cells], dtype=np.float64)


def values_with_bounds(
    about: AboutValues, value: np.ndarray, low: np.ndarray, high: np.ndarray
) -> ValuesPrediction:
    """Values (N,) as a prediction, without bounds where the model gives none.

    Args:
        about: The output.
        value: The values.
        low: The lower bounds.
        high: The upper bounds.

    Returns:
        The prediction.
    """
    if about.options.uncertainty == "none":
        low = high = np.full(len(value), np.nan)
    return about.named(value, np.minimum(low, value), np.maximum(high, value))
