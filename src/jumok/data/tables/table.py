"""Tables: .tsv, .txt, .csv, .jsonl, .json and .parquet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from jumok.data.row import Row
from jumok.data.tables.delimited import csv_rows, tsv_rows
from jumok.data.tables.faults import Fault
from jumok.data.tables.joined import Joining
from jumok.data.tables.jsonl import json_rows, jsonl_rows
from jumok.data.tables.open_text import read_fault
from jumok.data.tables.parquet import parquet_rows
from jumok.data.tables.pipes import is_pipe_copy, spooled
from jumok.data.tables.text_form import first_bytes, why_no_text
from jumok.data.tables.text_source import TextSource
from jumok.data.tables.wanted import Wanted
from jumok.errors import ConfigurationError

Reader = Callable[[Wanted], Iterator[Row | Fault]]
TABLE_READERS: dict[str, Reader] = {  # each also .gz
    ".tsv": tsv_rows,
    ".tab": tsv_rows,
    ".txt": tsv_rows,
    ".csv": csv_rows,
    ".jsonl": jsonl_rows,
    ".ndjson": jsonl_rows,
    ".json": json_rows,
}
KNOWN_SUFFIXES = ".tsv, .csv, .jsonl, .json, .txt with tabs"
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")


class TableSource(TextSource):
    """One file with a row per example; `columns` gives the file's name for each of ours, or its number from 1.

    The first `inputs` columns are inputs. The cells of those that are `optional` may be empty, but not all of a row.
    Those of `lists` may be lists of numbers, and those of `objects` objects of them, where the format has such. One of
    `joined` may have several columns of the file.
    """

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str | int | tuple[str | int, ...]],
        separator: str | None = None,
        optional: Sequence[str] = (),
        inputs: int = 0,
        lists: Sequence[str] = (),
        objects: Sequence[str] = (),
        joined: Mapping[str, Joining] | None = None,
    ) -> None:
        self.columns, self.given = tuple(columns), list(columns.values())
        self.theirs = [
            one for given in self.given for one in (given if isinstance(given, tuple) else (given,))
        ]
        self.objects, self.joined = tuple(objects), dict(joined or {})
        self.separator = separator
        self.optional, self.inputs, self.lists = tuple(optional), inputs, tuple(lists)
        file = spooled(path)
        self._read = reader_of(file, self.theirs, separator)
        super().__init__([file], read_fault if self._read is parquet_rows else why_no_text)
        (self.path,) = self.files

    def _rows(self) -> Iterator[Row | Fault]:
        empty = True
        wanted = Wanted(
            self.path,
            self.theirs,
            self._remarks,
            self._places(self.optional),
            self.inputs,
            self._places(self.lists),
            self._places(self.objects),
            self.columns,
            self.separator,
        )
        for column in dict.fromkeys(one for one in self.theirs if self.theirs.count(one) > 1):
            self._remarks.note("same_column", self.path, 1, column)
        for item in self._read(wanted):
            empty = False
            yield self._join(item) if isinstance(item, Row) and len(self.theirs) > len(self.columns) else item
        if empty:
            yield Fault(str(self.path), None, "has no rows", "write some examples into it", "empty_file")

    def _places(self, names: Sequence[str]) -> frozenset[int]:
        """The places in rows of the file of those of our names that have one column."""
        own = {
            name: place
            for place, name in enumerate(
                name
                for name, given in zip(self.columns, self.given, strict=True)
                for _ in (given if isinstance(given, tuple) else (given,))
            )
        }
        single = dict(zip(self.columns, self.given, strict=True))
        return frozenset(own[name] for name in names if not isinstance(single[name], tuple))

    def _join(self, row: Row) -> Row | Fault:
        """The row with one cell for each of our names."""
        cells, values = iter(row.values), []
        for name, given in zip(self.columns, self.given, strict=True):
            if not isinstance(given, tuple):
                values.append(next(cells))
                continue
            own = [next(cells) for _ in given]
            found = self.joined[name].cell(self.path, row.line, own, list(map(str, given)))
            if isinstance(found, Fault):
                return found
            values.append(found)
        return Row(row.line, tuple(values))


def reader_of(path: Path, columns: list[str | int], separator: str | None) -> Reader:
    """The reader for a file.

    Args:
        path: The file.
        columns: Names or numbers of the wanted columns.
        separator: The separator, if it is given.

    Returns:
        The reader.
    """
    reader = reader_by_name(path)
    numbers = sum(isinstance(column, int) for column in columns)
    if numbers not in (0, len(columns)):
        raise ConfigurationError(
            "columns must be given by name, or all by number in a table without a line of names"
        )
    if reader not in (tsv_rows, csv_rows):
        for given, what in ((numbers, "columns by number"), (separator, "a separator")):
            if given:
                raise ConfigurationError(
                    f"{what} belong to .tsv, .txt and .csv; {path} has names for its columns"
                )
        return reader
    return csv_rows if separator is not None else reader


def reader_by_name(path: Path) -> Reader:
    """The reader for the suffix of a file; the copy of a pipe is recognized by content."""
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if path.suffix.lower() == ".parquet":
        return parquet_rows
    if suffix in TABLE_READERS:
        return TABLE_READERS[suffix]
    if is_pipe_copy(path):
        return reader_by_content(path)
    if suffix in WORKBOOKS:
        raise ConfigurationError(f"{path} is a workbook; save its sheet as CSV UTF-8 and name that file")
    raise ConfigurationError(
        f"{path} cannot be read as a table; name a file that ends in {KNOWN_SUFFIXES} (each also .gz) or .parquet"
    )


def reader_by_content(path: Path) -> Reader:
    """The reader for a file that begins like this."""
    begin = first_bytes(path).lstrip(b"\xef\xbb\xbf \r\n")
    if begin.startswith(b"PAR1"):
        return parquet_rows
    if begin.startswith((b"{", b"[")):
        return jsonl_rows if begin.startswith(b"{") else json_rows
    return tsv_rows if b"\t" in begin.split(b"\n", 1)[0] else csv_rows
