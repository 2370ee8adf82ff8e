"""Systems that are resampled once are scored and compared as if each metric were computed for itself."""

from jumok.metrics.interval import bootstrap, paired_bootstrap
from jumok.metrics.resampled import resample_scores
from jumok.metrics.text import text_metrics

OURS = ["a b", "b b", "c", "", "a a a"]
THEIRS = ["a b", "a b", "d", "c", "b"]
RIGHT = [["a b"], ["b b", "b"], ["c"], ["c"], ["a b a"]]
METRICS = [text_metrics("symbol")[name] for name in ("token_error_rate", "exact_match", "chrf")]


def test_intervals_and_differences_are_those_of_single_metrics():
    ours, theirs = (resample_scores(one, RIGHT, METRICS, 50) for one in (OURS, THEIRS))
    differences, intervals = ours.minus(theirs), ours.intervals()
    for metric in METRICS:
        one, other = (metric.prepare(system, RIGHT) for system in (OURS, THEIRS))
        assert intervals[metric.name] == bootstrap(one, len(RIGHT), 50)
        better = metric.higher_is_better
        assert differences[metric.name] == paired_bootstrap(one, other, len(RIGHT), 50, 1, better)


def test_some_metrics_in_another_order():
    every = resample_scores(OURS, RIGHT, METRICS, 20)
    chosen = [METRICS[2], METRICS[0]]
    assert every.of(chosen).intervals() == resample_scores(OURS, RIGHT, chosen, 20).intervals()
