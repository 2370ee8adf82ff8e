"""Edit distances, equal positions and exact matches against plain definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.errors import DataError
from jumok.metrics import exact_match, text_metrics, token_accuracy, token_error_rate, word_error_rate
from jumok.metrics.agreement import Unit

text = st.text("ab c", max_size=8)
examples = st.lists(st.tuples(text, st.lists(text, min_size=1, max_size=3)), min_size=1, max_size=4)
UNITS: list[Unit] = ["character", "symbol", "word"]
every_unit = pytest.mark.parametrize("unit", UNITS)


def value(metric, predictions: list[str], references: list[list[str]]) -> float:
    return metric.prepare(predictions, references)(np.ones(len(predictions)))


def plain_edit_distance(first, second) -> int:
    """Wagner and Fischer, one row at a time."""
    row = list(range(len(second) + 1))
    for i, one in enumerate(first, start=1):
        before, row = row, [i]
        for j, other in enumerate(second, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (one != other)))
    return row[-1]


def tokens(text: str, unit: Unit) -> list[str]:
    return list(text) if unit == "character" else text.split()


@every_unit
@settings(deadline=None, max_examples=60)
@given(examples)
def test_token_error_rate_is_edits_over_length(unit: Unit, examples) -> None:
    errors = length = 0
    for prediction, answers in examples:
        sides = [(tokens(prediction, unit), tokens(answer, unit)) for answer in answers]
        ranked = sorted((plain_edit_distance(a, b), -len(b)) for a, b in sides)
        errors, length = errors + ranked[0][0], length - ranked[0][1]
    found = value(token_error_rate(unit), *map(list, zip(*examples, strict=True)))
    assert found == pytest.approx(errors / max(length, 1))


@every_unit
@settings(deadline=None, max_examples=60)
@given(examples)
def test_accuracy_error_and_match_agree(unit: Unit, examples) -> None:
    predictions, references = map(list, zip(*examples, strict=True))
    right = value(exact_match(unit), predictions, references)
    assert 0 <= right <= 1
    assert 0 <= value(token_accuracy(unit), predictions, references) <= 1
    assert (value(token_error_rate(unit), predictions, references) == 0) == (right == 1)
    if unit == "symbol":
        assert value(word_error_rate(unit), predictions, references) == pytest.approx(1 - right)
    else:
        expected = value(token_error_rate("word"), predictions, references)
        assert value(word_error_rate(unit), predictions, references) == expected


@every_unit
@settings(deadline=None, max_examples=60)
@given(examples)
def test_the_order_of_the_answers_does_not_matter(unit: Unit, examples) -> None:
    predictions, references = map(list, zip(*examples, strict=True))
    for make in (exact_match, token_accuracy, token_error_rate, word_error_rate):
        metric = make(unit)
        turned = value(metric, predictions, [answers[::-1] for answers in references])
        assert value(metric, predictions, references) == pytest.approx(turned)


@every_unit
def test_what_is_right_is_right(unit: Unit) -> None:
    references = [["a b c d e"], ["x y z", "a quite other answer"], ["b b"]]
    predictions = [answers[0] for answers in references]
    for metric in text_metrics(unit).values():
        best = 100 if metric.name in ("bleu", "bleu_lowercase", "chrf") else 1
        assert value(metric, predictions, references) == pytest.approx(best if metric.higher_is_better else 0)


def test_examples_by_hand() -> None:
    assert value(token_error_rate("character"), ["kitten"], [["sitting"]]) == 3 / 7
    assert value(word_error_rate("character"), ["the cat sat"], [["the cat sat down"]]) == 1 / 4
    assert (
        value(token_error_rate("symbol"), ["K AE1 T", "D AO1 G"], [["K AE1 T"], ["D AA1 G", "D AO1"]])
        == 1 / 6
    )
    assert value(word_error_rate("symbol"), ["K AE1 T", "D AO1 G"], [["K AE1 T"], ["D AA1 G"]]) == 1 / 2
    assert value(token_accuracy("symbol"), ["A B C", "A B"], [["A B D"], ["A B C D", "X B"]]) == 4 / 7
    assert value(token_error_rate("word"), ["a b c"], [[""]]) == 3
    assert value(exact_match("word"), [" a  b ", "A b"], [["a b"], ["a b"]]) == 1 / 2
    assert value(exact_match("character"), [" a  b ", "a b"], [["a b"], ["a b"]]) == 1 / 2


@every_unit
def test_weights_count_examples(unit: Unit) -> None:
    predictions, references = ["a b", "c c d", "e"], [["a c", "a"], ["c d d"], ["f e"]]
    for metric in text_metrics(unit).values():
        weighed = metric.prepare(predictions, references)(np.array([2.0, 0.0, 1.0]))
        written_out = value(metric, [predictions[i] for i in (0, 0, 2)], [references[i] for i in (0, 0, 2)])
        assert weighed == pytest.approx(written_out)


def test_examples_that_do_not_fit_are_refused() -> None:
    for metric in text_metrics("word").values():
        with pytest.raises(DataError, match="2 predictions and references for 1 example"):
            metric.prepare(["a", "b"], [["a"]])
        with pytest.raises(DataError, match="example 2 has no reference"):
            metric.prepare(["a", "b"], [["a"], []])
