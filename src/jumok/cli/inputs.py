"""The inputs that `jumok predict` answers: lines of a file or of standard input, and what is remarkable about them."""

import json
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from jumok.console import say
from jumok.errors import DataError

if TYPE_CHECKING:
    from jumok.predictor import Predictor

TOLD = 3  # unknown pieces that are told one by one
LONGEST = 32_000_000  # bytes of a line, beyond which no text is meant

Input = str | dict[str, str]


def require_file(file: Path | None) -> None:
    """DataError where nothing is that could be read."""
    if file is None or str(file) == "-":
        return
    try:
        mode = os.stat(file).st_mode
    except (OSError, ValueError):
        raise DataError(f"{file}: there is no such file") from None
    if stat.S_ISDIR(mode):
        raise DataError(f"{file} is a folder; name a file with one input a line")


def refuse_own_output(file: Path | None) -> None:
    """DataError where standard output goes into the file that is read: it would be lost, or never end."""
    source = 0 if file is None or str(file) == "-" else file
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
    """The lines of a file or of standard input; DataError with the line that is not UTF-8."""
    if file is None or str(file) == "-":
        if file is None and sys.stdin.isatty():
            say("reading inputs from the keyboard, one a line; end with Ctrl-D")
        return decoded(sys.stdin.buffer, "standard input")
    require_file(file)
    try:
        return decoded(opened(stack, file), str(file))
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror or error})") from None


def opened(stack: ExitStack, file: Path) -> BinaryIO:
    """The bytes of a file, decompressed where they are gzip; a pipe, which cannot be read twice, as it comes."""
    from jumok.data.open_text import GZIP_MARK, open_bytes

    if file.is_file():
        return stack.enter_context(open_bytes(file))
    pipe = stack.enter_context(file.open("rb"))
    if pipe.peek(2)[:2] != GZIP_MARK:
        return pipe
    import gzip

    return stack.enter_context(cast(BinaryIO, gzip.open(pipe)))


def decoded(stream: BinaryIO, name: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(LONGEST + 1)
            if not line:
                return
            if len(line) > LONGEST:
                raise DataError(
                    f"{name}:{number}: a line of more than {LONGEST:,} bytes; write one input a line"
                )
            yield line.rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8")
        except (EOFError, zlib.error, OSError) as error:
            raise DataError(f"{name}:{number}: cannot be read ({error}); fetch the file again") from None
        except UnicodeDecodeError as error:
            raise DataError(
                f"{name}:{number}: not UTF-8 (byte {error.start + 1}); convert the file, for example with iconv"
            ) from None


def parsed(text: str, number: int, predictor: "Predictor") -> Input:
    """The text itself, or the object of texts that a model with several inputs reads."""
    if len(predictor.inputs) == 1:
        return text
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


class InputWarnings:
    """What a user should know of the inputs: empty ones, and pieces that the model never saw."""

    def __init__(self, predictor: "Predictor") -> None:
        self.predictor = predictor
        self.empty: list[int] = []
        self.unknown: dict[str, int] = {}  # piece to the line of its first occurrence

    def look(self, value: Input, number: int) -> None:
        texts = [value] if isinstance(value, str) else [str(text) for text in value.values()]
        if not any(text.strip() for text in texts):
            self.empty.append(number)
            return
        for pieces in self.predictor.unknown(value).values():
            for piece in pieces:
                self.unknown.setdefault(piece, number)

    def tell(self) -> None:
        if self.empty:
            say(f"note: {len(self.empty)} empty input(s) got an empty answer (first: number {self.empty[0]})")
        for piece, number in list(self.unknown.items())[:TOLD]:
            say(f"note: the model never saw {piece!r} in training (input {number}); its answer may be wrong")
        if len(self.unknown) > TOLD:
            say(f"note: {len(self.unknown) - TOLD} more pieces were never seen in training")
