"""Hangul syllables as their letters (conjoining jamo), and back.

Each syllable has one decomposition, and each composable sequence of letters is one syllable, so that nothing is lost.
Other characters are unchanged.
"""

import unicodedata

FIRST_SYLLABLE, LAST_SYLLABLE = "\uac00", "\ud7a3"
SYLLABLE_LETTERS = {
    code: unicodedata.normalize("NFD", chr(code))
    for code in range(ord(FIRST_SYLLABLE), ord(LAST_SYLLABLE) + 1)
}


def decompose(text: str) -> str:
    """The text with each syllable as two or three letters."""
    return text.translate(SYLLABLE_LETTERS)


def compose_syllables(text: str) -> str:
    """The text with letters composed to syllables, in Unicode NFC."""
    return unicodedata.normalize("NFC", text)


def origins(text: str) -> list[int]:
    """For each character of the decomposed text, the index of its character in the text."""
    return [i for i, character in enumerate(text) for _ in SYLLABLE_LETTERS.get(ord(character), character)]


def is_syllable(character: str) -> bool:
    """Whether a character is a whole syllable of Hangul."""
    return FIRST_SYLLABLE <= character <= LAST_SYLLABLE
