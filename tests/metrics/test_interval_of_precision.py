"""Intervals of scores that resamples lift: they hold the score itself, and the truth more often than percentiles."""

import numpy as np
import pytest
from coco_scores import NAMES, made_images
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.metrics import box_metrics, compare_texts, evaluate_texts, mask_metrics
from jumok.metrics.interval import confidence_bounds, resample_counts
from jumok.metrics.matching import THRESHOLDS
from jumok.metrics.precision import PrecisionRecall

few = settings(max_examples=25, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


@few
@given(seed=seeds, images=st.integers(1, 9), sure=st.floats(0.05, 0.9))
def test_every_score_of_boxes_lies_in_its_interval(seed: int, images: int, sure: float) -> None:
    found, true = made_images(seed, images)
    other, _ = made_images(seed + 1, images)
    metrics = list(box_metrics(NAMES, sure).values())
    for name, one in evaluate_texts(found, true, metrics, resamples=40).items():
        assert 0 <= one.low <= one.value <= one.high <= 1, name
    for name, one in compare_texts(found, other, true, metrics, resamples=40).items():
        assert one.low <= one.difference <= one.high, name


@few
@given(seed=seeds, images=st.integers(1, 6))
def test_every_score_of_masks_lies_in_its_interval(seed: int, images: int) -> None:
    random = np.random.default_rng(seed)
    found = [random.integers(0, 3, (4, 5)) for _ in range(images)]
    true = [random.integers(-1, 3, (4, 5)) for _ in range(images)]
    for name, one in evaluate_texts(found, true, list(mask_metrics("abc").values()), resamples=40).items():
        assert 0 <= one.low <= one.value <= one.high <= 1, name


def walk(random: np.random.Generator, images: int) -> PrecisionRecall:
    """What a poor detector finds of rare objects: their boxes among others, of scores that hardly tell them apart."""
    truths = random.poisson(0.4, images)
    right, wrong = random.binomial(truths, 0.9), random.poisson(4, images)
    image = np.concatenate([np.repeat(np.arange(images), many) for many in (right, wrong)])
    scores = random.normal(size=len(image)) + np.repeat([1.2, 0.0], [right.sum(), wrong.sum()])
    overlaps = np.concatenate([random.uniform(0.5, 1, right.sum()), np.zeros(wrong.sum())])
    order = np.argsort(-scores)
    hits = (overlaps >= THRESHOLDS[:, None])[:, order]
    never = ~hits.any(axis=0)
    before = np.cumsum(never)[~never]
    image = image[order]
    counted = np.ones_like(hits)[:, ~never]
    return PrecisionRecall(
        image[~never], hits[:, ~never], counted, image[never], before, truths.astype(float)
    )


def walks(seed: int, images: int, classes: int = 4) -> list[PrecisionRecall]:
    random = np.random.default_rng(seed)
    return [walk(random, images) for _ in range(classes)]


def precision(walks: list[PrecisionRecall], weights: np.ndarray) -> float:
    """The mean over the classes; what lifts each of them does not cancel out, as their noise does."""
    return float(np.nanmean([walk.averages(weights).precision.mean() for walk in walks]))


def test_the_truth_is_held_more_often_than_by_percentiles() -> None:
    """Plain percentiles lie too high, for a right box in an image that is drawn twice stands beside its copy."""
    truth = precision(walks(0, 20_000), np.ones(20_000))
    ours, percentiles, sets, n = 0, 0, 60, 40
    for seed in range(1, sets + 1):
        made = walks(seed, n)
        resampled = np.array([precision(made, weights) for weights in resample_counts(n, 80, seed)])
        low, high = confidence_bounds(precision(made, np.ones(n)), resampled, limits=(0, 1))
        ours += low <= truth <= high
        low, high = np.nanquantile(resampled, [0.025, 0.975])
        percentiles += low <= truth <= high
    assert ours / sets >= 0.7
    assert percentiles / sets < ours / sets - 0.15


def test_what_resamples_do_not_lift_keeps_its_percentiles() -> None:
    values = np.random.default_rng(0).normal(size=500)
    assert confidence_bounds(float(values.mean()), values) == pytest.approx(
        np.quantile(values, [0.025, 0.975])
    )
    assert confidence_bounds(0.99, np.array([0.98, 1.0] * 200), limits=(0, 1)) == pytest.approx((0.98, 1.0))
    assert confidence_bounds(5.0, np.array([np.nan, 6.0, 6.0]), limits=(0, 10)) == (4.0, 5.0)
    assert (
        np.isnan(confidence_bounds(np.nan, values)).all()
        and np.isnan(confidence_bounds(1.0, np.array([np.nan]))).all()
    )
