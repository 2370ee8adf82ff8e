"""All exceptions of jumok, and the "did you mean" hint of their messages."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches


class JumokError(Exception):
    """An error that the user can fix: the message is one clear sentence, shown without a traceback.

    `ko` is the same sentence in Korean, for the page, if there is one.
    """

    def __init__(self, message: str = "", ko: str | None = None) -> None:
        super().__init__(message)
        self.ko = ko


class ConfigurationError(JumokError):
    """The experiment file or an option asks for something that does not exist or does not fit."""


class DataError(JumokError):
    """The data are faulty: says which file and line, what was expected and what to do."""


class RunError(JumokError):
    """A run folder or model cannot be used: missing, damaged, or made by another experiment."""


class Interrupted(Exception):
    """The user stopped the training; it was saved and can go on."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest known name ("; did you mean 'width'?"), or the list of them when none is near."""
    known = list(known)
    near = nearest(name, known)
    if near is not None:
        return f"; did you mean {near!r}?{how_it_differs(name, near)}"
    return f"; known are: {', '.join(known)}" if known else ""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar; names that look the same come first."""
    known = list(known)
    same = [one for one in known if folded(one) == folded(name)]
    return next(iter(same or get_close_matches(name, known, n=1, cutoff=0.6)), None)


def folded(name: str) -> str:
    """A name without differences that are hard to see: forms of Unicode, capitals, blanks at the ends."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def how_it_differs(name: str, other: str) -> str:
    """How two names differ that look nearly the same, in brackets; empty if the difference is obvious."""
    if name == other or folded(name) != folded(other):
        return ""
    composed, theirs = (unicodedata.normalize("NFC", one) for one in (name, other))
    if composed == theirs:
        return " (it looks the same, but is another form of Unicode: NFC and NFD)"
    if composed.strip() == theirs.strip():
        return " (they differ in blanks at the ends)"
    return " (they differ in capital letters)"
