"""The inputs of a job: lines of a file or stream, and warnings about them."""

import json
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from jumok.errors import DataError
from jumok.files import SURROGATE, not_text
from jumok.predictor.jobs.events import EmptyInputs, Input, JobWarning, MoreUnknownPieces, UnknownPiece
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.predictor import Predictor

TOLD = 3  # unknown pieces that are listed
MAX_LINE_BYTES = 32_000_000  # bytes of a line, beyond which no text is meant


def require_file(file: Path) -> None:
    """DataError if nothing is that could be read."""
    try:
        mode = os.stat(file).st_mode
    except (OSError, ValueError):
        raise DataError(f"{file}: there is no such file") from None
    if stat.S_ISDIR(mode):
        raise DataError(f"{file} is a folder; name a file with one input a line")


def lines_of(stack: ExitStack, file: Path) -> Iterator[str]:
    """The lines of a file, which `stack` closes; bytes that are not UTF-8 are kept as surrogates."""
    require_file(file)
    try:
        return decode_lines(open_decompressed(stack, file), str(file))
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror or error})") from None


def open_decompressed(stack: ExitStack, file: Path) -> BinaryIO:
    """The bytes of a file, decompressed if they are gzip; a pipe, which cannot be read twice, as it is."""
    from jumok.data.tables.open_text import GZIP_MARK, open_bytes

    if file.is_file():
        return stack.enter_context(open_bytes(file))
    pipe = stack.enter_context(file.open("rb"))
    if pipe.peek(2)[:2] != GZIP_MARK:
        return pipe
    import gzip

    return stack.enter_context(cast(BinaryIO, gzip.open(pipe)))


def decode_lines(stream: BinaryIO, name: str) -> Iterator[str]:
    """The lines of a UTF-8 stream, other bytes kept as surrogates; DataError names the line that is too long."""
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(MAX_LINE_BYTES + 1)
            if not line:
                return
            if len(line) > MAX_LINE_BYTES:
                raise DataError(
                    f"{name}:{number}: a line of more than {quantity(MAX_LINE_BYTES, 'byte')}; write one input a line"
                )
            yield line.rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape")
        except (EOFError, zlib.error, OSError) as error:
            raise DataError(f"{name}:{number}: cannot be read ({error}); fetch the file again") from None


def line_fault(text: str, number: int, predictor: "Predictor") -> DataError | None:
    """Why a line that is not UTF-8 has no answer; None of other lines, and of the path of an image, which is a name.

    Args:
        text: The line, other bytes as surrogates.
        number: Its number, from 1.
        predictor: The predictor.

    Returns:
        The reason.
    """
    (first, *others) = predictor.inputs.values()
    if not not_text(text) or (first.canvas is not None and not others):
        return None
    byte = len(SURROGATE.split(text, maxsplit=1)[0].encode()) + 1
    return DataError(f"line {number}: not UTF-8 (byte {byte}); convert it, for example with iconv")


def parsed(text: str, number: int, predictor: "Predictor", json_lines: bool = False) -> Input:
    """Parse one line.

    Args:
        text: The line.
        number: Its number, for messages.
        predictor: The predictor.
        json_lines: Whether the line is JSON also where the model has one input.

    Returns:
        The text, or the texts by name if the model has several inputs.

    Raises:
        DataError: The line is no JSON, or names other inputs.
    """
    if len(predictor.inputs) == 1:
        return unwrapped(text, number, *predictor.inputs) if json_lines else text
    try:
        value = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        names = ", ".join(f'"{name}": "..."' for name in predictor.inputs)
        raise DataError(f"line {number}: this model has several inputs; expected a JSON object {{{names}}}")
    try:
        predictor.parse_inputs(value)
    except DataError as error:
        raise DataError(f"line {number}: {error}") from None
    return value


def unwrapped(text: str, number: int, name: str) -> str:
    """The one input that a line of JSON holds: a value, or an object with its name.

    Args:
        text: The line; an empty one is an empty input.
        number: Its number, for messages.
        name: The name of the input.

    Returns:
        The input; a list as its JSON.

    Raises:
        DataError: The line is no JSON, or an object without that name.
    """
    if not text.strip():
        return ""
    try:
        value, digits = json.loads(text), json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise DataError(
            f'line {number}: no JSON; write a value or an object like {{"{name}": ...}} on each line, or name the file '
            ".txt where its lines are texts"
        ) from None
    if isinstance(value, dict):
        if name not in value:
            raise DataError(
                f"line {number}: the object has no {name!r}; it has {', '.join(value) or 'nothing'}"
            )
        value, digits = value[name], digits[name]
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if digits is None else str(digits)


class InputWarnings:
    """What a user should know of the inputs: empty ones, and pieces that the model never saw."""

    def __init__(self, predictor: "Predictor | None" = None) -> None:
        self.predictor = predictor  # None where others have looked
        self.empty: list[int] = []
        self.unknown: dict[str, int] = {}  # piece to the line of its first occurrence

    def look(self, value: Input, number: int) -> None:
        """Note whether an input is empty or has unknown pieces; `number` counts from 1."""
        texts = (
            [value]
            if isinstance(value, str)
            else ["" if text is None else str(text) for text in value.values()]
        )
        if not any(text.strip() for text in texts):
            self.empty.append(number)
            return
        for pieces in self.unknown_in(value):
            for piece in pieces:
                self.unknown.setdefault(piece, number)

    def unknown_in(self, value: Input) -> Iterable[list[str]]:
        """The pieces of an input that the model never saw, for each of its texts that has some."""
        return [] if self.predictor is None else self.predictor.unknown(value).values()

    def merge(self, empty: Sequence[int], unknown: Mapping[str, int]) -> None:
        """Take in what a later part of the job found: numbers of empty inputs, and of the first with each piece."""
        self.empty += empty
        for piece, number in unknown.items():
            self.unknown.setdefault(piece, number)

    def all(self) -> Iterator[JobWarning]:
        """The warnings so far; the first unknown pieces are listed."""
        if self.empty:
            yield EmptyInputs(len(self.empty), self.empty[0])
        for piece, number in list(self.unknown.items())[:TOLD]:
            yield UnknownPiece(piece, number)
        if len(self.unknown) > TOLD:
            yield MoreUnknownPieces(len(self.unknown) - TOLD)
