"""BLEU and chrF are sacreBLEU's, to the last digit, also on resamples."""

from itertools import zip_longest

import numpy as np
import pytest
import sacrebleu
from made_texts import made_examples
from sacrebleu.metrics import BLEU, CHRF

from jumok.metrics import bleu, bleu_lowercase, chrf, count_references

PAIRS = [(bleu, BLEU()), (bleu_lowercase, BLEU(lowercase=True)), (chrf, CHRF())]
CASES = {
    "one answer": made_examples(60),
    "three answers": made_examples(60, answers=3),
    "one to three answers": made_examples(60, answers=None),
    "all right": made_examples(30, rate=0.0),
    "hardly anything right": made_examples(30, rate=1.0),
    "empty predictions": (["", "a dog", ""], [["the cat"], ["a dog"], ["a tree"]]),
    "nothing but empty predictions": (["", ""], [["the cat"], ["a dog"]]),
    "an empty answer": (["a dog", "the cat"], [["", "a dog runs"], [""]]),
    "one short example": (["dog"], [["dog"]]),
    "tokenized": (["a dog ."] * 3, [["a dog."]] * 3),
    "letters beyond ASCII": (["Straße ÉTÉ", "주목"], [["STRASSE été"], ["주목 해"]]),
}
every_metric = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[ours.name for ours, _ in PAIRS])
every_case = pytest.mark.parametrize("case", CASES)


@every_metric
@every_case
def test_the_score_is_sacrebleus(ours, theirs, case: str) -> None:
    predictions, references = CASES[case]
    expected = theirs.corpus_score(predictions, list(zip_longest(*references))).score
    assert ours.prepare(predictions, references)(np.ones(len(predictions))) == expected


@every_metric
@every_case
def test_the_signature_is_sacrebleus(ours, theirs, case: str) -> None:
    predictions, references = CASES[case]
    theirs.corpus_score(predictions, list(zip_longest(*references)))
    assert ours.signature(count_references(references)) == str(theirs.get_signature())


@every_metric
def test_weights_count_examples(ours, theirs) -> None:
    predictions, references = made_examples(40, answers=2, seed=5)
    weights = np.random.default_rng(0).integers(0, 4, size=40)
    drawn = np.repeat(np.arange(40), weights)
    expected = theirs.corpus_score(
        [predictions[i] for i in drawn], list(zip(*[references[i] for i in drawn], strict=True))
    ).score
    assert ours.prepare(predictions, references)(weights.astype(float)) == expected


def test_signatures_say_what_was_computed() -> None:
    version = f"version:{sacrebleu.__version__}"
    assert bleu.signature(1) == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|{version}"
    assert bleu_lowercase.signature(None) == f"nrefs:var|case:lc|eff:no|tok:13a|smooth:exp|{version}"
    assert chrf.signature(2) == f"nrefs:2|case:mixed|eff:yes|nc:6|nw:0|space:no|{version}"


@every_metric
def test_no_examples_score_zero(ours, theirs) -> None:
    assert ours.prepare([], [])(np.ones(0)) == 0.0
