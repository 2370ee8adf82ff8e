"""Tables: .tsv, .txt, .csv, .jsonl, .json and .parquet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from jumok.classes import Class
from jumok.data.row import Row
from jumok.data.tables.delimited import csv_rows, tsv_rows
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.jsonl import json_rows, jsonl_rows
from jumok.data.tables.open_text import read_fault
from jumok.data.tables.parquet import parquet_rows
from jumok.data.tables.pipes import is_pipe_copy, spooled
from jumok.data.tables.remarks import Remarks
from jumok.data.tables.text_form import first_bytes, why_no_text
from jumok.data.tables.wanted import Wanted
from jumok.errors import ConfigurationError

Reader = Callable[[Wanted, Remarks], Iterator[Row | Fault]]
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


class TableSource:
    """One file with a row per example; `columns` gives the file's name for each of ours, or its number from 1.

    The first `inputs` columns are inputs. The cells of those that are `optional` may be empty, but not all of a row.
    Those of `lists` may be lists of numbers, where the format has lists.
    """

    classes: tuple[Class, ...] = ()

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str | int],
        separator: str | None = None,
        optional: Sequence[str] = (),
        inputs: int = 0,
        lists: Sequence[str] = (),
    ) -> None:
        self.path = spooled(path)
        self.files = (self.path,)
        self.root = self.path.parent
        self.watched = self.files
        self.columns = tuple(columns)
        self.theirs = list(columns.values())
        self.separator = separator
        self.optional, self.inputs, self.lists = tuple(optional), inputs, tuple(lists)
        self._read = reader_of(self.path, self.theirs, separator)
        self._remarks = Remarks()

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """Remarks that are no faults, once the rows were read."""
        return self._remarks.told()

    def rows(self) -> Iterator[Row | Fault]:
        """Rows of the wanted columns, and a fault in place of each faulty one."""
        self._remarks = Remarks()
        fault = (read_fault if self._read is parquet_rows else why_no_text)(self.path)
        if fault:
            yield fault
            return
        empty = True
        optional = frozenset(map(self.columns.index, self.optional))
        lists = frozenset(map(self.columns.index, self.lists))
        theirs = tuple(self.theirs)
        wanted = Wanted(self.path, self.columns, theirs, self.separator, optional, self.inputs, lists)
        for column in dict.fromkeys(one for one in self.theirs if self.theirs.count(one) > 1):
            self._remarks.note("same_column", self.path, 1, column)
        try:
            for item in self._read(wanted, self._remarks):
                empty = False
                yield item
        except UnreadableFile as unreadable:
            yield unreadable.fault
            return
        if empty:
            yield Fault(str(self.path), None, "has no rows", "write some examples into it", "empty_file")


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
