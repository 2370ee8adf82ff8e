"""The closed forms against other ways to compute the same, and against what they must be invariant to."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.stats import multivariate_normal

from jumok.baselines.classifiers import (
    class_shares,
    linear_discriminant,
    nearest_centroid,
    shrunk_covariance,
)
from jumok.baselines.neighbours import nearest_neighbours
from jumok.baselines.ridge import ridge_regression
from jumok.baselines.scaling import FeatureScale


def drawn(n: int = 60, f: int = 5, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.integers(classes, size=n)
    features = (
        random.normal(size=(n, f)) @ random.normal(size=(f, f)) + 2 * random.normal(size=(classes, f))[labels]
    )
    return features, labels


def test_a_discriminant_is_bayes_rule_with_gaussians_of_one_covariance():
    features, labels = drawn()
    fitted = linear_discriminant(features, labels, 3)
    scaled = fitted.scale(features)
    means = np.stack([scaled[labels == c].mean(0) for c in range(3)])
    covariance = shrunk_covariance(scaled - means[labels])
    joint = np.stack(
        [
            class_shares(labels, 3)[c] * multivariate_normal(means[c], covariance).pdf(scaled)
            for c in range(3)
        ],
        axis=1,
    )
    assert_allclose(fitted.probabilities(features), joint / joint.sum(1, keepdims=True), rtol=1e-8)


def test_shrinkage_is_that_of_ledoit_and_wolf():
    """Term by term as section 3.3 of their paper has it, with the norm |A|² = tr(AAᵀ) / F."""
    centered = np.random.default_rng(1).normal(size=(12, 7)) * np.arange(1, 8)
    centered -= centered.mean(0)
    n, f = centered.shape
    covariance = centered.T @ centered / n
    m = np.trace(covariance) / f
    d2 = ((covariance - m * np.eye(f)) ** 2).sum() / f
    outer = [np.outer(row, row) - covariance for row in centered]
    b2 = min(d2, sum((one**2).sum() / f for one in outer) / n**2)
    expected = b2 / d2 * m * np.eye(f) + (d2 - b2) / d2 * covariance
    assert 0.05 < b2 / d2 < 0.95
    assert_allclose(shrunk_covariance(centered), expected, rtol=1e-6)


@pytest.mark.parametrize("fit", [linear_discriminant, nearest_centroid])
def test_a_classifier_minds_neither_units_nor_origins(fit):
    features, labels = drawn()
    other = features * np.array([1e-3, 10.0, 1.0, 300.0, 7.0]) + np.arange(5.0)
    assert_allclose(
        fit(features, labels, 3).probabilities(features),
        fit(other, labels, 3).probabilities(other),
        rtol=1e-6,
    )


def test_the_nearest_centroid_is_the_most_probable():
    features, labels = drawn()
    fitted = nearest_centroid(features, labels, 3)
    scaled = fitted.scale(features)
    centroids = np.stack([scaled[labels == c].mean(0) for c in range(3)])
    assert (fitted.probabilities(features).argmax(1) == cdist(scaled, centroids).argmin(1)).all()


@pytest.mark.parametrize("fit", [linear_discriminant, nearest_centroid])
def test_a_class_without_an_example_is_never_predicted(fit):
    features, labels = drawn(classes=2)
    found = fit(np.hstack([features, np.ones((60, 1))]), labels, 4)  # a constant feature does no harm
    probabilities = found.probabilities(np.hstack([features, np.ones((60, 1))]))
    assert (probabilities[:, 2:] == 0).all()
    assert_allclose(probabilities.sum(1), 1)


@pytest.mark.parametrize("f", [4, 40])  # fewer features than examples, and more
def test_ridge_is_the_minimum_of_its_loss(f):
    random = np.random.default_rng(2)
    features, targets = random.normal(size=(20, f)) + 3, random.normal(size=(20, 2)) + 5
    penalty = 0.3
    fitted = ridge_regression(features, targets, np.array([penalty]))
    scaled = FeatureScale.of(features)(features)

    def loss(flat: np.ndarray) -> float:
        weights, intercept = flat[:-1], flat[-1]
        errors = targets[:, 0] - scaled @ weights - intercept
        return float((errors**2).sum() + 20 * penalty * (weights**2).sum())

    best = minimize(loss, np.zeros(f + 1), method="BFGS", options={"gtol": 1e-9}).x
    assert_allclose(fitted(features)[:, 0], scaled @ best[:-1] + best[-1], atol=1e-4)


@pytest.mark.parametrize("f", [4, 40])
def test_leave_one_out_is_what_leaving_out_gives(f):
    random = np.random.default_rng(3)
    features, targets = random.normal(size=(15, f)), random.normal(size=(15, 2))
    features = FeatureScale.of(features)(features)
    fitted = ridge_regression(features, targets, np.array([0.1]))
    for i in range(15):
        kept = np.arange(15) != i
        x = np.hstack([features[kept], np.ones((14, 1))])
        penalty = np.diag([15 * 0.1] * f + [0.0])
        weights = np.linalg.solve(x.T @ x + penalty, x.T @ targets[kept])
        assert_allclose(fitted.errors[i], targets[i] - np.append(features[i], 1.0) @ weights, atol=1e-8)


def test_the_penalty_is_the_one_with_the_least_error_of_each_target():
    random = np.random.default_rng(4)
    features = random.normal(size=(40, 30))
    clear, noise = features @ random.normal(size=30), random.normal(size=40)
    fitted = ridge_regression(features, np.stack([clear, noise], axis=1))
    assert fitted.penalties[0] < fitted.penalties[1]
    for penalty in (0.01, 0.1, 1.0, 10.0):
        other = ridge_regression(features, np.stack([clear, noise], axis=1), np.array([penalty]))
        assert ((fitted.errors**2).mean(0) <= (other.errors**2).mean(0) + 1e-12).all()
    assert_allclose(fitted.error_quantiles(np.array([0.5])), np.median(fitted.errors, axis=0)[None])


def test_constant_features_predict_the_mean():
    fitted = ridge_regression(np.ones((6, 3)), np.arange(12.0).reshape(6, 2))
    assert_allclose(fitted(np.ones((2, 3))), [[5, 6], [5, 6]])


def test_the_nearest_is_the_nearest(monkeypatch):
    random = np.random.default_rng(5)
    features, others = random.normal(size=(11, 3)), random.normal(size=(7, 3))
    expected = cdist(features, others).argmin(1)
    assert (nearest_neighbours(features, others) == expected).all()
    monkeypatch.setattr("jumok.baselines.neighbours.MAX_DISTANCES", 14)
    assert (nearest_neighbours(features, others) == expected).all()
    assert len(nearest_neighbours(features[:0], others)) == 0
