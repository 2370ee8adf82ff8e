"""All metrics of some predictions at once, and two systems side by side."""

import time

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


def test_a_thousand_resamples_of_a_thousand_sentences_are_quick() -> None:
    predictions, references = made_examples(1000)
    before = time.process_time()
    evaluate_texts(predictions, references, METRICS, resamples=1000)
    assert time.process_time() - before < 3
