"""Metrics of texts, by name."""

from collections.abc import Iterable, Sequence

from jumok.metrics.agreement import Unit, exact_match, token_accuracy, token_error_rate, word_error_rate
from jumok.metrics.metric import Metric
from jumok.metrics.overlap import bleu, bleu_lowercase, chrf

LONGEST_RUN = 4  # words that BLEU counts together
MOSTLY = 0.9  # of the answers


def text_metrics(unit: Unit) -> dict[str, Metric]:
    """All metrics of texts whose tokens are characters, symbols that spell a word, or words."""
    metrics = [
        bleu,
        bleu_lowercase,
        chrf,
        exact_match(unit),
        token_accuracy(unit),
        token_error_rate(unit),
        word_error_rate(unit),
    ]
    return {metric.name: metric for metric in metrics}


def telling_metrics(unit: Unit, references: Sequence[Sequence[str]]) -> list[str]:
    """The names of the metrics that are informative for such references; the others are computed all the same.

    BLEU counts runs of four words: it says nothing about references that mostly have fewer, and chrF nothing about
    phones and numbers. For references of one word the word error rate is one minus the exact match, and so it is if
    all tokens are words. If a word is one token, the token accuracy equals the exact match.
    """
    answers = [answer for of_one in references for answer in of_one]
    words = [len(answer.split()) for answer in answers]
    alone = share(many <= 1 for many in words) >= MOSTLY
    left_out = set()
    if unit != "word" or share(many < LONGEST_RUN for many in words) > 0.5:
        left_out |= {"bleu", "bleu_lowercase"}
    if unit != "word" or all(is_number(answer) for answer in answers):
        left_out.add("chrf")
    if unit == "word":  # the same as the word error rate
        left_out.add("token_error_rate")
        left_out |= {"token_accuracy"} if alone else set()
    if alone and unit != "symbol":
        left_out.add("word_error_rate")
    return [name for name in text_metrics(unit) if name not in left_out]


def share(facts: Iterable[bool]) -> float:
    """The share of facts that are true; 0 if there are none."""
    known = list(facts)
    return sum(known) / len(known) if known else 0.0


def is_number(text: str) -> bool:
    """Whether a text consists of digits and separators between them."""
    return any(one.isdigit() for one in text) and all(one.isdigit() or one in " .,-+%/:" for one in text)
