"""Tables with one row per line: .tsv, .txt and .csv."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from jumok.data.row import Row
from jumok.data.tables.columns import column_fault, misnumbered
from jumok.data.tables.faults import Fault
from jumok.data.tables.open_text import decode_line, raw_lines, without_blank_end
from jumok.data.tables.quoted import Cells, csv_cells
from jumok.data.tables.rows import clean
from jumok.data.tables.wanted import Wanted
from jumok.wording import quantity, with_article

CELL_SEPARATORS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
CellRows = Iterator[Cells | Fault]


def tsv_rows(wanted: Wanted) -> Iterator[Row | Fault]:
    """Rows of a file with cells separated by tabs, without quoting."""
    return Delimited(wanted, "\t", quoting=False).rows(tsv_cells(wanted.path))


def csv_rows(wanted: Wanted) -> Iterator[Row | Fault]:
    """Rows of a file with cells separated by commas or another separator, quoted if necessary."""
    separator = wanted.separator or ","
    return Delimited(wanted, separator, quoting=True).rows(csv_cells(wanted.path, separator))


def tsv_cells(path: Path) -> CellRows:
    """The cells of each line of a TSV file."""
    for number, raw in enumerate(without_blank_end(raw_lines(path)), start=1):
        text = decode_line(path, number, raw)
        yield text if isinstance(text, Fault) else Cells(number, text.removesuffix("\r").split("\t"))


class Delimited:
    """Selects the wanted cells of rows."""

    def __init__(self, wanted: Wanted, separator: str, quoting: bool) -> None:
        self.wanted = wanted
        self.path = wanted.path
        self.remarks = wanted.remarks
        self.separator = separator
        self.quoting = quoting

    def rows(self, table: CellRows) -> Iterator[Row | Fault]:
        """The cells below the names in the first row, or of all rows if columns are given by number."""
        first = next(table, None)
        if self.wanted.by_number and first is not None:
            yield from self._numbered(chain([first], table))
        elif isinstance(first, Fault):
            yield self._other_table() or first
        elif first is not None:
            yield from self._named(first, table)

    def _named(self, header: Cells, table: CellRows) -> Iterator[Row | Fault]:
        names = [clean(name) for name in header.cells]
        columns = [str(column) for column in self.wanted.columns]
        faults = [
            fault for column in columns if (fault := column_fault(self.path, header.line, column, names))
        ]
        if faults:
            other = self._other_table()
            yield from [other] if other else faults
            return
        places = [names.index(column) for column in columns]
        for item in table:
            yield item if isinstance(item, Fault) else self._row(item, places, len(names))

    def _numbered(self, table: CellRows) -> Iterator[Row | Fault]:
        places = [int(column) - 1 for column in self.wanted.columns]
        width = None
        for item in table:
            if isinstance(item, Fault):
                yield item
                continue
            if width is None:
                width = len(item.cells)
                fault = misnumbered(
                    self.path, item.line, max(places) + 1, width, CELL_SEPARATORS.get(self.separator, "")
                )
                if fault:
                    yield fault
                    return
                firsts = {clean(item.cells[place]).casefold() for place in places}
                if firsts <= set(self.wanted.names):
                    self.remarks.note("like_header", self.path, item.line)
            yield self._row(item, places, width)

    def _row(self, item: Cells, places: Sequence[int], width: int) -> Row | Fault:
        if len(item.cells) != width:
            return self._miscounted(item, width)
        texts = [item.cells[place] for place in places]
        for text, column in zip(texts, self.wanted.columns, strict=True):
            if self.quoting and "\n" in text:
                self.remarks.note("long_cell", self.path, item.line, column)
            elif not self.quoting and is_quoted(text):
                self.remarks.note("quoted_tsv", self.path, item.line, column)
            elif not self.quoting and "\r" in text.strip():
                what = (
                    f"column {column!r} holds a carriage return (CR), which many programs treat as a line end"
                )
                return Fault(str(self.path), item.line, what, "remove it", "cr_inside")
        return self.wanted.row(item.line, texts)

    def _other_table(self) -> Fault | None:
        """The fault of names that would be right, were they cut or quoted in another way."""
        line = decode_line(self.path, 1, next(raw_lines(self.path), b""))
        if isinstance(line, Fault):
            return None
        columns = set(map(str, self.wanted.columns))
        for mark, called in CELL_SEPARATORS.items():
            if not columns <= {clean(clean(name).strip('"')) for name in line.split(mark)}:
                continue
            if mark == self.separator:
                if self.quoting or '"' not in line:
                    return None
                remedy = "say separator: tab beside table, with which quotes are read"
                return self._fault("has quotes around its names", remedy, "wrong_format")
            usual = CELL_SEPARATORS.get(self.separator, repr(self.separator))
            remedy = f"say separator: '{mark}' beside table, or write it with {usual}s"
            if called == "tab":
                remedy = "name it .tsv, or say separator: tab beside table"
            return self._fault(
                f"has {with_article(called)} between its columns, expected {with_article(usual)}",
                remedy,
                "wrong_separator",
            )
        return None

    def _fault(self, problem: str, remedy: str, kind: str) -> Fault:
        return Fault(str(self.path), 1, problem, remedy, kind)

    def _miscounted(self, item: Cells, expected: int) -> Fault:
        """The fault of a row with too many or too few cells."""
        count, called = len(item.cells), CELL_SEPARATORS.get(self.separator, "separator")
        extra, missing = f"remove the extra {called} or name the columns", f"add the missing {called}"
        remedy = extra if count > expected else missing
        if not any(item.cells):
            remedy = "remove the empty line"
        elif not self.quoting and any(cell.count('"') % 2 for cell in item.cells):
            remedy += (
                "; where a cell in quotes holds line ends, say separator: tab, with which quotes are read"
            )
        columns = quantity(count, "column")
        return Fault(str(self.path), item.line, f"has {columns}, expected {expected}", remedy, "column_count")


def is_quoted(cell: str) -> bool:
    """Whether a cell is in quotes with doubled quotes inside, as only programs write it."""
    return (
        len(cell) > 3
        and cell[0] == cell[-1] == '"'
        and '""' in cell[1:-1]
        and not cell[1:-1].replace('""', "").count('"')
    )
