"""The best evaluation is kept in mind, and hope ends after patience."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.errors import RunError
from jumok.training.stopping import Best


@settings(deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=30), st.booleans())
def test_the_best_is_the_first_extreme_of_the_finite(values, higher):
    best = Best("metric", higher)
    news = [best.update(value, step) for step, value in enumerate(values, 1)]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        assert best.value is None and best.step is None and not any(news)
        return
    assert best.value == (max if higher else min)(finite)
    assert best.step == values.index(best.value) + 1
    assert [step for step, new in enumerate(news, 1) if new][-1] == best.step
    assert best.waited == len(values) - best.step


@pytest.mark.parametrize(("higher", "sign"), [(True, 1), (False, -1)])
def test_hope_ends_after_patience(higher, sign):
    best = Best("bleu", higher, patience=2)
    for step, (value, new, exhausted) in enumerate(
        [
            (1.0, True, False),
            (1.0, False, False),
            (2.0, True, False),
            (1.5, False, False),
            (math.nan, False, True),
            (3.0, True, False),
        ]
    ):
        assert best.update(sign * value, step) is new
        assert best.exhausted is exhausted


def test_without_patience_hope_never_ends():
    best = Best("loss", False)
    for step in range(100):
        best.update(1.0, step)
    assert not best.exhausted


def test_it_goes_on_after_an_interruption():
    best, again = Best("loss", False, patience=3), Best("loss", False, patience=3)
    again.restore(json.loads(json.dumps(best.state())))
    assert again.state() == best.state()
    for step, value in enumerate([0.3, 0.1, 0.2]):
        best.update(value, step)
    again.restore(json.loads(json.dumps(best.state())))
    for step, value in enumerate([0.1, 0.15], 4):
        assert again.update(value, step) == best.update(value, step)
    assert again.state() == best.state()
    assert again.exhausted and best.exhausted


def test_another_metric_is_refused():
    with pytest.raises(RunError, match="best 'loss', but 'bleu'"):
        Best("bleu", True).restore(Best("loss", False).state())
