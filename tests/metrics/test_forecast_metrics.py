"""Metrics of forecasts against their formulas; blocks of windows that overlap."""

import numpy as np
import pytest

from jumok.metrics.forecasts import (
    ChannelUnits,
    PredictedFuture,
    TrueFuture,
    count_overlapping,
    forecast_metrics,
)
from jumok.metrics.interval import bootstrap, resample_counts
from jumok.metrics.report import evaluate_texts
from jumok.metrics.resampled import block_length, resample_scores

H, C = 4, 2
UNITS = ChannelUnits(np.array([2.0, 0.5]), np.array([3.0, 0.25]))
LEVELS = (0.1, 0.5, 0.9)


def drawn(count: int, seed: int = 0) -> tuple[list[PredictedFuture], list[TrueFuture]]:
    random = np.random.default_rng(seed)
    found = [
        PredictedFuture(random.normal(size=(H, C)), np.sort(random.normal(size=(3, H, C)), 0))
        for _ in range(count)
    ]
    right = [TrueFuture(random.normal(size=(1, H, C)), "a.csv", 2 * i) for i in range(count)]
    return found, right


def value(name: str, found: list[PredictedFuture], right: list[TrueFuture]) -> float:
    return forecast_metrics(UNITS, LEVELS)[name].prepare(found, right)(np.ones(len(found)))


def test_errors_are_means_over_all_values():
    found, right = drawn(6)
    error = np.stack([one.values - it.values[0] for one, it in zip(found, right, strict=True)])
    assert value("mse", found, right) == pytest.approx(((error / UNITS.scale) ** 2).mean())
    assert value("mae", found, right) == pytest.approx(np.abs(error / UNITS.scale).mean())
    assert value("rmse", found, right) == pytest.approx(np.sqrt((error**2).mean()))
    assert value("mase", found, right) == pytest.approx(np.abs(error / UNITS.naive).mean())


def test_quantiles_are_scored_by_pinball_loss_and_coverage():
    found, right = drawn(6)
    quantiles = np.stack([one.quantiles for one in found])  # (6, 3, H, C)
    came = np.stack([one.values for one in right])  # (6, 1, H, C)
    levels = np.array(LEVELS)[:, None, None]
    costs = np.where(came >= quantiles, levels * (came - quantiles), (1 - levels) * (quantiles - came))
    assert value("pinball", found, right) == pytest.approx((costs / UNITS.scale).mean())
    inside = (quantiles[:, 0] <= came[:, 0]) & (came[:, 0] <= quantiles[:, 2])
    assert value("coverage", found, right) == pytest.approx(inside.mean())
    assert not {"pinball", "coverage"} & set(forecast_metrics(UNITS, ()))


def test_missing_values_do_not_count():
    found, right = drawn(6)
    right[0].values[0, :2] = np.nan
    right[1].values[:] = np.nan
    kept = [(found[i], right[i]) for i in range(6) if i != 1]
    for name in forecast_metrics(UNITS, LEVELS):
        assert value(name, found, right) == pytest.approx(value(name, *map(list, zip(*kept, strict=True))))
    assert np.isnan(value("mse", found[1:2], right[1:2]))


def test_windows_that_share_steps_are_drawn_together():
    _, right = drawn(40)
    assert count_overlapping(right) == 2  # of 4 steps, 2 apart
    apart = [one._replace(first=4 * i) for i, one in enumerate(right)]
    assert count_overlapping(apart) == 1
    assert count_overlapping([one._replace(file="") for one in right]) == 1
    metrics = list(forecast_metrics(UNITS, ()).values())
    assert block_length(right, metrics) == 4 and block_length(apart, metrics) == 1


def test_a_system_that_is_compared_is_drawn_in_blocks_too():
    found, right = drawn(40)
    metrics = list(forecast_metrics(UNITS, LEVELS).values())
    together = resample_scores(found, right, metrics, 50).intervals()
    assert together == evaluate_texts(found, right, metrics, 50)
    alone = resample_scores(found, [one._replace(file="") for one in right], metrics, 50).intervals()
    assert together != alone


def test_blocks_are_neighbours_and_every_example_is_drawn_equally_often():
    counts = np.stack(list(resample_counts(40, 2000, seed=1, block=8)))
    assert (counts.sum(1) == 40).all()
    assert np.abs(counts.mean(0) - 1).max() < 0.15
    together = (counts[:, :-1] == counts[:, 1:]).mean()
    alone = np.stack(list(resample_counts(40, 2000, seed=1)))
    assert together > 0.7 > (alone[:, :-1] == alone[:, 1:]).mean()


def test_intervals_of_windows_that_overlap_hold_the_truth_as_often_as_they_say():
    """The mean of moving averages: drawn one by one, its interval would be far too narrow."""
    random, length, held = np.random.default_rng(0), 300, {1: 0, 40: 0}
    for _ in range(200):
        noise = random.normal(size=length + 19)
        windows = np.convolve(noise, np.ones(20) / 20, "valid")  # each shares 19 of 20 steps with the next
        for block in held:
            found = bootstrap(lambda w, x=windows: float(w @ x / w.sum()), length, 200, block=block)
            held[block] += found.low <= 0 <= found.high
    assert held[40] / 200 > 0.8 and held[1] / 200 < 0.5


def test_scores_of_windows_have_wider_intervals_than_of_lone_examples():
    random = np.random.default_rng(3)
    errors = np.convolve(random.normal(size=219) ** 2, np.ones(20) / 20, "valid")  # (200,)
    found = [PredictedFuture(np.full((20, 1), error), np.zeros((0, 20, 1))) for error in errors]
    right = [TrueFuture(np.zeros((1, 20, 1)), "a.csv", i) for i in range(200)]
    alone = [one._replace(file="") for one in right]
    metrics = list(forecast_metrics(ChannelUnits(np.ones(1), np.ones(1)), ()).values())[:1]
    wide, narrow = (evaluate_texts(found, one, metrics, 300)["mse"] for one in (right, alone))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
