"""All metrics of some predictions at once, and two systems side by side."""

import numpy as np
import pytest
from made_texts import made_examples

from jumok.metrics import bootstrap, compare_texts, count_references, evaluate_texts, text_metrics

METRICS = list(text_metrics("word").values())


def test_names_and_directions_are_those_of_the_field() -> None:
    directions = {metric.name: metric.higher_is_better for metric in METRICS}
    assert directions == {
        "bleu": True,
        "bleu_lowercase": True,
        "chrf": True,
        "exact_match": True,
        "token_accuracy": True,
        "token_error_rate": False,
        "word_error_rate": False,
    }


def test_each_interval_is_that_of_the_metric_alone() -> None:
    predictions, references = made_examples(50, answers=None)
    report = evaluate_texts(predictions, references, METRICS, resamples=60, seed=3)
    assert list(report) == [metric.name for metric in METRICS]
    for metric in METRICS:
        score = metric.prepare(predictions, references)
        assert report[metric.name] == bootstrap(score, 50, resamples=60, seed=3)
        assert report[metric.name].low <= score(np.ones(50)) <= report[metric.name].high


@pytest.mark.parametrize("n", [0, 1])
def test_no_or_one_example_makes_no_trouble(n: int) -> None:
    predictions, references = made_examples(n)
    for interval in evaluate_texts(predictions, references, METRICS, resamples=10).values():
        assert interval.low == interval.value == interval.high
    for difference in compare_texts(predictions, predictions, references, METRICS, resamples=10).values():
        assert difference.p == 1


def test_a_better_system_is_found_to_be_better() -> None:
    good, references = made_examples(150, rate=0.1, seed=2)
    bad, same = made_examples(150, rate=0.5, seed=2)
    assert references == same
    for name, found in compare_texts(good, bad, references, METRICS, resamples=300).items():
        assert found.p < 0.01
        assert found.wins > 0.99
        assert (found.difference > 0) == (not name.endswith("error_rate"))
    for found in compare_texts(good, good, references, METRICS, resamples=20).values():
        assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_the_number_of_answers_is_counted() -> None:
    assert count_references([["a", "b"], ["c", "d"]]) == 2
    assert count_references([["a", "b"], ["c"]]) is None
    assert count_references([]) is None


def test_examples_are_prepared_once_for_all_resamples() -> None:
    """What is slow, the counting of n-grams and edits, does not grow with the number of resamples."""
    predictions, references = made_examples(30)
    prepared = []
    for metric in METRICS:
        counted = Counted(metric, prepared)
        found = evaluate_texts(predictions, references, [counted], resamples=200)
        assert found == evaluate_texts(predictions, references, [metric], resamples=200)
    assert prepared == [metric.name for metric in METRICS]


class Counted:
    """A metric that notes when examples are prepared for it."""

    def __init__(self, metric, prepared: list[str]) -> None:
        self.metric, self.prepared = metric, prepared
        self.name, self.higher_is_better, self.limits = metric.name, metric.higher_is_better, metric.limits
        self.block = metric.block

    def prepare(self, predictions, references):
        self.prepared.append(self.name)
        return self.metric.prepare(predictions, references)
