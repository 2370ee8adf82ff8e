"""`jumok predict`."""

import io
import json as jsonlib
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.progress import Progress

from jumok.cli.console import say, talk
from jumok.cli.options import Beam, Device, Json, Method, Precision, Run
from jumok.data.reading import open_bytes
from jumok.errors import DataError
from jumok.files import unwritable
from jumok.predictor import Predictor, load
from jumok.values import Prediction

AT_ONCE = 2000  # inputs that are sorted by length and answered together
TOLD = 3  # unknown pieces that are told one by one

Input = str | dict[str, str]


def add_to(app: typer.Typer) -> None:
    app.command(name="predict", epilog="Example: `jumok predict runs/translate 'Ein Hund rennt.'`")(command)


def command(
    run: Run,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="Inputs; else standard input.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Inputs, one a line; plain or .gz; - is standard input.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Where answers go; standard output by default.")] = None,
    json: Json = False,
    best: Annotated[int | None, typer.Option(help="Answers for each input (with --json: n_best).")] = None,
    beam: Beam = None,
    method: Method = None,
    length_penalty: Annotated[
        float | None, typer.Option(help="Scores are divided by length to this power.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="For --method sample.")] = None,
    top_k: Annotated[int | None, typer.Option(help="For --method sample.")] = None,
    top_p: Annotated[float | None, typer.Option(help="For --method sample.")] = None,
    seed: Annotated[int | None, typer.Option(help="For --method sample.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="The longest answer.")] = None,
    device: Device = "auto",
    precision: Precision = None,
) -> None:
    """Answer inputs with the best model of a run: one line out for each line in, in the same order.

    A model with several inputs reads one JSON object a line, with a text for each input by name.
    """
    decoding = {
        "best": best,
        "beam": beam,
        "method": method,
        "length_penalty": length_penalty,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
        "max_tokens": max_tokens,
        "precision": precision,
    }
    if texts and file is not None:
        raise DataError("inputs came as arguments and by --file; give one of them")
    predictor = load(run, device, decoding)
    with ExitStack() as stack:
        inputs = iter(texts) if texts else read_lines(stack, file)
        out = stack.enter_context(opened(output)) if output else sys.stdout
        write = write_json if json else write_lines
        at_once = 1 if not texts and file is None and sys.stdin.isatty() else AT_ONCE
        write(out, answered(predictor, inputs, at_once))


def opened(output: Path) -> TextIO:
    try:
        return open(output, "w", encoding="utf-8")
    except OSError as error:
        raise unwritable(output, error) from None


def read_lines(stack: ExitStack, file: Path | None) -> Iterator[str]:
    """The lines of a file or of standard input; DataError with the line that is not UTF-8."""
    if file is None or str(file) == "-":
        if file is None and sys.stdin.isatty():
            say("reading inputs from the keyboard, one a line; end with Ctrl-D")
        name, stream = "standard input", sys.stdin.buffer
    elif not file.is_file():
        raise DataError(f"{file}: there is no such file")
    else:
        name = str(file)
        stream = stack.enter_context(open_bytes(file))
    return decoded(stream, name)


def decoded(stream: Iterable[bytes], name: str) -> Iterator[str]:
    lines, number = iter(stream), 0
    while True:
        number += 1
        try:
            yield next(lines).rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8")
        except StopIteration:
            return
        except (EOFError, zlib.error, OSError) as error:
            raise DataError(f"{name}:{number}: cannot be read ({error}); fetch the file again") from None
        except UnicodeDecodeError as error:
            raise DataError(
                f"{name}:{number}: not UTF-8 (byte {error.start + 1}); convert the file, for example with iconv"
            ) from None


def answered(predictor: Predictor, inputs: Iterator[str], at_once: int) -> Iterator[tuple[Input, Prediction]]:
    """Inputs with their answers, a block at a time, so that a file may be larger than memory."""
    done, notes = 0, Notes(predictor)
    with Progress(
        *Progress.get_default_columns()[:1],
        "{task.completed:,} done",
        console=talk,
        transient=True,
        disable=not talk.is_terminal,
    ) as bar:
        task = bar.add_task("predicting", total=None)
        while block := list(islice(inputs, at_once)):
            values = [parsed(text, done + i + 1, predictor) for i, text in enumerate(block)]
            for i, value in enumerate(values):
                notes.look(value, done + i + 1)
            found = predictor.predict(values, done, lambda count: bar.advance(task, count))
            yield from zip(values, found, strict=True)
            done += len(block)
    notes.tell()


def parsed(text: str, number: int, predictor: Predictor) -> Input:
    """The text itself, or the object of texts that a model with several inputs reads."""
    if len(predictor.inputs) == 1:
        return text
    try:
        value = jsonlib.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        names = ", ".join(f'"{name}": "..."' for name in predictor.inputs)
        raise DataError(f"line {number}: this model has several inputs; expected a JSON object {{{names}}}")
    try:
        predictor.named(value)
    except DataError as error:
        raise DataError(f"line {number}: {error}") from None
    return value


class Notes:
    """What a user should know of the inputs: empty ones, and pieces that the model never saw."""

    def __init__(self, predictor: Predictor) -> None:
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


def write_lines(out: TextIO, answers: Iterator[tuple[Input, Prediction]]) -> None:
    for _, prediction in answers:
        out.write(prediction.text.replace("\n", " ") + "\n")
        if isinstance(out, io.TextIOWrapper) and out.isatty():
            out.flush()


def write_json(out: TextIO, answers: Iterator[tuple[Input, Prediction]]) -> None:
    """One JSON array, written item by item."""
    out.write("[")
    for i, (value, prediction) in enumerate(answers):
        out.write(("," if i else "") + "\n" + jsonlib.dumps(described(value, prediction), ensure_ascii=False))
    out.write("\n]\n")


def described(value: Input, prediction: Prediction) -> dict[str, Any]:
    outputs = {name: part.describe() for name, part in prediction.outputs.items()}
    only = next(iter(outputs.values())) if len(outputs) == 1 else {"outputs": outputs}
    return {"input": value, **only}
