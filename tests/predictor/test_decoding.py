"""Predictors with other options of decoding, and texts that are told while they grow."""

import pytest

from jumok.errors import DataError
from made_predictors import SENTENCE, made, made_predictor, recurrent, transformer


def test_other_options_share_the_weights():
    predictor = made("transformer")
    greedy = predictor.with_decoding({"method": "greedy", "beam": None})
    assert greedy.model is predictor.model and greedy.decoding.method == "greedy"
    assert predictor.decoding.method == "beam" and greedy.decoding.beam == predictor.decoding.beam
    one = made_predictor(
        {"text": {"encoder": transformer(2)}}, {"decoder": transformer(3)}, {"method": "greedy"}
    )
    assert greedy.predict([SENTENCE]) == one.predict([SENTENCE])


@pytest.mark.parametrize("changes", [{"beem": 3}, {"beam": 0}, {"method": "guess"}, {"temperature": -1.0}])
def test_options_that_do_not_fit_are_refused(changes):
    with pytest.raises(DataError, match="these options of decoding do not fit") as refused:
        made("transformer").with_decoding(changes)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("decoder", [transformer(2), recurrent("additive"), recurrent("none")])
@pytest.mark.parametrize("method", ["greedy", "sample"])
def test_texts_grow_to_the_answers(decoder, method):
    """What is told of an example is, but for its last token, the answer; the answers are those without a listener."""
    predictor = made_predictor({"text": {}}, {"decoder": decoder}, {"method": method})
    texts, told = [SENTENCE, "mond", "ein hund und zwei"], {}
    listening = predictor.with_listener(lambda number, text: told.setdefault(number, []).append(text))
    answers = listening.predict(texts)
    assert answers == predictor.predict(texts)
    for number, answer in enumerate(answers):
        grown = told.get(number, [])
        assert [answer.text[: len(text)] for text in grown] == grown
        assert sorted(grown, key=len) == grown


def test_what_cannot_be_told_is_refused():
    with pytest.raises(DataError, match="greedy search or sampling"):
        made("transformer").with_listener(print)
    with pytest.raises(DataError, match="one output that is a text"):
        made("dense").with_listener(print)
