"""Baselines of labels: how frequent the classes are, and linear classifiers on summary features of the inputs."""

from collections.abc import Callable
from functools import partial

import numpy as np

from jumok.baselines.classifiers import (
    LinearClassifier,
    linear_discriminant,
    nearest_centroid,
)
from jumok.baselines.protocol import Baseline, BaselineInputs, FittedBaseline, TrainingAnswers, always
from jumok.baselines.ridge import ridge_regression
from jumok.kinds.label.calibration import EVEN
from jumok.kinds.label.codec import AboutLabel
from jumok.kinds.label.prediction import LabelPrediction

MAX_LABELS = 200_000  # that are counted

ClassifierFit = Callable[[np.ndarray, np.ndarray, int], LinearClassifier]


def label_baselines(about: AboutLabel) -> list[Baseline]:
    """The baselines of a label output; where there may be several labels, each class is predicted by itself."""
    if about.options.several:
        return [
            Baseline("frequency of each class", partial(fit_shares, about), MAX_LABELS),
            Baseline("ridge regression of each class", partial(fit_classes, about), uses_features=True),
        ]
    return [
        Baseline("majority class", partial(fit_shares, about), MAX_LABELS),
        Baseline("nearest centroid", partial(fit_classifier, about, nearest_centroid), uses_features=True),
        Baseline(
            "linear discriminant", partial(fit_classifier, about, linear_discriminant), uses_features=True
        ),
    ]


def fit_shares(about: AboutLabel, inputs: BaselineInputs, answers: TrainingAnswers) -> FittedBaseline:
    """Predict the share of train that each class has, whatever the input.

    Args:
        about: The output.
        inputs: Not used.
        answers: The labels of train.

    Returns:
        The baseline.
    """
    return always(label_by(about, presence(about, answers).mean(0)))


def fit_classifier(
    about: AboutLabel, fit: ClassifierFit, inputs: BaselineInputs, answers: TrainingAnswers
) -> FittedBaseline:
    """Fit a classifier on the summary features of the inputs.

    Args:
        about: The output.
        fit: Fits features (n, F) to labels (n,).
        inputs: Inputs of train.
        answers: Their labels.

    Returns:
        The baseline.
    """
    labels = presence(about, answers).argmax(1)
    classifier = fit(inputs.features(), labels, len(about.names))
    return lambda asked: [label_by(about, row) for row in classifier.probabilities(asked.features())]


def fit_classes(about: AboutLabel, inputs: BaselineInputs, answers: TrainingAnswers) -> FittedBaseline:
    """Fit a ridge regression of 1 for examples with a class and 0 for those without; clipped, it is a probability.

    Args:
        about: The output.
        inputs: Inputs of train.
        answers: Their labels.

    Returns:
        The baseline.
    """
    ridge = ridge_regression(inputs.features(), presence(about, answers).astype(np.float64))
    return lambda asked: [label_by(about, row) for row in ridge(asked.features()).clip(0.0, 1.0)]


def presence(about: AboutLabel, answers: TrainingAnswers) -> np.ndarray:
    """Which classes each example has (n, C)."""
    found = np.zeros((len(answers.cells), len(about.names)), dtype=bool)
    for row, cell in enumerate(answers.cells):
        found[row, list(about.cells.label(cell))] = True
    return found


def label_by(about: AboutLabel, probabilities: np.ndarray) -> LabelPrediction:
    """The labels that probabilities (C,) choose; of several, those above a half: thresholds are for the model."""
    chosen = about.mode.choose(probabilities, (EVEN,) * len(about.names))
    return about.named(chosen, probabilities)
