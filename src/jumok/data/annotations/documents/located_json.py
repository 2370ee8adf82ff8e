"""JSON files of long lists, whose records know their lines.

The keys of the outermost object and the brackets of its lists are scanned here, each record is parsed by the standard
decoder, written in C. So a large file takes little longer than json.loads, and lines cost a count of newlines.
"""

import json
import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from jumok.data.annotations.annotated import SourceLocation
from jumok.data.tables.faults import UnreadableFile, fail
from jumok.data.tables.jsonl import not_a_number
from jumok.data.tables.open_text import BYTE_ORDER_MARK, open_bytes, read_fault, unreadable

NO_OBJECT = "is not an object {…}"
WHITESPACE = re.compile(r"[ \t\n\r]*")
REMEDY = "fix or write the file again"


class Record(NamedTuple):
    """An item of a list in the file, with its line."""

    value: Any
    place: SourceLocation


class Member(NamedTuple):
    """Where a member of an object stands in its text."""

    name: int  # where its name begins
    start: int  # of its value
    end: int


class LocatedJson:
    """The outermost object of a file; `lists` holds its lists, `values` the rest.

    `members` says where each stands in the text, `spans` where the items of each list begin and end, in turn. Where the
    outermost value may be a list, `list_name` is what it is called in `lists`.
    """

    def __init__(self, path: Path, text: str | None = None, list_name: str | None = None) -> None:
        self.path = path
        self.lists: dict[str, list[Record]] = {}
        self.values: dict[str, Any] = {}
        self.members: dict[str, Member] = {}
        self.spans: dict[str, array[int]] = {}
        self._text = read_text(path) if text is None else text
        self._decoder = json.JSONDecoder(parse_constant=not_a_number)
        self._counted, self._line = 0, 1  # lines up to a position
        self._read(list_name)
        self._text = ""

    def _read(self, list_name: str | None) -> None:
        position = self._after_space(0)
        if list_name is not None and self._text[position : position + 1] == "[":
            self.lists[list_name], self.spans[list_name] = [], array("q")
            self._refuse_more(self._read_list(list_name, position + 1))
            return
        if self._text[position : position + 1] != "{":
            raise self._wrong(NO_OBJECT, position)
        for name, start in self._members(position + 1):
            if self._text[start] == "[":
                self.lists[name], self.spans[name] = [], array("q")
                self._next = self._read_list(name, start + 1)
            else:
                self.values[name], self._next = self._decode(start)

    def _members(self, position: int) -> Iterator[tuple[str, int]]:
        """Names of the object and where their values begin; whoever asks sets `_next` to where a value ends."""
        position = self._after_space(position)
        while self._text[position : position + 1] != "}":
            name, end = self._decode(position)
            colon = self._after_space(end)
            if not isinstance(name, str) or self._text[colon : colon + 1] != ":":
                raise self._wrong("expected a name in quotes and a colon", position)
            if name in self.lists or name in self.values:
                raise self._wrong(f"{name!r} stands here a second time", position)
            start = self._after_space(colon + 1)
            if start == len(self._text):
                raise self._wrong("ends too early", start)
            yield name, start
            self.members[name] = Member(position, start, self._next)
            position = self._after_comma(self._next, "}")
        self._refuse_more(position + 1)

    def _refuse_more(self, end: int) -> None:
        """Refuse what stands behind the outermost value."""
        if self._after_space(end) < len(self._text):
            raise self._wrong("goes on after its end", self._after_space(end))

    def _read_list(self, name: str, position: int) -> int:
        position, records, file = self._after_space(position), self.lists[name], str(self.path)
        spans = self.spans[name]
        while self._text[position : position + 1] != "]":
            line = self._line_of(position)
            value, end = self._decode(position)
            records.append(Record(value, SourceLocation(file, line)))
            spans.extend((position, end))
            position = self._after_comma(end, "]")
        return position + 1

    def _after_comma(self, position: int, closing: str) -> int:
        """Where the next value begins, or the closing bracket stands."""
        position = self._after_space(position)
        mark = self._text[position : position + 1]
        if mark == closing:
            return position
        if mark != ",":
            found = f"found {mark!r}" if mark else "the file ends"
            raise self._wrong(f"expected a comma or {closing!r}, {found}", position)
        after = self._after_space(position + 1)
        if self._text[after : after + 1] == closing:
            raise self._wrong("a comma stands before a closing bracket", position)
        return after

    def _decode(self, position: int) -> tuple[Any, int]:
        try:
            return self._decoder.raw_decode(self._text, position)
        except json.JSONDecodeError as error:
            raise self._wrong(error.msg, error.pos) from None
        except RecursionError:
            raise self._wrong("its brackets are nested too deeply", position) from None
        except ValueError as error:  # NaN, numbers of thousands of digits
            raise self._wrong(str(error), position) from None

    def _after_space(self, position: int) -> int:
        found = WHITESPACE.match(self._text, position)
        return found.end() if found else position

    def _line_of(self, position: int) -> int:
        """The line of a position that is not before the last one that was asked for."""
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line

    def _wrong(self, what: str, position: int) -> UnreadableFile:
        line = self._text.count("\n", 0, position) + 1
        return fail(self.path, line, f"is not valid JSON ({what})", REMEDY, "bad_json")


def read_text(path: Path) -> str:
    """The text of a file, plain or gzip; raises UnreadableFile."""
    fault = read_fault(path)
    if fault:
        raise UnreadableFile(fault)
    try:
        with open_bytes(path) as file:
            data = file.read()
    except (EOFError, OSError) as error:
        raise UnreadableFile(unreadable(path, OSError(str(error)))) from None
    return decode_text(path, data)


def decode_text(path: Path, data: bytes) -> str:
    """The text of a file's bytes, without the mark of their order; raises UnreadableFile."""
    try:
        return data.removeprefix(BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wrong = f"is not valid UTF-8 (byte 0x{data[error.start]:02x})"
        raise fail(path, line, wrong, "save the file as UTF-8 (it may be Latin-1)", "invalid_utf8") from None
