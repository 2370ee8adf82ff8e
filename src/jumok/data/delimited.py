"""Tables whose rows are lines of cells: .tsv and .csv."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jumok.data.columns import misnamed
from jumok.data.faults import Fault
from jumok.data.reading import decoded, raw_lines, without_blank_end
from jumok.data.rows import Row, clean, row


class Cells(NamedTuple):
    """A row of a table as it was read."""

    line: int
    cells: list[str]


def tsv_rows(path: Path, columns: list[str]) -> Iterator[Row | Fault]:
    """Rows of a file whose cells stand between tabs, without any quoting, below a line of names."""
    return named_rows(path, columns, tsv_cells(path), "tab")


def csv_rows(path: Path, columns: list[str]) -> Iterator[Row | Fault]:
    """Rows of a file whose cells stand between commas, perhaps in quotes, below a line of names."""
    return named_rows(path, columns, csv_cells(path), "comma")


def named_rows(
    path: Path, columns: list[str], table: Iterator[Cells | Fault], separator: str
) -> Iterator[Row | Fault]:
    """The cells below the names in `columns`; the first row of the table holds all names."""
    header = next(table, None)
    if header is None or isinstance(header, Fault):
        yield from () if header is None else (header,)
        return
    names = [clean(name) for name in header.cells]
    faults = [fault for column in columns if (fault := misnamed(path, header.line, column, names))]
    if faults:
        yield from faults
        return
    places = [names.index(column) for column in columns]
    for item in table:
        if isinstance(item, Fault):
            yield item
        elif len(item.cells) != len(names):
            yield miscounted(path, item, len(names), separator)
        else:
            yield row(path, item.line, [item.cells[place] for place in places], columns)


def tsv_cells(path: Path) -> Iterator[Cells | Fault]:
    for number, raw in enumerate(without_blank_end(raw_lines(path)), start=1):
        text = decoded(path, number, raw)
        yield text if isinstance(text, Fault) else Cells(number, text.split("\t"))


def csv_cells(path: Path) -> Iterator[Cells | Fault]:
    tape = Tape(path)
    reader = csv.reader(tape, strict=True)  # an unclosed quote is a fault, not a cell that swallows the rest
    while True:
        tape.fault, begin = None, tape.line + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            quoting = "close every quote and double quotes inside quoted cells"
            yield Fault(str(path), begin, f"is not valid CSV ({error})", quoting, "bad_csv")
            continue
        yield tape.fault or Cells(begin, cells)


class Tape:
    """Hands lines to the CSV reader one by one, so that their numbers are known in cells of several lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        self.fault: Fault | None = None  # the first invalid line of the present row
        self.lines = without_blank_end(raw_lines(path))

    def __iter__(self) -> "Tape":
        return self

    def __next__(self) -> str:
        raw = next(self.lines)
        self.line += 1
        text = decoded(self.path, self.line, raw)
        if isinstance(text, str):
            return text + "\n"
        self.fault = self.fault or text
        return raw.decode("utf-8", errors="replace") + "\n"  # goes on, so that the row's end is found


def miscounted(path: Path, item: Cells, expected: int, separator: str) -> Fault:
    """The fault of a row with too many or too few cells."""
    count = len(item.cells)
    remedy = (
        f"remove the extra {separator} or name the columns"
        if count > expected
        else f"add the missing {separator}"
    )
    if not any(item.cells):
        remedy = "remove the empty line"
    columns = "1 column" if count == 1 else f"{count} columns"
    return Fault(str(path), item.line, f"has {columns}, expected {expected}", remedy, "column_count")
