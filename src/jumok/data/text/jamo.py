"""Hangul syllables as their letters (conjoining jamo), and back.

Each syllable has one spelling in letters, and each spelling that Unicode can compose is one syllable, so that nothing
is lost on the way. Other characters stay as they are.
"""

import unicodedata

FIRST, LAST = "\uac00", "\ud7a3"
LETTERS = {code: unicodedata.normalize("NFD", chr(code)) for code in range(ord(FIRST), ord(LAST) + 1)}


def decompose(text: str) -> str:
    """The text with each syllable as two or three letters."""
    return text.translate(LETTERS)


def compose(text: str) -> str:
    """The text with letters put together to syllables, in Unicode NFC as all texts are."""
    return unicodedata.normalize("NFC", text)


def origins(text: str) -> list[int]:
    """For each character of the decomposed text, which character of the text it comes from."""
    return [i for i, character in enumerate(text) for _ in LETTERS.get(ord(character), character)]


def is_syllable(character: str) -> bool:
    """Whether a character is a whole syllable of Hangul."""
    return FIRST <= character <= LAST
