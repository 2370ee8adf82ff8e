"""Classifiers that are fitted in closed form, on summary features: nearest centroid and linear discriminant."""

from typing import NamedTuple

import numpy as np

from jumok.baselines.scaling import FeatureScale


class LinearClassifier(NamedTuple):
    """A classifier whose log-probabilities are linear in scaled features, up to a constant."""

    scale: FeatureScale
    weights: np.ndarray  # (F, C)
    bias: np.ndarray  # (C,)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """The probability (n, C) of each class for features (n, F)."""
        logits = self.scale(features) @ self.weights + self.bias
        found = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(found / found.sum(axis=1, keepdims=True))


def class_shares(labels: np.ndarray, classes: int) -> np.ndarray:
    """The share (C,) of examples of each class, of labels (n,)."""
    return np.bincount(labels, minlength=classes) / max(1, len(labels))


def nearest_centroid(features: np.ndarray, labels: np.ndarray, classes: int) -> LinearClassifier:
    """Fit the nearest centroid: every class has the same spherical distribution around its mean.

    The variance of that distribution is the mean one within classes, so that probabilities are Gaussian ones with
    equal priors; the most probable class is the one with the nearest centroid.

    Args:
        features: (n, F).
        labels: (n,), numbers of classes.
        classes: Number of classes; one without an example is never predicted.

    Returns:
        The classifier.
    """
    scale = FeatureScale.of(features)
    scaled = scale(features)
    centroids, present = class_means(scaled, labels, classes)  # (C, F), (C,)
    variance = max(float(((scaled - centroids[labels]) ** 2).mean()), 1e-12)
    bias = -(centroids**2).sum(1) / (2 * variance)
    return LinearClassifier(scale, centroids.T / variance, np.where(present, bias, -np.inf))


def linear_discriminant(features: np.ndarray, labels: np.ndarray, classes: int) -> LinearClassifier:
    """Fit a linear discriminant (Fisher, 1936): every class is Gaussian, all with one covariance.

    The covariance within classes is shrunk towards a multiple of the identity (Ledoit & Wolf, 2004), so that there
    may be more features than examples.

    Args:
        features: (n, F).
        labels: (n,), numbers of classes.
        classes: Number of classes; one without an example is never predicted.

    Returns:
        The classifier.
    """
    scale = FeatureScale.of(features)
    scaled = scale(features)
    means, present = class_means(scaled, labels, classes)  # (C, F), (C,)
    weights = np.linalg.solve(shrunk_covariance(scaled - means[labels]), means.T)  # (F, C)
    with np.errstate(divide="ignore"):
        prior = np.log(class_shares(labels, classes))
    bias = prior - (means.T * weights).sum(0) / 2
    return LinearClassifier(scale, weights, np.where(present, bias, -np.inf))


def class_means(features: np.ndarray, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean (C, F) of the features of each class, 0 where it has no example, and whether it has one (C,)."""
    counts = np.bincount(labels, minlength=classes)
    means = np.zeros((classes, features.shape[1]))
    for number in np.flatnonzero(counts):
        means[number] = features[labels == number].mean(0)
    return means, counts > 0


def shrunk_covariance(centered: np.ndarray) -> np.ndarray:
    """The covariance (F, F) of centered features (n, F), shrunk by the rule of Ledoit & Wolf (2004).

    With S the covariance and m its mean diagonal, it is (1 - r) S + r m I, where r minimizes the expected squared
    error.
    """
    n, f = centered.shape
    covariance = centered.T @ centered / n
    mean = float(np.trace(covariance)) / f
    squared = float((covariance**2).sum())
    spread = float(((centered**2).sum(1) ** 2).sum()) / n  # mean squared norm of the outer products
    distance = squared - f * mean**2
    share = min(1.0, (spread - squared) / n / distance) if distance > 0 else 1.0
    floor = 1e-9 * max(mean, 1e-9)  # constant features would make it singular
    return np.asarray((1 - share) * covariance + (share * mean + floor) * np.eye(f))
