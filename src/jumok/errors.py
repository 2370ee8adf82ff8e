"""The few exceptions of jumok, and the "did you mean" of their sentences."""

from collections.abc import Iterable
from difflib import get_close_matches


class JumokError(Exception):
    """Something that the user can fix: the message is one clear sentence, shown without a traceback.

    `ko` is the same sentence in Korean, for the page, where there is one.
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
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are: {', '.join(known)}" if known else ""
