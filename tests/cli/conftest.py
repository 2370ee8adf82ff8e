"""The command line in this process: what it prints, and its exit status."""

import io
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from jumok.cli import main


class Ended(NamedTuple):
    """A command that came to its end."""

    status: int
    output: str
    talk: str  # stderr


class Keyboard(io.TextIOWrapper):
    """Standard input of a person."""

    def isatty(self) -> bool:
        return True


Shell = Callable[..., Ended]


@pytest.fixture
def jumok(capsys, monkeypatch) -> Shell:
    """Run `jumok` with these words, `given` on standard input."""

    def run(*words: object, given: bytes = b"", keyboard: bool = False) -> Ended:
        stdin = Keyboard if keyboard else io.TextIOWrapper
        monkeypatch.setattr(sys, "stdin", stdin(io.BytesIO(given)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        output, talk = capsys.readouterr()
        assert isinstance(end.value.code, int) and "Traceback" not in talk
        return Ended(end.value.code, output, talk)

    return run


@pytest.fixture
def refused(jumok) -> Callable[..., str]:
    """Run a command that must be refused; the sentence."""

    def run(*words: object, given: bytes = b"") -> str:
        ended = jumok(*words, given=given)
        assert ended.status == 2 and ended.output == ""
        *_, sentence = ended.talk.splitlines()
        assert sentence.startswith("error: ")
        return sentence.removeprefix("error: ")

    return run
