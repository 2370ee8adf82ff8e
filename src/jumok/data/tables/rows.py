"""The interface of all readers of rows, and how their texts are cleaned."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jumok.classes import Class
from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.remarks import Remarks
from jumok.files import SURROGATE

MARK = "\ufeff"  # the byte order mark
FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters and dots that are blank
JAMO = re.compile("[\u1100-\u11ff]")
# zero-width space, word joiner, soft hyphen, marks of direction; joiners and selectors belong to scripts and emoji
INVISIBLE = re.compile("[\u200b\u2060\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Source(Protocol):
    """A reader that streams rows, and yields a fault in place of each faulty row."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read."""

    @property
    def watched(self) -> tuple[Path, ...]:
        """The files whose change would change the rows."""
        ...

    @property
    def root(self) -> Path:
        """The folder where relative paths in the rows start."""
        ...

    @property
    def classes(self) -> tuple[Class, ...]:
        """The classes of annotated images, once the rows were read."""
        ...

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """Remarks that are no faults, once the rows were read."""
        ...

    def rows(self) -> Iterator[Row | Fault]:
        """The rows in order, a fault in place of each faulty one."""


def clean(text: str) -> str:
    """Text in Unicode NFC, without white space at the ends and byte order marks."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", text.replace(MARK, "")).strip()


@dataclass(frozen=True)
class Cleaner:
    """Makes rows of texts, and counts what is unusual but no fault."""

    path: Path
    columns: Sequence[str | int | None]  # None: the file has no other
    remarks: Remarks
    optional: frozenset[int] = frozenset()  # places of the inputs whose cells may be empty
    inputs: int = 0  # columns that are inputs, the first ones; a row needs one of them at least
    lists: frozenset[int] = frozenset()  # places of the columns whose cells may be lists of numbers
    objects: frozenset[int] = frozenset()  # places of the columns whose cells may be objects of named numbers

    def row(self, line: int, texts: Sequence[str]) -> Row | Fault:
        """A row of clean texts, or the first fault."""
        values: list[str] = []
        for place, (text, column) in enumerate(zip(texts, self.columns, strict=True)):
            if place in self.optional and not clean(text):
                values.append("")
                continue
            value = self.clean_cell(line, text, column)
            if isinstance(value, Fault):
                return value
            values.append(value)
        if self.optional and not any(values[: self.inputs]):
            names = ", ".join(map(str, self.columns[: self.inputs]))
            remedy = "fill one of them in or remove the row"
            return Fault(
                str(self.path), line, f"has no input, all of {names} are empty", remedy, "empty_side"
            )
        return Row(line, tuple(values))

    def clean_cell(self, line: int, text: str, column: str | int | None) -> str | Fault:
        """Clean a text.

        Args:
            line: The line of the row.
            text: The text.
            column: The column, if there are several.

        Returns:
            The clean text or its fault.
        """
        value = clean(text)
        if value.isascii() and value and "\0" not in value and text.isascii():
            return value
        fault = cell_fault(self.path, line, value, column)
        if fault:
            return fault
        for kind in oddities(text, value):
            self.remarks.note(kind, self.path, line, column)
        return value


def cell_fault(path: Path, line: int, value: str, column: str | int | None) -> Fault | None:
    """The fault of a clean text.

    Args:
        path: The file.
        line: The line.
        value: The text.
        column: The column, if there are several.

    Returns:
        The fault; None if there is none.
    """
    where = "" if column is None else f"column {column!r} "
    remedy = "remove the line from all files" if column is None else "fill it in or remove the row"
    if not value:
        return Fault(str(path), line, f"{where}is empty", remedy, "empty_side")
    if is_invisible(value):
        what = f"{where}holds only invisible characters (U+{ord(value[0]):04X})"
        return Fault(str(path), line, what, remedy, "empty_side")
    if "\0" in value:
        advice = "remove it, or save the file as UTF-8 text"
        return Fault(str(path), line, f"{where}holds a NUL character", advice, "nul")
    if SURROGATE.search(value):
        wrong = f"{where}holds half a character (a lone surrogate \\ud800-\\udfff)"
        advice = "write both halves or the character itself"
        return Fault(str(path), line, wrong, advice, "lone_surrogate")
    return None


def is_invisible(text: str) -> bool:
    """Whether a text has only formatting characters, fillers and blanks."""
    return all(
        character in FILLERS or character.isspace() or unicodedata.category(character) == "Cf"
        for character in text
    )


def oddities(text: str, value: str) -> list[str]:
    """The kinds of remarks about a text that was cleaned to this value."""
    found = []
    if MARK in text:
        found.append("mark_inside")
    if INVISIBLE.search(value):
        found.append("invisible")
    if not unicodedata.is_normalized("NFC", text):
        found.append("decomposed_hangul" if JAMO.search(text) else "decomposed")
    return found
