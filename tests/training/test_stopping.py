"""The best evaluation is kept in mind, and hope ends after patience."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.errors import RunError
from jumok.training.early_stopping import EarlyStopping

FLAT = 1.0  # a loss that decides nothing


@settings(deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=30), st.booleans())
def test_the_best_is_the_first_extreme_of_the_finite(values, higher):
    best = EarlyStopping("metric", higher)
    news = [best.update(value, FLAT, step) for step, value in enumerate(values, 1)]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        assert best.value is None and best.step is None and not any(news)
        return
    assert best.value == (max if higher else min)(finite)
    assert best.step == values.index(best.value) + 1
    assert [step for step, new in enumerate(news, 1) if new][-1] == best.step
    assert best.bad_evaluations == len(values) - max(best.step, 1)


SCORES = st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 9.0)), min_size=1, max_size=30)


@settings(deadline=None)
@given(SCORES, st.booleans())
def test_of_equal_scores_the_one_with_the_lowest_loss_is_the_best(evaluations, higher):
    best = EarlyStopping("metric", higher)
    for step, (value, loss) in enumerate(evaluations, 1):
        best.update(value, loss, step)
    keys = [(-value if higher else value, loss) for value, loss in evaluations]
    assert best.step == keys.index(min(keys)) + 1


@pytest.mark.parametrize(("higher", "sign"), [(True, 1), (False, -1)])
def test_hope_ends_after_patience(higher, sign):
    best = EarlyStopping("bleu", higher, patience=2)
    for step, (value, new, exhausted) in enumerate(
        [
            (1.0, True, False),
            (1.0, False, False),
            (2.0, True, False),
            (1.5, False, False),
            (math.nan, False, True),
            (3.0, True, False),
        ],
        1,
    ):
        assert best.update(sign * value, FLAT, step) is new
        assert best.should_stop is exhausted


def test_a_falling_loss_is_progress_whatever_the_score():
    best = EarlyStopping("exact_match", True, patience=2)
    best.update(0.01, 9.0, 1)  # one lucky answer, and then none for long
    for step in range(2, 30):
        assert not best.update(0.0, 9.0 - step / 10, step)
        assert not best.should_stop
    best.update(0.0, 9.0, 30)
    best.update(0.0, math.nan, 31)
    assert best.should_stop


def test_patience_waits_for_the_second_half_of_the_schedule():
    best = EarlyStopping("bleu", True, patience=3, steps=100)
    ended = next(
        step for step in range(5, 105, 5) if best.update(1.0, FLAT, step) is not None and best.should_stop
    )
    assert ended == 65  # 55, 60 and 65 brought nothing


def test_without_patience_hope_never_ends():
    best = EarlyStopping("loss", False)
    for step in range(1, 100):
        best.update(1.0, FLAT, step)
    assert not best.should_stop


def test_it_goes_on_after_an_interruption():
    best, again = EarlyStopping("loss", False, patience=3), EarlyStopping("loss", False, patience=3)
    again.restore(json.loads(json.dumps(best.state(), allow_nan=False)))
    assert again.state() == best.state()
    for step, value in enumerate([0.3, 0.1, 0.2], 1):
        best.update(value, FLAT, step)
    again.restore(json.loads(json.dumps(best.state(), allow_nan=False)))
    for step, (value, loss) in enumerate([(0.1, 2.0), (0.15, 2.0), (0.1, 2.0)], 4):
        assert again.update(value, loss, step) == best.update(value, loss, step)
    assert again.state() == best.state()
    assert again.should_stop and best.should_stop
    assert again.update(0.1, 0.5, 7) and best.update(0.1, 0.5, 7)
    assert again.state() == best.state()


def test_checkpoints_of_old_know_no_losses():
    best = EarlyStopping("loss", False, patience=3)
    best.restore({"metric": "loss", "value": 0.5, "step": 10, "waited": 2})
    assert best.update(0.5, 3.0, 20) and best.bad_evaluations == 0


def test_another_metric_is_refused():
    with pytest.raises(RunError, match="best 'loss', but 'bleu'"):
        EarlyStopping("bleu", True).restore(EarlyStopping("loss", False).state())
