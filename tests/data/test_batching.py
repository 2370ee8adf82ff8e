import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumok.data.batching import longest_first, plan

fields = st.integers(1, 3).flatmap(
    lambda n: st.lists(st.tuples(*[st.integers(0, 40)] * n), max_size=60).map(
        lambda rows: [np.array([row[i] for row in rows], np.int32) for i in range(n)]
    )
)
budgets = st.integers(1, 200)


def all_rows(batches: list[np.ndarray]) -> list[int]:
    return [int(row) for batch in batches for row in batch]


@given(fields, budgets, st.integers(0, 3), st.integers(0, 3))
def test_every_row_once_and_within_the_budget(lengths, budget, seed, epoch):
    for batches in (plan(lengths, budget, seed, epoch), longest_first(lengths, budget)):
        assert sorted(all_rows(batches)) == list(range(len(lengths[0])))
        for batch in batches:
            assert len(batch) > 0
            assert len(batch) == 1 or all(len(batch) * column[batch].max() <= budget for column in lengths)


@given(fields, budgets)
def test_cut_is_greedy(lengths, budget):
    batches = longest_first(lengths, budget)
    for batch, following in zip(batches, batches[1:], strict=False):
        more = np.append(batch, following[0])
        assert any(len(more) * max(1, column[more].max()) > budget for column in lengths)


@given(fields, budgets)
def test_evaluation_begins_with_the_longest_targets(lengths, budget):
    target = lengths[-1][all_rows(longest_first(lengths, budget))]
    assert (np.diff(target) <= 0).all()


def made_up(rows: int) -> list[np.ndarray]:
    """Lengths of sources and targets as sentences have them: related, and few of them long."""
    random = np.random.default_rng(5)
    source = np.clip(random.lognormal(2.5, 0.4, rows), 3, 60).astype(np.int32)
    target = np.clip(source * random.normal(1, 0.2, rows), 3, 60).astype(np.int32)
    return [source, target]


def test_plan_is_a_function_of_its_arguments():
    lengths = made_up(500)
    same, again = (plan(lengths, 512, seed=1, epoch=2) for _ in range(2))
    assert all_rows(same) == all_rows(again)
    for seed, epoch in ((1, 3), (2, 2), (2, 1)):
        other = plan(lengths, 512, seed, epoch)
        assert {frozenset(batch.tolist()) for batch in same} != {frozenset(batch.tolist()) for batch in other}
    assert all_rows(longest_first(lengths, 512)) == all_rows(longest_first(lengths, 512))


def test_order_of_batches_says_nothing_about_lengths():
    lengths = made_up(20_000)
    means = [lengths[-1][batch].mean() for batch in plan(lengths, 512, seed=1, epoch=0)]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.15


@pytest.mark.parametrize("make", [lambda x: plan(x, 4096, 1, 0), lambda x: longest_first(x, 4096)])
def test_little_is_padding(make):
    lengths = made_up(29_000)
    source, target = (
        column.sum() / sum(len(batch) * column[batch].max() for batch in make(lengths)) for column in lengths
    )
    assert target > 0.97 and source > 0.85


def test_no_rows():
    nothing = [np.array([], np.int32)] * 2
    assert plan(nothing, 10, 1, 0) == longest_first(nothing, 10) == []
