"""How a program writes JSON records: line ends, indentation, spaces; so that new records look like those around."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jumok.data.annotations.documents.located_json import LocatedJson, Member

INNER_COMMA = re.compile(r"[\[,][^\[\]{},\"]*,([ \t]*)[^\s\[\]{},\"]")
NEWLINE = re.compile(r"\r?\n")


@dataclass(frozen=True, slots=True)
class RecordStyle:
    """What stands around the members of a record, and how values look."""

    opening: str = ""  # after the first bracket
    between: str = ", "  # two members
    colon: str = ": "
    closing: str = ""  # before the last bracket
    comma: str = ", "  # between the numbers of a list on one line
    unfolds: bool = False  # whether each number of a list has a line of its own
    order: tuple[str, ...] = ()  # of members
    ascii: bool = False  # whether other characters are written as \\u escapes

    def record(self, values: Mapping[str, Any]) -> str:
        """A record with these members."""
        rank = {name: place for place, name in enumerate(self.order)}
        names = sorted(values, key=lambda name: rank.get(name, len(rank)))
        members = (f"{self.value(name)}{self.colon}{self.value(values[name])}" for name in names)
        return "{" + self.opening + self.between.join(members) + self.closing + "}"

    def value(self, value: Any) -> str:
        """A value of a member."""
        if self.unfolds and isinstance(value, list | dict) and value:
            line_end, indent, unit = self._indents()
            text = json.dumps(value, ensure_ascii=self.ascii, indent=unit, allow_nan=False)
            return text.replace("\n", line_end + indent)
        separators = (self.comma, self.colon)
        return json.dumps(value, ensure_ascii=self.ascii, separators=separators, allow_nan=False)

    def _indents(self) -> tuple[str, str, str]:
        """The line end, the indentation of members, and by how much it is deeper than that of the record."""
        line_end = "\r\n" if "\r\n" in self.opening else "\n"
        inner, outer = (NEWLINE.split(text)[-1] for text in (self.opening, self.closing))
        return line_end, inner, inner.removeprefix(outer) or "  "


def style_of(text: str, ascii: bool) -> RecordStyle:
    """The style of a record.

    Args:
        text: The record.
        ascii: Whether the file escapes other characters.

    Returns:
        The style.
    """
    found = LocatedJson(Path("record"), text)
    places = list(found.members.values())
    if not places:
        return RecordStyle(ascii=ascii)
    first, last = places[0], places[-1]
    gaps = [text[one.end : two.name] for one, two in zip(places, places[1:], strict=False)]
    opening = text[1 : first.name]
    between = gaps[0] if gaps else "," + (opening or " ")
    values = [text[one.start : one.end] for one in places]
    unfolds = any("\n" in value for value in values)
    inner = next((match[1] for value in values if (match := INNER_COMMA.search(value))), None)
    is_tight = between == ","
    comma = "," + inner if inner is not None and not unfolds else "," if is_tight else ", "
    colon = text[_name_end(text, first) : first.start]
    closing = text[last.end : -1]
    return RecordStyle(opening, between, colon, closing, comma, unfolds, tuple(found.members), ascii)


def with_members(text: str, changes: Mapping[str, Any], ascii: bool) -> str:
    """A record with other values of some members; all else keeps its bytes.

    Args:
        text: The record.
        changes: New values by name; nested objects are changed member by member.
        ascii: Whether the file escapes other characters.

    Returns:
        The record.
    """
    found, style = LocatedJson(Path("record"), text), style_of(text, ascii)
    if not found.members:
        return style.record(changes)
    known = [(found.members[name], value) for name, value in changes.items() if name in found.members]
    added = [(name, value) for name, value in changes.items() if name not in found.members]
    tail = "".join(
        f"{style.between}{style.value(name)}{style.colon}{style.value(value)}" for name, value in added
    )
    end = max(one.end for one in found.members.values())
    pieces, rest = [], text[:end] + tail + text[end:]
    for member, value in sorted(known, reverse=True, key=lambda one: one[0].start):
        before = text[member.start : member.end]
        inside = isinstance(value, dict) and before.startswith("{") and before != "{}"
        after = with_members(before, value, ascii) if inside else style.value(value)
        pieces.append(after + rest[member.end :])
        rest = rest[: member.start]
    return rest + "".join(reversed(pieces))


def _name_end(text: str, member: Member) -> int:
    """Where the name of a member ends."""
    return text.rindex('"', member.name, member.start) + 1
