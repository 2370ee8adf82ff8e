"""Several models set apart: the best only beyond chance, and examples where they differ."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from jumok.evaluation.apart import Contest, are_alike, bounded, contests, farthest_apart, gap, holm
from jumok.evaluation.runs import evaluate
from jumok.metrics.text import text_metrics
from jumok.reporting.verdicts import marks, verdicts


@pytest.fixture(scope="module")
def learned(reversal):
    return evaluate(reversal / "run")


@pytest.fixture(scope="module")
def small(small_run):
    return evaluate(small_run)


def test_a_model_that_learned_is_best_beyond_chance(learned, small):
    found = contests({"small": small, "learned": learned}, ["exact_match", "token_error_rate"])
    assert [(one.metric, one.best, one.other, one.is_sure) for one in found] == [
        ("exact_match", "learned", "small", True),
        ("token_error_rate", "learned", "small", True),
    ]
    assert found[0].difference > 0.5 and found[0].low > 0
    assert found[1].difference < 0 and found[1].high < 0  # fewer errors are better


def test_the_same_model_twice_cannot_be_told_apart(learned):
    (one,) = contests({"one": learned, "other": replace(learned)}, ["exact_match"])
    assert (one.difference, one.p, one.is_sure) == (0.0, 1.0, False)
    assert farthest_apart({"one": learned, "other": replace(learned)}) == []


def test_examples_are_those_that_differ(learned, small):
    sides = farthest_apart({"small": small, "learned": learned})
    assert 0 < len(sides) <= 6
    for side in sides:
        assert side.answers["learned"].is_right and side.answers["learned"].predicted in side.right
        assert side.answers["small"].score >= 1.0 > side.answers["learned"].score


def test_models_that_were_asked_other_things_are_not_alike(learned, small):
    assert are_alike([learned, small])
    fewer = replace(small, examples=small.examples[1:], reference_rows=small.reference_rows[1:])
    assert not are_alike([learned, fewer])


def test_holm_multiplies_the_smallest_most():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0] and holm([]) == []


def test_errors_beyond_all_make_no_gap():
    metric = text_metrics("character")["token_error_rate"]
    assert [bounded(value, metric) for value in (0.5, 40.0)] == [0.5, 1.0]
    assert gap([0.2, 1.0, 0.5]) == 0.8 and gap([0.2, float("nan")]) == 0.0


def contest(other: str, difference: float, p: float) -> Contest:
    return Contest("exact_match", "gru", other, difference, difference - 0.1, difference + 0.1, p)


@pytest.mark.parametrize(
    ("found", "sentence", "marked"),
    [
        (
            [contest("rnn", 0.2, 0.002)],
            "By exact match gru is best, beyond chance (p = 0.002).",
            {"gru": "best"},
        ),
        (
            [contest("rnn", 0.2, 0.0002), contest("lstm", 0.05, 0.31)],
            "By exact match gru is ahead, but not distinguishable from: lstm (p = 0.310).",
            {"lstm": "not distinguishable"},
        ),
        ([contest("rnn", 0.0, 1.0)], "By exact match all are equal.", None),
    ],
)
def test_only_what_is_beyond_chance_is_called_best(found, sentence, marked):
    comparison = SimpleNamespace(contests=found)
    assert verdicts(comparison) == [sentence]
    assert marks(comparison) == ({} if marked is None else {"exact_match": marked})
