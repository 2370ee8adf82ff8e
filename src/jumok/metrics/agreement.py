"""How close a prediction is to the nearest reference: exact matches, equal tokens, edits.

What a token is depends on the unit of the task: a character of a text ("character"), a symbol between spaces
where all symbols together spell one word, as phones do ("symbol"), or a word between spaces ("word").
"""

from collections.abc import Callable, Sequence
from math import inf

from jumok.choices import Unit
from jumok.deferred import Deferred
from jumok.metrics.interval import ResamplableScore
from jumok.metrics.metric import UNIT_RANGE, Metric, check_examples, ratio

Levenshtein = Deferred("rapidfuzz.distance.Levenshtein")

Tokens = Sequence[str]


def split(text: str, unit: Unit) -> Tokens:
    """The tokens of a text."""
    return text if unit == "character" else text.split()


def exact_match(unit: Unit) -> Metric:
    """The share of examples whose prediction has the tokens of one of its references (0-1)."""
    return per_example("exact_match", True, unit, lambda tokens, answers: (float(tokens in answers), 1.0))


def token_accuracy(unit: Unit) -> Metric:
    """The share of positions that hold the correct token (0-1).

    Over all examples, the number of positions at which the prediction has the token of the reference, divided by the
    number of positions of the longer of the two. Of several references, the one with the highest share counts; ties
    go to the longest. One token too many at the start makes all that follow wrong: the token error rate forgives
    that.
    """
    return per_example("token_accuracy", True, unit, equal_positions)


def token_error_rate(unit: Unit) -> Metric:
    """The edits per token of the references (0-1, more if predictions are far too long).

    Over all examples, the edit distance (insertions, deletions, substitutions) to the closest reference, divided by
    the length of that reference. The closest is the one with the fewest edits, as is usual for words with several
    pronunciations; ties go to the longest, which has the lowest rate. By unit this is the character, the phoneme or
    the word error rate.
    """
    return per_example("token_error_rate", False, unit, edits)


def word_error_rate(unit: Unit) -> Metric:
    """Word errors per word of the references (0-1, more if predictions are far too long).

    If the symbols of a text spell one word (unit "symbol"), the share of examples that equal none of their
    references; otherwise the edits per word between spaces, counted as `token_error_rate` does.
    """
    if unit == "symbol":
        return per_example(
            "word_error_rate", False, unit, lambda tokens, answers: (float(tokens not in answers), 1.0)
        )
    return per_example("word_error_rate", False, "word", edits)


def per_example(
    name: str,
    higher_is_better: bool,
    unit: Unit,
    measure: Callable[[Tokens, list[Tokens]], tuple[float, float]],
) -> Metric:
    """Build a metric that is a sum over examples divided by another.

    Args:
        name: Name of the metric.
        higher_is_better: Its direction.
        unit: What a token is.
        measure: From the tokens of a prediction and of its references to numerator and denominator.

    Returns:
        The metric.
    """

    def prepare(predictions: list[str], references: list[list[str]]) -> ResamplableScore:
        check_examples(predictions, references)
        return ratio(
            [
                measure(split(prediction, unit), [split(answer, unit) for answer in answers])
                for prediction, answers in zip(predictions, references, strict=True)
            ]
        )

    return Metric(name, higher_is_better, prepare, limits=UNIT_RANGE if higher_is_better else (0.0, inf))


def equal_positions(tokens: Tokens, answers: list[Tokens]) -> tuple[float, float]:
    """Equal positions and all positions, for the reference with the highest share of equal ones."""
    pairs = [(count_equal(tokens, answer), max(len(tokens), len(answer))) for answer in answers]
    return max(pairs, key=lambda pair: (pair[0] / max(pair[1], 1), pair[1]))


def count_equal(first: Tokens, second: Tokens) -> int:
    """The number of positions at which two token sequences are equal."""
    return sum(one == other for one, other in zip(first, second, strict=False))


def edits(tokens: Tokens, answers: list[Tokens]) -> tuple[float, float]:
    """The edit distance to the closest reference, and the length of that reference (Levenshtein, 1966)."""
    pairs = [(Levenshtein.distance(tokens, answer), len(answer)) for answer in answers]
    return min(pairs, key=lambda pair: (pair[0], -pair[1]))
