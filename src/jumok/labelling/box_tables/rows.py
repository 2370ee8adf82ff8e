"""The rows of a table of boxes as records: which image each is about, and the same row with another box."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from jumok.data.annotations.annotated import Box, plain_number
from jumok.data.annotations.box_tables.columns import CORNERS, Columns
from jumok.data.annotations.box_tables.reading import (
    BoxRow,
    BoxTableReader,
    are_shares,
    separator_in,
)
from jumok.data.images.reading import Size
from jumok.data.tables.faults import Fault
from jumok.data.tables.listing import forward_slashes
from jumok.data.tables.quoted import Cells, LineFeeder, csv_records
from jumok.errors import DataError
from jumok.labelling.objects.marks import ObjectMark, near
from jumok.labelling.objects.record_list import PlainRecords, TextRecord
from jumok.labelling.tables.rows import cell_spans, lines_with_ends

LOSSLESS = "surrogateescape"  # bytes that are no UTF-8 stay as they are
BLANK_EDGES = re.compile(r"(\s*).*?(\s*)", re.DOTALL)
SHARE_DIGITS = 12  # of a share of the width of an image


@dataclass(frozen=True, slots=True, eq=False)
class BoxRecord(TextRecord):
    """A row with its line end; `owner` is the name of its image, None where that cannot be read."""

    row: BoxRow | None = None
    fault: Fault | None = None  # with the line that it had when the file was read


@dataclass
class BoxRows:
    """The text of a table, cut into rows."""

    records: PlainRecords
    head: str  # the row of names, with its line end; empty without one
    columns: Columns
    width: int  # cells of a row
    separator: str
    closed: bool  # whether the last row ends its line
    line_end: str

    def copy(self) -> "BoxRows":
        """Rows that can be changed without changing these."""
        return replace(self, records=self.records.copy())

    @property
    def data(self) -> bytes:
        """All bytes, without byte order mark."""
        text = self.records.text
        if not self.closed:
            text = text.removesuffix(self.line_end if text.endswith(self.line_end) else "\n")
        return text.encode(errors=LOSSLESS)

    def rows(self) -> list[BoxRecord]:
        """The rows."""
        return cast("list[BoxRecord]", self.records.records)

    def line_of(self, record: TextRecord) -> int:
        """The line of a row."""
        return self.records.line_of(self.records.records.index(record))

    def cell_of(self, record: TextRecord, what: str) -> str:
        """The text of a cell of a row as it is written, without blanks and quotes around it."""
        bare = record.text.rstrip("\r\n")
        place = self.columns.places.get(what)
        spans = list(cell_spans(bare, self.separator, quoting=True))
        if place is None or place >= len(spans):
            return ""
        start, end, is_quoted = spans[place]
        return bare[start + 1 : end - 1].replace('""', '"') if is_quoted else bare[start:end].strip()

    @property
    def shares(self) -> bool:
        """Whether coordinates are shares of the size of images."""
        found = (one.row.box for one in self.rows() if one.row is not None and one.row.box is not None)
        first = next(found, None)
        return first is not None and max(first) <= 1 and are_shares([first, *found])

    def insert(self, place: int, record: TextRecord) -> None:
        """Add a row behind so many others."""
        self.records.insert(place, record, 0 if place else len(self.head))


class BoxTableForm:
    """Reads and writes rows of a table."""

    def __init__(self, path: Path, numbers: Mapping[str, int] | None = None) -> None:
        """Name a table.

        Args:
            path: The table.
            numbers: Its columns by number from 1, if it has no names.
        """
        self.path, self.numbers = path, numbers

    def parse(self, data: bytes) -> BoxRows:
        """The rows of a table without byte order mark; raises UnreadableFile if its columns are unknown."""
        reader, separator = BoxTableReader(self.path, self.numbers), separator_in(data)
        lines = lines_with_ends(data)
        tape = LineFeeder(self.path, (line.removesuffix(b"\n") for line in lines))
        found = [(one, len(tape.taken)) for one in csv_records(tape, separator)]
        first, columns = reader.columns(found[0][0] if found else None)
        line_end = "\r\n" if lines[0].endswith(b"\r\n") else "\n"
        used = sum(count for _, count in found)
        closed = lines[used - 1].endswith(b"\n")
        if not closed:
            lines[used - 1] += line_end.encode()
        texts, at = list[str](), 0
        for _, count in found:
            texts.append(b"".join(lines[at : at + count]).decode(errors=LOSSLESS))
            at += count
        head = texts.pop(0) if columns.header else ""
        rows = BoxRows(PlainRecords([], []), head, columns, len(first.cells), separator, closed, line_end)
        items = [item for item, _ in found[columns.header :]]
        records = [self._record(reader, text, item, rows) for text, item in zip(texts, items, strict=True)]
        tail = b"".join(lines[used:]).decode(errors=LOSSLESS)
        gaps = [head + tail] if not records else [head, *[""] * (len(records) - 1), tail]
        rows.records = PlainRecords(list(records), gaps)
        return rows

    def _record(self, reader: BoxTableReader, text: str, item: Cells | Fault, rows: BoxRows) -> BoxRecord:
        """A row as a record."""
        if isinstance(item, Fault):
            return BoxRecord(text, fault=item)
        known = len(reader.faults)
        row = next(reader.row(item, rows.columns, rows.width), None)
        if row is not None:
            return BoxRecord(text, owner=row.image, category=row.name if row.box else None, row=row)
        cells, place = item.cells, rows.columns.places["image"]
        image = forward_slashes(cells[place].strip()) if len(cells) == rows.width else None
        return BoxRecord(text, owner=image or None, fault=reader.faults[known])

    def changed(self, rows: BoxRows, record: BoxRecord, cells: Mapping[str, str]) -> BoxRecord:
        """A row with other texts in some columns.

        Args:
            rows: The table.
            record: The row.
            cells: The texts, by what their columns mean; columns that the table lacks are left out.

        Returns:
            The row, which has been read again.

        Raises:
            DataError: The row cannot hold them.
        """
        bare = record.text.rstrip("\r\n")
        spans = list(cell_spans(bare, rows.separator, quoting=True))
        text, places = bare, rows.columns.places
        known = {places[what]: new for what, new in cells.items() if what in places}
        for number in sorted(known, reverse=True):
            start, end, is_quoted = spans[number]
            inner = text[start:end]
            text = text[:start] + self._cell(rows, known[number], inner, is_quoted) + text[end:]
        return replace(self.read_row(rows, text + record.text[len(bare) :]), serial=record.serial)

    def new(self, rows: BoxRows, cells: Mapping[str, str]) -> BoxRecord:
        """A new row with these texts, and empty cells in all other columns; DataError if it cannot hold them."""
        texts = [""] * rows.width
        for what, new in cells.items():
            if what in rows.columns.places:
                texts[rows.columns.places[what]] = self._cell(rows, new, "", is_quoted=False)
        return self.read_row(rows, rows.separator.join(texts) + rows.line_end)

    def _cell(self, rows: BoxRows, text: str, before: str, is_quoted: bool) -> str:
        """A text as a cell: with the blanks around that it had, in quotes if it needs them or had them."""
        if is_quoted or any(mark in text for mark in (rows.separator, '"', "\n", "\r")):
            return '"' + text.replace('"', '""') + '"'
        edges = BLANK_EDGES.fullmatch(before)
        return f"{edges[1]}{text}{edges[2]}" if edges and before.strip() else text

    def read_row(self, rows: BoxRows, text: str) -> BoxRecord:
        """The record of a text; DataError if it is not read as one row."""
        tape = LineFeeder(self.path, iter([text.rstrip("\r\n").encode(errors=LOSSLESS)]))
        found = list(csv_records(tape, rows.separator))
        record = self._record(BoxTableReader(self.path), text, found[0], rows) if len(found) == 1 else None
        if record is None or record.fault is not None:
            why = f" ({record.fault.problem})" if record is not None and record.fault is not None else ""
            raise DataError(f"{self.path}: a row cannot hold {text.strip()!r:.90}{why}; write another text")
        return record


def box_cells(columns: Columns, box: Box, scale: Size, before: str = "") -> dict[str, str]:
    """A box in the columns of a table.

    Args:
        columns: The columns.
        box: The box in pixels.
        scale: The size of the image where the table has shares of it, else 1 × 1.
        before: What stood in the one cell of the box.

    Returns:
        The text of each column.
    """
    x1, y1, x2, y2 = box
    edges = (x1, y1, x2, y2) if columns.edges == CORNERS else (x1, y1, x2 - x1, y2 - y1)
    shared = scale != Size(1, 1)
    texts = [
        f"{edge / scale[i % 2]:.{SHARE_DIGITS}f}".rstrip("0").rstrip(".") if shared else plain_number(edge)
        for i, edge in enumerate(edges)
    ]
    if columns.edges != ("box",):
        return dict(zip(columns.edges, texts, strict=True))
    opening, closing = ("(", ")") if before.strip().startswith("(") else ("[", "]")
    comma = "," if before and ", " not in before else ", "
    return {"box": f"{opening}{comma.join(texts)}{closing}"}


def changed_cells(
    columns: Columns, old: ObjectMark, one: ObjectMark, scale: Size, before: str
) -> dict[str, str]:
    """The cells of a row that change with its object.

    Args:
        columns: The columns.
        old: The object as it stands there.
        one: As it shall be.
        scale: The size of the image where the table has shares of it, else 1 × 1.
        before: What stands in the one cell of the box.

    Returns:
        The text of each changed column.
    """
    name = {"name": one.name} if one.name != old.name else {}
    if near(old.box, one.box):
        return name
    was, now = (box_cells(columns, mark.box, scale, before) for mark in (old, one))
    return {**name, **{what: text for what, text in now.items() if text != was[what]}}
