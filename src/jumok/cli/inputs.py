"""The inputs that `jumok predict` answers: lines of a file or of standard input."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from jumok.console import say
from jumok.errors import DataError
from jumok.predictor.jobs.inputs import decode_lines, lines_of, unwrapped


def is_stdin(file: Path | None) -> bool:
    """Whether inputs come from standard input."""
    return file is None or str(file) == "-"


def refuse_own_output(file: Path | None) -> None:
    """DataError if standard output goes into the file that is read: it would be lost, or never end."""
    source = 0 if file is None or is_stdin(file) else file
    try:
        read, written = os.stat(source), os.fstat(1)
    except (OSError, ValueError):
        return
    if stat.S_ISREG(read.st_mode) and os.path.samestat(read, written):
        name = "standard input" if source == 0 else str(file)
        raise DataError(
            f"standard output goes into the file that {name} comes from; name another file for it"
        )


def read_lines(stack: ExitStack, file: Path | None) -> Iterator[str]:
    """The lines of a file or of standard input; bytes that are not UTF-8 are kept as surrogates."""
    if file is not None and not is_stdin(file):
        return lines_of(stack, file)
    if file is None and sys.stdin.isatty():
        say("reading inputs from the keyboard, one a line; end with Ctrl-D")
    return decode_lines(sys.stdin.buffer, "standard input")


def image_lines(lines: Iterable[str], json_lines: bool, name: str) -> Iterator[str]:
    """The paths of images.

    Args:
        lines: A path a line.
        json_lines: Whether a line is JSON that holds the path.
        name: The name of the input.

    Returns:
        The paths.
    """
    if not json_lines:
        return iter(lines)
    return (unwrapped(line, number, name) for number, line in enumerate(lines, start=1))
