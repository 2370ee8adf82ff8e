"""Rows of a table with a JSON object a line: the value of one key is replaced, and all other bytes stay."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jumok.data.tables.faults import Fault
from jumok.data.tables.joined import JSON_NUMBER
from jumok.data.tables.jsonl import (
    JSON_DECODER,
    MISSING,
    after_blank,
    json_kind,
    list_text,
    looked_up,
    parse_json_line,
    type_fault,
)
from jumok.data.tables.open_text import BYTE_ORDER_MARK, decode_line, without_blank_end
from jumok.data.tables.rows import clean
from jumok.errors import DataError
from jumok.labelling.tables.rows import TableContent, TableRow, lines_with_ends

ROWS_LOOKED_AT = 20  # rows, for how values are written


class KeySpan(NamedTuple):
    """Where the value of a key stands in the text of an object."""

    key: str
    start: int
    end: int


class ObjectsForm:
    """Rows that are JSON objects; `a.b` is the key b of the object in a."""

    def __init__(
        self, path: Path, columns: Sequence[str], answers: Collection[int], nested: Collection[int]
    ) -> None:
        """Read and change some keys of the objects.

        Args:
            path: The table, for messages.
            columns: The keys.
            answers: Which of these columns are answers, by their places.
            nested: Which of these columns may hold lists or objects.
        """
        self.path, self.columns, self.answers = path, tuple(columns), frozenset(answers)
        self.nested = frozenset(nested)
        self._numeric: frozenset[int] = frozenset()  # columns whose values are numbers, not texts
        self._escaped = False  # whether the file writes \u for what is not ASCII

    def parse(self, data: bytes) -> TableContent:
        """The rows; DataError if the file holds one array."""
        mark = BYTE_ORDER_MARK if data.startswith(BYTE_ORDER_MARK) else b""
        lines = lines_with_ends(data[len(mark) :])
        if data[len(mark) :].lstrip()[:1] == b"[":
            raise DataError(f"{self.path}: holds a JSON array; write one object a line, and name it .jsonl")
        count = sum(1 for _ in without_blank_end(line.rstrip(b"\n") for line in lines))
        rows = tuple(self._row(number, raw) for number, raw in enumerate(lines[:count], start=1))
        self._escaped = data.isascii() and b"\\u" in data
        self._numeric = frozenset(place for place in self.answers if self._is_numeric(rows, place))
        return TableContent(mark, rows, b"".join(lines[count:]))

    def changed_row(self, row: TableRow, texts: Mapping[int, str]) -> TableRow:
        """The row with other values."""
        whole = row.raw.decode()
        for place, text in texts.items():
            whole = self._with_value(whole, place, text)
        new = self._row(1, whole.encode())
        wrong = next((p for p, text in texts.items() if new.texts and not self._holds(new, p, text)), None)
        same = new.rest == row.rest or not self.answers.issuperset(texts)
        if new.fault is not None or wrong is not None or not same:
            column = self.columns[next(iter(texts)) if wrong is None else wrong]
            raise DataError(f"{self.path}: {column!r} cannot hold this value; correct it in an editor")
        return new

    def _holds(self, row: TableRow, place: int, text: str) -> bool:
        """Whether a row reads as it should; lists and objects may have other blanks."""
        found = clean(row.texts[place])
        return found == text or (
            place in self.nested and is_json(text) and json.loads(found) == json.loads(text)
        )

    def _row(self, number: int, raw: bytes) -> TableRow:
        text = decode_line(self.path, number, raw.removesuffix(b"\n"))
        value = text if isinstance(text, Fault) else parse_json_line(self.path, number, text)
        if not isinstance(value, dict):
            what = f"is {json_kind(value)}, expected an object"
            wrong = (
                value
                if isinstance(value, Fault)
                else Fault(str(self.path), number, what, "write {…}", "bad_json")
            )
            return TableRow(raw, rest=raw, fault=wrong)
        texts = [self._text(number, place, looked_up(value, key)) for place, key in enumerate(self.columns)]
        fault = next((one for one in texts if isinstance(one, Fault)), None)
        if fault is not None:
            return TableRow(raw, rest=raw, fault=fault)
        rest = without_keys(value, [self.columns[place] for place in self.answers])
        return TableRow(raw, tuple(map(str, texts)), json.dumps(rest, sort_keys=True))

    def _text(self, number: int, place: int, value: Any) -> str | Fault:
        if value is None or value is MISSING:
            return ""
        if isinstance(value, list | dict) and place in self.nested:
            return list_text(value)
        return type_fault(self.path, number, self.columns[place], value) or str(value)

    def _is_numeric(self, rows: Sequence[TableRow], place: int) -> bool:
        """Whether the first values of a column are numbers."""
        first = [row.raw.decode() for row in rows[:ROWS_LOOKED_AT] if row.fault is None and row.texts[place]]
        return bool(first) and all(
            holds_number(found_member(text, self.columns[place]), text) for text in first
        )

    def _with_value(self, text: str, place: int, new: str) -> str:
        """The text of an object with another value of a column."""
        key = self.columns[place]
        member = found_member(text, key)
        if member is None:
            return with_member(text, key, self._value(place, new, was_number=False)) if new else text
        value = self._value(place, new, holds_number(member, text)) if new else "null"
        return text[: member.start] + value + text[member.end :]

    def _value(self, place: int, text: str, was_number: bool) -> str:
        """A text as JSON: a number, list or object where the column has such, else a string."""
        if JSON_NUMBER.fullmatch(text) and (was_number or place in self._numeric):
            return text
        if place in self.nested and is_json(text):
            return text
        return json.dumps(text, ensure_ascii=self._escaped)


def holds_number(member: KeySpan | None, text: str) -> bool:
    """Whether the value of a key is a number."""
    return member is not None and text[member.start] in "-0123456789"


def is_json(text: str) -> bool:
    """Whether a text is a JSON list or object in one line."""
    try:
        return text[:1] in ("[", "{") and "\n" not in text and json.loads(text) is not None
    except ValueError:
        return False


def without_keys(value: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """An object without some keys, also of objects in it."""
    kept = dict(value)
    for key in keys:
        first, dot, rest = key.partition(".")
        if key in kept:
            del kept[key]
        elif dot and isinstance(kept.get(first), dict):
            kept[first] = without_keys(kept[first], [rest])
    return kept


def members(text: str, start: int) -> Iterator[KeySpan]:
    """The keys of the object that begins at a place, with the places of their values."""
    at = after_blank(text, after_blank(text, start) + 1)
    while text[at] != "}":
        key, at = JSON_DECODER.raw_decode(text, at)
        at = after_blank(text, after_blank(text, at) + 1)  # behind the colon
        end = JSON_DECODER.raw_decode(text, at)[1]
        yield KeySpan(key, at, end)
        at = after_blank(text, end)
        if text[at] == ",":
            at = after_blank(text, at + 1)


def found_member(text: str, key: str, start: int = 0) -> KeySpan | None:
    """Where the value of a key stands; `a.b` is b inside a if no key has that name."""
    known = {one.key: one for one in members(text, start)}
    first, dot, rest = key.partition(".")
    if key in known or not dot or first not in known:
        return known.get(key)
    inner = known[first].start
    return found_member(text, rest, inner) if text[inner] == "{" else None


def with_member(text: str, key: str, value: str) -> str:
    """The text of an object with one key more at its end, with blanks as it has them."""
    known = list(members(text, 0))
    colon = ":" if known and text[known[0].start - 1] == ":" else ": "
    new = f"{json.dumps(key, ensure_ascii=text.isascii())}{colon}{value}"
    if not known:
        at = after_blank(text, 0) + 1
        return text[:at] + new + text[at:]
    comma = "," if len(known) > 1 and text[after_blank(text, known[0].end) + 1] == '"' else ", "
    at = known[-1].end
    return text[:at] + comma + new + text[at:]
