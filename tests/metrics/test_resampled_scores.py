"""Systems that are resampled once are scored and compared as if each metric were computed for itself."""

from dataclasses import asdict

from jumok.metrics.report import compare_texts, evaluate_texts
from jumok.metrics.resampled import resample_scores
from jumok.metrics.text import text_metrics

OURS = ["a b", "b b", "c", "", "a a a"]
THEIRS = ["a b", "a b", "d", "c", "b"]
RIGHT = [["a b"], ["b b", "b"], ["c"], ["c"], ["a b a"]]
METRICS = [text_metrics("symbol")[name] for name in ("token_error_rate", "exact_match", "chrf")]


def test_intervals_and_differences_are_those_of_single_metrics():
    ours, theirs = (resample_scores(one, RIGHT, METRICS, 50) for one in (OURS, THEIRS))
    assert ours.intervals() == evaluate_texts(OURS, RIGHT, METRICS, 50)
    expected = compare_texts(OURS, THEIRS, RIGHT, METRICS, 50)
    found = ours.minus(theirs)
    assert {name: asdict(one) for name, one in found.items()} == {
        name: asdict(one) for name, one in expected.items()
    }


def test_some_metrics_in_another_order():
    every = resample_scores(OURS, RIGHT, METRICS, 20)
    chosen = [METRICS[2], METRICS[0]]
    assert every.of(chosen).intervals() == resample_scores(OURS, RIGHT, chosen, 20).intervals()
