"""Where a model does well: bins that lose nobody, best and worst answers that are so, a true record."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jumok
from jumok.evaluation.analysis import (
    BINS,
    MIN_PER_BIN,
    analyse,
    best_and_worst,
    edges,
    sample,
    spread,
    value_of,
)
from jumok.evaluation.runs import evaluate
from jumok.metrics.text import text_metrics

lengths = st.lists(st.integers(1, 60), min_size=1, max_size=400).map(np.array)


@given(lengths)
def test_every_length_is_in_one_bin(lengths):
    bins = edges(lengths)
    assert all(shortest <= longest for shortest, longest in bins)
    assert all(before[1] < after[0] for before, after in zip(bins, bins[1:], strict=False))
    for length in lengths:
        assert sum(shortest <= length <= longest for shortest, longest in bins) == 1


@given(lengths)
def test_bins_are_few_and_full(lengths):
    bins = edges(lengths)
    assert len(bins) <= BINS
    held = [int(((lengths >= low) & (lengths <= high)).sum()) for low, high in bins]
    assert sum(held) == len(lengths)
    assert len(bins) == 1 or min(held) >= MIN_PER_BIN


@given(st.integers(0, 500), st.integers(1, 50))
def test_spread_is_even(count, most):
    chosen = spread(count, most)
    assert len(chosen) == min(count, most) and len(set(chosen)) == len(chosen)
    if len(chosen) > 1:
        assert chosen[0] == 0 and chosen[-1] == count - 1
        steps = np.diff(chosen)
        assert steps.max() - steps.min() <= 1


@pytest.fixture(scope="module")
def answered(reversal):
    split = evaluate(reversal / "run", "train", {"method": "sample", "temperature": 1.5})
    return next(iter(split.outputs.values()))


def test_best_and_worst_bound_all_others(answered):
    metric = text_metrics("character")["token_error_rate"]
    best, worst = best_and_worst(answered, metric)
    values = [value_of(answered, i, metric) for i in range(len(answered.predictions))]
    others = [value for i, value in enumerate(values) if i not in (*best, *worst)]
    assert best and worst and not set(best) & set(worst)
    assert max(values[i] for i in best) <= min(others) and min(values[i] for i in worst) >= max(others)


def answers_with(errors: int, count: int) -> SimpleNamespace:
    """Some answers of which the last ones are wrong."""
    found = ["ab"] * (count - errors) + ["xy"] * errors
    return SimpleNamespace(
        predictions=found,
        metric_predictions=found,
        metric_references=[["ab"]] * count,
        source_lengths=np.arange(count),
    )


@pytest.mark.parametrize(
    ("errors", "count", "best", "worst"),
    [
        (0, 5, [], []),  # all are right
        (5, 5, [], []),  # all are wrong
        (1, 1, [], []),
        (1, 2, [0], [1]),
        (2, 6, [3, 2, 1], [5, 4]),  # of equals, the longer ones first
        (4, 6, [1, 0], [5, 4, 3]),
        (20, 40, [19, 18, 17, 16, 15, 14, 13, 12], [39, 38, 37, 36, 35, 34, 33, 32]),
    ],
)
def test_the_best_are_better_and_the_worst_are_worse(errors, count, best, worst):
    metric = text_metrics("character")["token_error_rate"]
    assert best_and_worst(answers_with(errors, count), metric) == (best, worst)


def test_what_has_nothing_right_is_never_among_the_best():
    metric = text_metrics("character")["token_error_rate"]
    answered = answers_with(3, 4)
    answered.metric_predictions[:1] = ["xyz"]  # worse than all wrong
    assert best_and_worst(answered, metric) == ([], [0])


def test_a_sample_is_random_and_the_same_each_time():
    assert sample(5, 8) == [0, 1, 2, 3, 4] and sample(0, 8) == []
    drawn = sample(1000, 8)
    assert drawn == sample(1000, 8) == sorted(set(drawn)) and len(drawn) == 8
    assert len(set(np.diff(drawn).tolist())) > 2  # evenly spread ones have one or two


def test_bins_add_up_to_the_score(answered):
    analysis = analyse(answered)
    assert analysis.metric == "exact_match"
    total = sum(b.examples for b in analysis.bins)
    mean = sum(b.value * b.examples for b in analysis.bins) / total
    assert total == len(answered.predictions)
    assert mean == pytest.approx(answered.plain_scores()["exact_match"])
    assert all(b.shortest <= b.mean <= b.longest and b.low <= b.value <= b.high for b in analysis.bins)
    assert analysis.examples_per_second > 0


def test_alternatives_are_kept_and_change_no_answer(reversal):
    lines = [json.loads(line) for line in (reversal / "run" / "predictions.jsonl").read_text().splitlines()]
    beam = jumok.load(reversal / "run").decoding
    assert beam.method == "beam" and beam.best == 1
    for line in lines:
        texts, scores = zip(*((answer["text"], answer["score"]) for answer in line["n_best"]), strict=True)
        assert len(texts) == min(beam.beam, 5) and texts[0] == line["text"]
        assert list(scores) == sorted(scores, reverse=True)


def test_the_record_holds_every_answer(reversal):
    run = reversal / "run"
    lines = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    assert len(lines) == json.loads((run / "evaluation.json").read_text())["examples"]
    found = jumok.load(run).predict([line["inputs"] for line in lines])
    assert [line["text"] for line in lines] == [prediction.text for prediction in found]
    rows = [row.split("\t") for row in (reversal / "test.tsv").read_text().splitlines()[1:]]
    known = dict(rows)
    assert {line["inputs"]["source"]: line["right"] for line in lines} == {s: [t] for s, t in known.items()}
