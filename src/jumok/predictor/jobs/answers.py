"""How answers are written: a line for each input, or one JSON array."""

import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from jumok.errors import DataError
from jumok.predictor.jobs.events import Input, PredictionOrError

if TYPE_CHECKING:
    from jumok.values import Prediction

# what some program takes for the end of a line (Python's str.splitlines, editors, terminals), and our tab
LINE_ENDS = re.compile("\r\n|[\n\r\t\v\f\x1c-\x1e\x85\u2028\u2029]")

JSON_LINES = (".jsonl", ".ndjson")

Answers = Iterable[tuple[Input, PredictionOrError]]


def write_lines(out: TextIO, answers: Answers, named: bool = False) -> None:
    """Write a line for each input, empty if the input could not be read; several answers are separated by tabs.

    Args:
        out: The stream.
        answers: The inputs with their answers.
        named: Whether the input and a tab come first.
    """
    for value, answer in answers:
        said = "" if isinstance(answer, DataError) else "\t".join(map(one_line, answer_texts(answer)))
        out.write((f"{one_line(str(value))}\t" if named else "") + said + "\n")
        if isinstance(out, io.TextIOWrapper) and out.isatty():
            out.flush()


def answer_texts(answer: "Prediction") -> list[str]:
    """The answer as text, followed by its alternatives if there are any; those of several outputs by name."""
    if len(answer.outputs) > 1:
        return [f"{name}: {value.text}" for name, value in answer.outputs.items()]
    others = (getattr(value, "alternatives", ()) for value in answer.outputs.values())
    return [answer.text, *(str(one) for alternatives in others for one in alternatives)]


def one_line(text: str) -> str:
    """A text without anything that some program takes for the end of a line, or for our tab."""
    return LINE_ENDS.sub(" ", text)


def write_json_answers(out: TextIO, answers: Answers) -> None:
    """Write one JSON array with an object for each input."""
    write_array(out, (answer_to_json(value, answer) for value, answer in answers))


def is_json_lines(output: Path) -> bool:
    """Whether the name of a file says that it holds one JSON value a line."""
    return output.name.removesuffix(".gz").endswith(JSON_LINES)


def write_json_lines(out: TextIO, answers: Answers) -> None:
    """Write an object for each input, one a line."""
    write_objects(out, (answer_to_json(value, answer) for value, answer in answers))


def write_objects(out: TextIO, items: Iterable[Any]) -> None:
    """JSON values, one a line."""
    out.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def write_array(out: TextIO, items: Iterable[Any]) -> None:
    """One JSON array, written item by item."""
    array = ArrayWriter(out)
    for item in items:
        array.add(item)
    array.end()


class ArrayWriter:
    """A JSON array that is written item by item, as they come."""

    def __init__(self, out: TextIO) -> None:
        self.out, self.before = out, "["

    def add(self, item: Any) -> None:
        """Write an item."""
        self.out.write(f"{self.before}\n{json.dumps(item, ensure_ascii=False)}")
        self.before = ","

    def end(self) -> None:
        """Close the array."""
        self.out.write(("[" if self.before == "[" else "") + "\n]\n")


def answer_to_json(value: Input, answer: PredictionOrError) -> dict[str, Any]:
    """An input with its answer or error; a single output is not nested below its name."""
    if isinstance(answer, DataError):
        return {"input": value, "error": str(answer)}
    outputs = {name: part.to_json() for name, part in answer.outputs.items()}
    only = next(iter(outputs.values())) if len(outputs) == 1 else {"outputs": outputs}
    return {"input": value, **only}
