import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumok.data.split import TEST, TRAIN, VALID, assign
from jumok.errors import DataError

keys = st.lists(st.text(max_size=3), min_size=5, unique=True)


@given(keys, st.integers(0, 2), st.integers(0, 2), st.integers(0, 9))
def test_counts_are_exact(keys, valid, test, seed):
    sides = assign(keys, valid, test, seed)
    assert sides.dtype == np.int8
    assert np.bincount(sides, minlength=3).tolist() == [len(keys) - valid - test, valid, test]


@given(keys, st.integers(0, 9), st.randoms())
def test_order_and_repetition_of_rows_change_nothing(keys, seed, shuffler):
    sides = dict(zip(keys, assign(keys, 0.3, 1, seed).tolist(), strict=True))
    rows = keys + keys[: len(keys) // 2]
    shuffler.shuffle(rows)
    assert assign(iter(rows), 0.3, 1, seed).tolist() == [sides[key] for key in rows]
    assert assign([key.encode() for key in rows], 0.3, 1, seed).tolist() == [sides[key] for key in rows]


def test_shares_are_of_distinct_keys():
    keys = [str(i) for i in range(1000)]
    assert np.bincount(assign(keys * 3, 0.1, 0.2, seed=1)).tolist() == [2100, 300, 600]
    assert np.bincount(assign(keys[:10], 0.01, 0.01, seed=1)).tolist() == [
        8,
        1,
        1,
    ]  # a share is never nothing
    assert not assign(keys, 0, 0.0, seed=1).any()


def test_seeds_differ_and_sides_are_fair():
    keys = [str(i) for i in range(2000)]
    one, two = (assign(keys, 0.5, 0, seed) for seed in (1, 2))
    assert 0.4 < (one == two).mean() < 0.6
    assert 0.4 < (one[:1000] == VALID).mean() < 0.6
    assert {TRAIN, VALID, TEST} == {0, 1, 2}


@pytest.mark.parametrize(("valid", "test"), [(5, 5), (10, 0), (0.5, 0.5), (99, 1), (-1, 0), (0, 1.5)])
def test_what_leaves_nothing_to_train_on_is_refused(valid, test):
    with pytest.raises(DataError, match="(ask for fewer|between 0 and 1)"):
        assign("abcdefghij", valid, test, seed=1)


def test_no_rows():
    assert assign([], 0, 0, seed=1).tolist() == []
    with pytest.raises(DataError, match="only 0 distinct"):
        assign([], 1, 0, seed=1)
