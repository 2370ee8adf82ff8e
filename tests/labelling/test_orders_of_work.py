"""Orders of work: permutations that a slow search by hand gives, too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jumok.errors import ConfigurationError, DataError
from jumok.labelling.order import ORDERS, Knowledge, diverse_order, order_by_score, weighted_order, work_order

SHARES = st.integers(0, 8).map(lambda number: number / 8)  # with ties


def slowly(features: np.ndarray, weights: np.ndarray, labelled: np.ndarray) -> list[int]:
    """The greedy choice, each distance computed again in each round."""
    chosen: list[int] = []
    while len(chosen) < len(features):
        left = [row for row in range(len(features)) if row not in chosen]
        known = np.concatenate((labelled, features[chosen]))
        if not len(known):
            best = [row for row in left if weights[row] == weights.max()]
            middle = features[best].mean(0)
            chosen.append(min(best, key=lambda row: float(np.linalg.norm(features[row] - middle))))
            continue
        gain = {row: weights[row] * min(np.linalg.norm(known - features[row], axis=1)) for row in left}
        chosen.append(max(left, key=lambda row: (round(gain[row], 5), -row)))
    return chosen


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("known", (0, 1, 5))
def test_the_choice_is_that_of_a_slow_search(seed, known):
    random = np.random.default_rng(seed)
    features, labelled = random.normal(size=(25, 4)), random.normal(size=(known, 4))
    weights = random.random(25)
    assert weighted_order(features, weights, labelled).rows.tolist() == slowly(features, weights, labelled)
    ones = np.ones(25)
    assert diverse_order(features, labelled).rows.tolist() == slowly(features, ones, labelled)


@pytest.mark.parametrize("count", range(13))
@pytest.mark.parametrize("by", ORDERS)
def test_every_order_is_a_permutation(by, count):
    random = np.random.default_rng(count)
    features = random.integers(-2, 3, (count, 2)).astype(float)  # with duplicates
    unsure = np.where(random.random(count) < 0.2, np.nan, random.integers(0, 5, count) / 4)
    for apart in (1, 4, 14):
        order = work_order(by, count, Knowledge(unsure, features, features[:1], unsure), apart)
        assert sorted(order.rows.tolist()) == list(range(count)) and len(order.scores) == count


@settings(deadline=None)
@given(arrays(float, st.integers(0, 20), elements=SHARES | st.just(float("nan"))))
def test_ties_stand_as_in_the_file_and_what_is_unknown_comes_last(scores):
    rows = order_by_score(scores).rows.tolist()
    wanted = sorted(
        range(len(scores)), key=lambda row: (bool(np.isnan(scores[row])), -np.nan_to_num(scores[row]), row)
    )
    assert rows == wanted


def test_duplicates_are_not_chosen_one_after_the_other():
    random = np.random.default_rng(2)
    once = random.normal(size=(30, 64)) * 100
    rows = diverse_order(np.concatenate((once, once, once))).rows
    assert len(set((rows[:30] % 30).tolist())) == 30
    assert (weighted_order(np.concatenate((once, once)), np.ones(60)).scores[31:] == 0).all()


def test_what_is_labelled_is_not_asked_for_again():
    points = np.array([[0.0, 0], [10, 0], [0, 10]])
    assert diverse_order(points, points[:1]).rows[-1] == 0
    assert work_order("both", 3, Knowledge(np.array([1, 0.5, 0.1]), points, points[1:2])).rows.tolist() == [
        0,
        2,
        1,
    ]


def test_moving_and_turning_all_features_changes_nothing():
    random = np.random.default_rng(3)
    features, turn = random.normal(size=(40, 5)), np.linalg.qr(random.normal(size=(5, 5)))[0]
    moved = features @ turn * 3 + 1
    assert diverse_order(features).rows.tolist() == diverse_order(moved).rows.tolist()


def test_items_that_are_not_known_yet_come_last_as_in_the_file():
    features = np.array([[np.nan, 0], [1, 1], [np.nan, np.nan], [5, 5]])
    order = diverse_order(features)
    assert order.rows.tolist() == [1, 3, 0, 2] and np.isnan(order.scores[2:]).all()


def test_after_those_chosen_one_by_one_come_the_farthest():
    line = np.arange(10.0)[:, None]
    assert diverse_order(line, line[:1], apart=1).rows.tolist() == [9, 4, 5, 3, 6, 2, 7, 1, 8, 0]


@pytest.mark.parametrize("by", ("unsure", "diverse", "both", "disagreement"))
def test_an_order_says_what_it_lacks(by):
    with pytest.raises(DataError, match=f"the order '{by}' needs .*; take another order"):
        work_order(by, 3, Knowledge())


def test_an_unknown_order_is_refused():
    with pytest.raises(ConfigurationError, match="no order 'unsur'; did you mean 'unsure'"):
        work_order("unsur", 3, Knowledge())
