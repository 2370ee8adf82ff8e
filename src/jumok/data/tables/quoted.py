"""The rows of a CSV file, whose quoted cells may contain separators and line ends."""

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jumok.data.tables.faults import Fault
from jumok.data.tables.open_text import decode_line, raw_lines, without_blank_end
from jumok.wording import quantity

MOST_LINES = 10_000  # of a row: a quote that swallows more was not meant to
MANY = 4  # lines of a cell that look like rows each, so that they surely are
csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))  # its own limit is 131,072 characters of a cell

REASONS = {  # what the csv module says, and what we say
    "unexpected end of data": "a quoted cell is never closed",
    "new-line character seen": "a cell without quotes contains a carriage return (CR)",
    "line contains NUL": "it contains a NUL character",
    "expected after": "a quoted cell contains a quote",
}


class Cells(NamedTuple):
    """A row of a table before columns are selected."""

    line: int
    cells: list[str]
    lines: int = 1  # how many it takes


class TooManyLines(Exception):
    """A row that takes too many lines."""


def csv_cells(path: Path, separator: str) -> Iterator[Cells | Fault]:
    """The rows of a file; a fault in place of each unreadable row, and of each that merges several rows."""
    return csv_records(LineFeeder(path, raw_lines(path)), separator)


def csv_records(tape: "LineFeeder", separator: str) -> Iterator[Cells | Fault]:
    """The rows that lines hold; while one is looked at, `tape.first` and `tape.taken` are its lines.

    A faulty row ends after its first line: the other lines, which an open quote would swallow, are read again.
    """
    path, width = tape.path, None
    while True:
        tape.begin()
        try:
            cells = next(csv.reader(tape, delimiter=separator, strict=True))
        except StopIteration:
            return
        except (csv.Error, TooManyLines) as error:
            fault = tape.fault or bad_quote(path, tape, error)
            tape.go_back()
            yield fault
            continue
        width = width or len(cells)
        if len(tape.taken) >= MANY and all(are_rows(tape.taken, separator, width)):
            fault = merged(path, tape)
            tape.go_back()
            yield fault
        else:
            yield tape.fault or Cells(tape.first, cells, len(tape.taken))


class LineFeeder:
    """Feeds lines to the CSV reader one by one, and takes back those that were swallowed."""

    def __init__(self, path: Path, lines: Iterator[bytes]) -> None:
        self.path = path
        self.lines = without_blank_end(lines)
        self.returned: deque[bytes] = deque()
        self.first = 1  # line of the present row
        self.taken: list[bytes] = []  # lines of the present row
        self.fault: Fault | None = None  # the first invalid line of the present row

    def begin(self) -> None:
        """Begin a new row."""
        self.first += len(self.taken)
        self.taken = []
        self.fault = None

    def go_back(self) -> None:
        """Keep only the first line of the row; the others are fed again."""
        self.returned.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    def __iter__(self) -> "LineFeeder":
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MOST_LINES:
            raise TooManyLines
        raw = self.returned.popleft() if self.returned else next(self.lines)
        self.taken.append(raw)
        text = decode_line(self.path, self.first + len(self.taken) - 1, raw)
        if isinstance(text, str):
            return text + "\n"
        self.fault = self.fault or text
        return raw.decode("utf-8", errors="replace") + "\n"  # goes on, so that the row's end is found


def are_rows(lines: list[bytes], separator: str, width: int) -> Iterator[bool]:
    """Whether each line of a row with several lines has as many cells as a row of its own.

    Args:
        lines: The lines of the row.
        separator: The separator.
        width: Number of columns.

    Yields:
        One answer per line.
    """
    mark = separator.encode()
    return (line.count(mark) == width - 1 for line in lines)


def bad_quote(path: Path, tape: LineFeeder, error: csv.Error | TooManyLines) -> Fault:
    """The fault of a row that the CSV reader could not end, and how many lines were lost with it."""
    said = "unexpected end of data" if isinstance(error, TooManyLines) else str(error)
    reason = next((ours for theirs, ours in REASONS.items() if theirs in said), said)
    swallowed = len(tape.taken) - 1
    remedy = "double each quote inside a quoted cell, and close the cell by one"
    if swallowed:
        more = "at least " if isinstance(error, TooManyLines) else ""
        lines = "line" if swallowed == 1 else "lines"
        reason += f", which swallows {more}{swallowed:,} {lines} after it"
        remedy += "; the lines after this one are read as rows of their own"
    return Fault(str(path), tape.first, f"is not valid CSV: {reason}", remedy, "bad_csv")


def merged(path: Path, tape: LineFeeder) -> Fault:
    """The fault of a quote that merges rows up to the next quote."""
    last = tape.first + len(tape.taken) - 1
    count = len(tape.taken) - 1
    problem = f"has a quote that closes only in line {last}, and swallows {quantity(count, 'line')} that look like rows"
    remedy = "double the quote, or put the cell into quotes; the lines after this one are read as rows of their own"
    return Fault(str(path), tape.first, problem, remedy, "merged_rows")
