"""Rows of a table as bytes: a cell is changed where it stands, and all other bytes stay.

A row is read by the readers of `data.tables`, and a changed one is read again before it is written: it must give the
same cells but for the changed ones.
"""

import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from jumok.data.tables.columns import column_fault, misnumbered
from jumok.data.tables.delimited import CELL_SEPARATORS
from jumok.data.tables.faults import Fault
from jumok.data.tables.open_text import BYTE_ORDER_MARK, decode_line, without_blank_end
from jumok.data.tables.quoted import Cells, LineFeeder, csv_records
from jumok.data.tables.rows import clean
from jumok.errors import DataError
from jumok.wording import quantity


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table."""

    raw: bytes  # with its line end
    texts: tuple[str, ...] = ()  # of the columns that are read, as they stand
    rest: Hashable = None  # all that the row holds beside its answers
    fault: Fault | None = None  # why it cannot be read


@dataclass(frozen=True, slots=True)
class TableContent:
    """The bytes of a table, in pieces."""

    head: bytes  # byte order mark and names
    rows: tuple[TableRow, ...]
    tail: bytes  # empty lines at the end
    width: int = 0  # cells of a row

    @property
    def data(self) -> bytes:
        """All bytes."""
        return b"".join((self.head, *(row.raw for row in self.rows), self.tail))

    @property
    def line_end(self) -> bytes:
        """How lines end."""
        first = self.head if b"\n" in self.head else self.rows[0].raw if self.rows else b""
        return b"\r\n" if first.endswith(b"\r\n") else b"\n"

    def with_rows(self, rows: Mapping[int, TableRow]) -> "TableContent":
        """The same table with other rows at some places."""
        return replace(self, rows=tuple(rows.get(place, row) for place, row in enumerate(self.rows)))

    def with_new_row(self, row: TableRow) -> "TableContent":
        """The same table with a row more, which has no line end."""
        rows, head = list(self.rows), self.head
        last = rows[-1].raw if rows else head
        open_end = bool(last) and not last.endswith(b"\n")
        if open_end and rows:
            rows[-1] = replace(rows[-1], raw=last + self.line_end)
        elif open_end:
            head += self.line_end
        raw = row.raw if open_end else row.raw + self.line_end
        return replace(self, head=head, rows=(*rows, replace(row, raw=raw)))

    def without_row(self, place: int) -> "TableContent":
        """The same table with a row less."""
        return replace(self, rows=(*self.rows[:place], *self.rows[place + 1 :]))

    def of_rows(self, rows: Iterable[TableRow]) -> bytes:
        """The bytes of a table with the same names and only these rows."""
        raws = (row.raw if row.raw.endswith(b"\n") else row.raw + self.line_end for row in rows)
        return b"".join((self.head, *raws))

    def line_of(self, place: int) -> int:
        """The line where a row begins, from 1."""
        return 1 + self.head.count(b"\n") + sum(row.raw.count(b"\n") for row in self.rows[:place])


class TableForm(Protocol):
    """How the rows of a table are read and changed."""

    def parse(self, data: bytes) -> TableContent:
        """The rows of a table; DataError if its columns are not what they should be."""
        ...

    def changed_row(self, row: TableRow, texts: Mapping[int, str]) -> TableRow:
        """A row with other texts in some of the columns that are read.

        Args:
            row: The row, which can be read.
            texts: The new text of each changed column, by its place among those that are read; "" empties it.

        Returns:
            The row, which reads as it should.

        Raises:
            DataError: The format has no place for such a text.
        """
        ...


class CellSpan(NamedTuple):
    """Where a cell stands in the text of a row."""

    start: int
    end: int
    is_quoted: bool


class DelimitedForm:
    """Rows of cells with a separator between them."""

    def __init__(
        self,
        path: Path,
        columns: Sequence[str | int],
        answers: Collection[int],
        separator: str = "\t",
        quoting: bool = False,
    ) -> None:
        """Read and change some columns of a table.

        Args:
            path: The table, for messages.
            columns: The columns by name, or all by number from 1 where the table has no names.
            answers: Which of these columns are answers, by their places.
            separator: What stands between cells.
            quoting: Whether cells may stand in quotes.
        """
        self.path, self.columns, self.answers = path, tuple(columns), frozenset(answers)
        self.separator, self.quoting = separator, quoting
        self._places: tuple[int, ...] = ()  # of the columns in a row
        self._width = 0

    def parse(self, data: bytes) -> TableContent:
        """The rows below the names; DataError if a column is missing."""
        mark = BYTE_ORDER_MARK if data.startswith(BYTE_ORDER_MARK) else b""
        lines = lines_with_ends(data[len(mark) :])
        records = list(self._records(lines))
        at, head = 0, mark
        if not all(isinstance(column, int) for column in self.columns):
            count = self._take_names(records.pop(0)) if records else 0
            at, head = count, mark + b"".join(lines[:count])
        elif records:
            self._take_numbers(records[0][1])
        rows = []
        for count, found in records:
            rows.append(self._row(b"".join(lines[at : at + count]), found))
            at += count
        return TableContent(head, tuple(rows), b"".join(lines[at:]), self._width)

    def changed_row(self, row: TableRow, texts: Mapping[int, str]) -> TableRow:
        """The row with other cells."""
        whole = row.raw.decode()
        text = self._without_end(whole)
        spans = list(cell_spans(text, self.separator, self.quoting))
        at = {self._places[place]: new for place, new in texts.items()}
        if len(spans) != self._width:
            raise self._unwritable(next(iter(texts)))
        for number in sorted(at, reverse=True):
            start, end, is_quoted = spans[number]
            text = text[:start] + self.cell(at[number], is_quoted) + text[end:]
        return self._expected((text + whole[len(self._without_end(whole)) :]).encode(), row.rest, texts)

    def new_row(self, texts: Mapping[int, str]) -> TableRow:
        """A row with these texts and empty cells beside them, without a line end; DataError if they do not fit."""
        cells = [""] * self._width
        for place, text in texts.items():
            cells[self._places[place]] = text
        raw = self.separator.join(self.cell(cell, is_quoted=False) for cell in cells).encode()
        kept = (text for number, text in enumerate(cells) if number not in self._answer_places)
        return self._expected(raw, tuple(kept), texts)

    def cell(self, text: str, is_quoted: bool) -> str:
        """A text as a cell, in quotes if it needs them or had them."""
        needs = any(mark in text for mark in (self.separator, '"', "\n", "\r"))
        if self.quoting and (needs or is_quoted):
            return '"' + text.replace('"', '""') + '"'
        return text

    @property
    def _answer_places(self) -> frozenset[int]:
        return frozenset(self._places[place] for place in self.answers)

    def _records(self, lines: Sequence[bytes]) -> Iterator[tuple[int, Cells | Fault]]:
        """The rows of some lines, with the number of lines that each takes."""
        bare = (line.removesuffix(b"\n") for line in lines)
        if self.quoting:
            tape = LineFeeder(self.path, bare)
            for found in csv_records(tape, self.separator):
                yield len(tape.taken), found
            return
        for number, raw in enumerate(without_blank_end(bare), start=1):
            text = decode_line(self.path, number, raw)
            yield 1, text if isinstance(text, Fault) else Cells(number, self._split(text))

    def _split(self, text: str) -> list[str]:
        return text.removesuffix("\r").split(self.separator)

    def _without_end(self, text: str) -> str:
        return text.rstrip("\r\n") if self.quoting else text.removesuffix("\n").removesuffix("\r")

    def _take_names(self, record: tuple[int, Cells | Fault]) -> int:
        """Find the columns by the names in the first row; gives the lines that it takes."""
        count, found = record
        if isinstance(found, Fault):
            raise DataError(str(found))
        names = [clean(name) for name in found.cells]
        for column in map(str, self.columns):
            fault = column_fault(self.path, found.line, column, names)
            if fault:
                raise DataError(str(fault))
        self._places, self._width = tuple(names.index(str(column)) for column in self.columns), len(names)
        return count

    def _take_numbers(self, found: Cells | Fault) -> None:
        """Find the columns by their numbers in a table without names."""
        self._places = tuple(int(column) - 1 for column in self.columns)
        self._width = 0 if isinstance(found, Fault) else len(found.cells)
        called = CELL_SEPARATORS.get(self.separator, "")
        fault = misnumbered(self.path, 1, max(self._places) + 1, self._width, called)
        if isinstance(found, Fault) or fault:
            raise DataError(str(found if isinstance(found, Fault) else fault))

    def _row(self, raw: bytes, found: Cells | Fault) -> TableRow:
        if isinstance(found, Cells) and len(found.cells) != self._width:
            problem = f"has {quantity(len(found.cells), 'column')}, expected {self._width}"
            called = CELL_SEPARATORS.get(self.separator, "separator")
            remedy = f"correct the {called}s of the line in an editor"
            found = Fault(str(self.path), found.line, problem, remedy, "column_count")
        if isinstance(found, Fault):
            return TableRow(raw, rest=raw, fault=found)
        answers = self._answer_places
        rest = tuple(cell for number, cell in enumerate(found.cells) if number not in answers)
        return TableRow(raw, tuple(found.cells[place] for place in self._places), rest)

    def _expected(self, raw: bytes, rest: Hashable, texts: Mapping[int, str]) -> TableRow:
        """The row of changed bytes, if it reads as it should."""
        records = list(self._records(lines_with_ends(raw)))
        row = self._row(raw, records[0][1]) if len(records) == 1 else None
        wrong = next(
            (p for p, text in texts.items() if row and row.texts and clean(row.texts[p]) != text), None
        )
        same = row is not None and (row.rest == rest or not self.answers.issuperset(texts))
        if row is None or row.fault is not None or wrong is not None or not same:
            raise self._unwritable(next(iter(texts)) if wrong is None else wrong)
        return row

    def _unwritable(self, place: int) -> DataError:
        what = f"{self.path}: column {self.columns[place]!r} cannot hold this text"
        if self.quoting:
            return DataError(f"{what}, which would be read as several rows; write it with fewer line ends")
        return DataError(
            f"{what}, for a table with tabs has no quotes; leave out tabs and line ends, or save it as .csv"
        )


def lines_with_ends(data: bytes) -> list[bytes]:
    """Lines with their ends, split at "\\n" only."""
    return [line for line in re.split(rb"(?<=\n)", data) if line]


def cell_spans(text: str, separator: str, quoting: bool) -> Iterator[CellSpan]:
    """Where the cells of a row stand.

    Args:
        text: The row without its line end.
        separator: What stands between cells.
        quoting: Whether cells may stand in quotes.

    Yields:
        The place of each cell.
    """
    at = 0
    while True:
        quoted = re.compile(r'"(?:[^"]|"")*"').match(text, at) if quoting else None
        end = quoted.end() if quoted else text.find(separator, at)
        end = len(text) if end < 0 else end
        yield CellSpan(at, end, quoted is not None)
        if not text.startswith(separator, end):
            return
        at = end + len(separator)
