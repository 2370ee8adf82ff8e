"""Tables with one JSON object a line: .jsonl."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jumok.data.columns import misnamed
from jumok.data.faults import Fault
from jumok.data.reading import decoded, raw_lines, without_blank_end
from jumok.data.rows import Row, row


def jsonl_rows(path: Path, columns: list[str]) -> Iterator[Row | Fault]:
    """Rows of a file with one JSON object a line; numbers become text as they are written."""
    for number, raw in enumerate(without_blank_end(raw_lines(path)), start=1):
        text = decoded(path, number, raw)
        if isinstance(text, Fault):
            yield text
            continue
        found = json_texts(path, number, text, columns)
        yield found if isinstance(found, Fault) else row(path, number, found, columns)


def json_texts(path: Path, line: int, text: str, columns: list[str]) -> list[str] | Fault:
    """The texts of the wanted keys of one JSON object."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=not_a_number)
    except (ValueError, RecursionError) as error:
        return Fault(
            str(path), line, f"is not valid JSON ({error})", "write one JSON object a line", "bad_json"
        )
    if not isinstance(value, dict):
        return Fault(str(path), line, f"is {json_kind(value)}, expected an object", "write {…}", "bad_json")
    texts: list[str] = []
    for column in columns:
        fault = misnamed(path, line, column, list(value)) or mistyped(path, line, column, value[column])
        if fault:
            return fault
        texts.append(value[column])
    return texts


def mistyped(path: Path, line: int, column: str, value: Any) -> Fault | None:
    """The fault of a JSON value that is no text; numbers have become texts before."""
    what = f"column {column!r} is {json_kind(value)}"
    if value is None:
        return Fault(str(path), line, what, "fill it in or remove the row", "null_cell")
    if not isinstance(value, str):
        return Fault(
            str(path), line, f"{what}, expected a string or number", "write it as a string", "bad_value"
        )
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        wrong = f"column {column!r} holds half a character (a lone surrogate \\ud800-\\udfff)"
        return Fault(str(path), line, wrong, "write both halves or the character itself", "lone_surrogate")
    return None


def not_a_number(name: str) -> str:
    raise ValueError(f"{name} is no JSON")


def json_kind(value: Any) -> str:
    """What a JSON value is called, numbers having become texts."""
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a string or number")
