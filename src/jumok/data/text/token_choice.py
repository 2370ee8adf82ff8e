"""Chooses the kind of tokens if none is given: characters for codes and single words, else subwords."""

from collections.abc import Iterable
from typing import Literal

from jumok.data.text.jamo import is_syllable

WITH_BLANKS = 0.1  # share of texts with several words above which texts are made of words
LEARNED_FROM = 10  # times a piece must be seen to be one of its own, where no size is given
MOST_PIECES = 8000  # in a vocabulary, where no size is given


def choose_tokens(texts: Iterable[str]) -> Literal["characters", "jamo", "bpe"]:
    """The kind of tokens for texts.

    Single words hardly ever occur twice. Subwords learned from them would be whole examples in training, and
    different in any other text. Letters of Hangul are fewer than syllables, so that each occurs more often.
    """
    count = with_blanks = characters = syllables = 0
    for text in texts:
        count += 1
        with_blanks += len(text.split(None, 1)) > 1
        characters += len(text)
        syllables += sum(map(is_syllable, text))
    if with_blanks >= WITH_BLANKS * count:
        return "bpe"
    return "jamo" if syllables > 0.5 * characters else "characters"
