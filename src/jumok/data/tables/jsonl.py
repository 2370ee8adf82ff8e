"""Tables of JSON objects: one per line in .jsonl, an array in .json."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jumok.data.row import Row
from jumok.data.tables.columns import column_fault
from jumok.data.tables.faults import Fault
from jumok.data.tables.joined import list_item
from jumok.data.tables.open_text import decode_line, raw_lines, text_lines, without_blank_end
from jumok.data.tables.rows import Cleaner
from jumok.data.tables.wanted import Wanted

BLANK = re.compile(r"[ \t\r\n]*")
TOO_DEEP = "its brackets are nested too deeply"
BROKEN_OFF = "damaged_json"  # the kind of a fault behind which nothing can be read


class TwiceTheSameKey(ValueError):
    """An object with a duplicate key."""


def jsonl_rows(wanted: Wanted) -> Iterator[Row | Fault]:
    """Rows of a file with one JSON object per line; numbers become text as they are written."""
    path = wanted.path
    for number, raw in enumerate(without_blank_end(raw_lines(path)), start=1):
        text = decode_line(path, number, raw)
        if isinstance(text, Fault):
            yield text
            continue
        if number == 1 and text.lstrip().startswith("["):
            what = "holds a JSON array, expected one object a line"
            yield Fault(str(path), number, what, "name it .json, or write one object a line", "wrong_format")
            return
        yield row_from_json(wanted, number, parse_json_line(path, number, text))


def json_rows(wanted: Wanted) -> Iterator[Row | Fault]:
    """Rows of a file with one JSON array of objects, or with one object after the other."""
    lines: list[str] = []
    for _, text in text_lines(wanted.path):
        if isinstance(text, Fault):
            yield text._replace(kind=BROKEN_OFF)  # the places of what follows cannot be trusted
            return
        lines.append(text)
    yield from objects_in(wanted, "\n".join(lines))


def objects_in(cleaner: Cleaner, text: str) -> Iterator[Row | Fault]:
    """The rows of the objects in a text, in an array or one after the other."""
    place = after_blank(text, 0)
    array = text.startswith("[", place)
    place += array
    line, counted, count = 1, 0, 0
    while True:
        place = after_blank(text, place)
        line += text.count("\n", counted, place)
        counted = place
        if place == len(text) or (array and text[place] == "]"):
            if array and place == len(text):
                yield damaged_json(cleaner.path, line, "its array is never closed")
            return
        if array and count and text[place] == ",":
            place = after_blank(text, place + 1)
        elif array and count:
            yield damaged_json(cleaner.path, line, "a comma or ] was expected")
            return
        line += text.count("\n", counted, place)
        counted = place
        try:
            value, place = object_at(cleaner.path, line, text, place)
        except (json.JSONDecodeError, RecursionError) as error:
            what = TOO_DEEP if isinstance(error, RecursionError) else error.msg
            yield damaged_json(cleaner.path, getattr(error, "lineno", line), what)
            return
        count += 1
        yield row_from_json(cleaner, line, value)


def object_at(path: Path, line: int, text: str, place: int) -> tuple[Any, int]:
    """The value that begins at a place, or its fault where it is known where it ends, and the place after it."""
    try:
        return JSON_DECODER.raw_decode(text, place)
    except json.JSONDecodeError:
        raise
    except ValueError as error:  # two equal keys, NaN: what others take for JSON
        return json_fault(path, line, str(error)), json.JSONDecoder().raw_decode(text, place)[1]


def after_blank(text: str, place: int) -> int:
    """The position of the next character that is not blank."""
    found = BLANK.match(text, place)
    return found.end() if found else place


def row_from_json(cleaner: Cleaner, line: int, value: Any) -> Row | Fault:
    """The row of a JSON object, or a fault."""
    if isinstance(value, Fault):
        return value
    if not isinstance(value, dict):
        what = f"is {json_kind(value)}, expected an object"
        return Fault(str(cleaner.path), line, what, "write {…}", "bad_json")
    texts: list[str] = []
    for place, column in enumerate(map(str, cleaner.columns)):
        text = looked_up(value, column)
        if text is None and place in cleaner.optional:
            text = ""
        if isinstance(text, list) and place in cleaner.lists:
            text = list_text(text)
        if isinstance(text, dict) and place in cleaner.objects:
            text = list_text(text)
        if text is MISSING:
            fault = column_fault(cleaner.path, line, column, list(value), nested_column_remedy(value, column))
        else:
            fault = type_fault(cleaner.path, line, column, text)
        if fault:
            return fault
        texts.append(text)
    return cleaner.row(line, texts)


def list_text(value: Any) -> str:
    """A list or object as JSON again; numbers, and texts that look like numbers, stand as they were written."""
    if isinstance(value, list):
        return f"[{','.join(map(list_text, value))}]"
    if isinstance(value, dict):
        items = (f"{json.dumps(key, ensure_ascii=False)}: {list_text(one)}" for key, one in value.items())
        return f"{{{', '.join(items)}}}"
    return list_item(value) if isinstance(value, str) else json.dumps(value)


MISSING = object()


def looked_up(value: dict[str, Any], column: str) -> Any:
    """The value of a key; `a.b` is b inside a if no key has that name."""
    if column in value:
        return value[column]
    first, dot, rest = column.partition(".")
    inner = value.get(first)
    return looked_up(inner, rest) if dot and isinstance(inner, dict) else MISSING


def nested_column_remedy(value: dict[str, Any], column: str) -> str:
    """What to do if a column is inside an object, like the `translation` of Hugging Face."""
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            names = [name for name in inner if name == column] or list(inner)
            return f"its column {key!r} is an object; say columns: {{{column}: {key}.{names[0]}}}"
    return ""


def parse_json_line(path: Path, line: int, text: str) -> Any:
    """The JSON value of a line, or the fault of a line that is not JSON.

    Args:
        path: The file, for faults.
        line: The line.
        text: What it holds.

    Returns:
        The value, or the fault.
    """
    if not text.strip():
        return Fault(str(path), line, "is an empty line", "remove it", "bad_json")
    try:
        return JSON_DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        return json_fault(
            path, line, str(error) if isinstance(error, TwiceTheSameKey) else reason(error, text)
        )


def reason(error: Exception, text: str) -> str:
    """Why a line is not JSON, in a few words."""
    if isinstance(error, RecursionError):
        return TOO_DEEP
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    if error.msg == "Extra data":
        return f"something follows its end, at character {error.pos + 1}"
    return f"{error.msg} at character {error.pos + 1}"


def damaged_json(path: Path, line: int, what: str) -> Fault:
    """The fault of a file of one value that cannot be read on from here: nothing after it is known."""
    return json_fault(path, line, what)._replace(kind=BROKEN_OFF)


def json_fault(path: Path, line: int, what: str) -> Fault:
    """The fault of a text that is not JSON."""
    remedy = "write one JSON object a line" if path.suffix != ".json" else "write an array of objects"
    if "twice" in what:
        remedy = "write each key once"
    elif what.startswith(("NaN", "Infinity", "-Infinity")):
        remedy = "write a number or remove the row"
    return Fault(str(path), line, f"is not valid JSON ({what})", remedy, "bad_json")


def type_fault(path: Path, line: int, column: str, value: Any) -> Fault | None:
    """The fault of a JSON value that is not text; numbers are text already.

    Args:
        path: The file.
        line: The line.
        column: The column.
        value: The value.

    Returns:
        The fault, or None.
    """
    what = f"column {column!r} is {json_kind(value)}"
    if value is None:
        return Fault(str(path), line, what, "fill it in or remove the row", "null_cell")
    if isinstance(value, dict) and value:
        inner = f"say columns: {{…: {column}.{next(iter(value))}}}, or write it as a string"
        return Fault(str(path), line, f"{what}, expected a string or number", inner, "bad_value")
    if not isinstance(value, str):
        return Fault(
            str(path), line, f"{what}, expected a string or number", "write it as a string", "bad_value"
        )
    return None


def json_kind(value: Any) -> str:
    """The name of the type of a JSON value."""
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a string or number")


def not_a_number(name: str) -> str:
    """Refuse NaN and infinity, which JSON does not have; raises ValueError."""
    raise ValueError(f"{name} is no JSON")


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dictionary of these pairs; raises TwiceTheSameKey for duplicate keys."""
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise TwiceTheSameKey(f"the key {twice!r} occurs twice in it")
    return value


JSON_DECODER = json.JSONDecoder(
    parse_int=str, parse_float=str, parse_constant=not_a_number, object_pairs_hook=without_repetition
)
