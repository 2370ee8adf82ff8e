"""Bootstrap intervals against the standard error; the paired test on systems whose difference is known."""

import numpy as np
import pytest

from jumok.errors import ConfigurationError
from jumok.metrics import ResamplableScore, bootstrap, paired_bootstrap
from jumok.metrics.interval import Difference, resample_counts


def mean(values: np.ndarray) -> ResamplableScore:
    return lambda weights: float(weights @ values / max(weights.sum(), 1))


def noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = noise(400) + 3
    found = bootstrap(mean(values), 400, resamples=4000)
    error = values.std() / np.sqrt(400)
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_a_higher_level_gives_wider_bounds() -> None:
    narrow, wide = (bootstrap(mean(noise(50)), 50, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_the_bounds_hold_the_truth_about_as_often_as_they_say() -> None:
    hits = 0
    for seed in range(200):
        found = bootstrap(mean(noise(60, seed)), 60, resamples=200)
        hits += found.low <= 0 <= found.high
    assert 0.88 < hits / 200 < 0.99


def test_every_score_sees_the_same_resamples() -> None:
    first, again, other = (np.array(list(resample_counts(30, 20, seed))) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (first.sum(axis=1) == 30).all()
    values = noise(30)
    here, there = (bootstrap(mean(each), 30, resamples=50) for each in (values, -values))
    assert there.low == pytest.approx(-here.high)


@pytest.mark.parametrize("n", [0, 1])
def test_with_no_or_one_example_the_interval_collapses(n: int) -> None:
    found = bootstrap(mean(noise(n)), n, resamples=20)
    assert found.low == found.value == found.high
    difference = paired_bootstrap(mean(noise(n)), mean(noise(n)), n, resamples=20)
    assert (difference.difference, difference.low, difference.high, difference.p) == (0, 0, 0, 1)


def test_equal_systems_do_not_differ() -> None:
    found = paired_bootstrap(mean(noise(80)), mean(noise(80)), 80, resamples=100)
    assert (found.difference, found.p, found.wins) == (0, 1, 0)


def test_clearly_different_systems_differ() -> None:
    values = noise(200)
    found = paired_bootstrap(mean(values + 0.5 + 0.1 * noise(200, 1)), mean(values), 200)
    assert found.p < 0.01
    assert found.low < found.difference < found.high
    assert found.difference == pytest.approx(0.5, abs=0.05)  # paired: the noise of both is the same
    assert found.wins == 1
    assert paired_bootstrap(mean(values), mean(values + 0.5), 200, higher_is_better=False).wins == 1


def test_the_difference_has_two_sides() -> None:
    ours, theirs = mean(noise(50)), mean(noise(50, 1))
    there, back = paired_bootstrap(ours, theirs, 50), paired_bootstrap(theirs, ours, 50)
    assert there.difference == -back.difference
    assert there.low == pytest.approx(-back.high)
    assert there.p == back.p
    assert there.wins == pytest.approx(1 - back.wins)
    assert there.p == paired_bootstrap(ours, theirs, 50, higher_is_better=False).p


def test_p_is_spread_evenly_where_systems_are_equally_good() -> None:
    found = [
        paired_bootstrap(mean(noise(60, 2 * s)), mean(noise(60, 2 * s + 1)), 60, 200).p for s in range(100)
    ]
    assert np.mean(np.array(found) < 0.5) == pytest.approx(0.5, abs=0.15)
    assert np.mean(np.array(found) < 0.05) < 0.15


def test_faulty_options_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="level=1.5"):
        bootstrap(mean(noise(3)), 3, level=1.5)
    with pytest.raises(ConfigurationError, match="resamples=0"):
        bootstrap(mean(noise(3)), 3, resamples=0)


@pytest.mark.parametrize("difference", [1.0, -1.0])
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_better_is_what_the_metric_says(difference: float, higher_is_better: bool) -> None:
    """More is better of accuracies and worse of error rates; what may be chance is neither."""
    expected = "better" if difference * (1 if higher_is_better else -1) > 0 else "worse"
    assert Difference(difference, 0, 0, 0.01, 1).verdict(higher_is_better) == expected
    assert Difference(difference, 0, 0, 0.2, 1).verdict(higher_is_better) == ""
