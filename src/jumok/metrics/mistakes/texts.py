"""Texts that are far from every answer of a model.

Both the annotated text and the best answer are scored by teacher forcing: the mean log-probability of a token. Their
difference g, in nats a token, is a likelihood ratio without the length; the score is 1 - exp(-g), 0 where the model
holds the annotated text as likely as its best answer.
"""

import math

from jumok.metrics.mistakes.disagreement import Disagreement

EXCERPT = 60  # characters of a text in a sentence


def text_disagreement(given: str, predicted: str, likelihood: float, best: float) -> Disagreement | None:
    """Whether a model holds an annotated text less likely than its own answer.

    Args:
        given: The annotated text.
        predicted: The best answer of the model.
        likelihood: Mean log-probability of a token of the annotated text.
        best: That of the best answer.

    Returns:
        The disagreement; None where the model holds the text at least as likely.
    """
    gap = best - likelihood
    if given == predicted or not gap > 0:
        return None
    said, ours = excerpt(predicted), excerpt(given)
    return Disagreement(
        1 - math.exp(-gap),
        "text",
        f"written {ours!r}; the model would write {said!r} ({gap:.1f} nats a token more likely)",
        f"적힌 글은 {ours!r}, 모델의 답은 {said!r} (토큰마다 {gap:.1f} nat 더 그럴듯함)",
        given=given,
        predicted=predicted,
    )


def excerpt(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
