"""Tables: .tsv, .csv, .jsonl and .parquet."""

from collections.abc import Callable, Iterator
from pathlib import Path

from jumok.data.annotations.picture import Class
from jumok.data.delimited import csv_rows, tsv_rows
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.jsonl import jsonl_rows
from jumok.data.parquet import parquet_rows
from jumok.data.reading import why_unreadable
from jumok.data.rows import Row
from jumok.errors import ConfigurationError

Reader = Callable[[Path, list[str]], Iterator[Row | Fault]]
READERS: dict[str, Reader] = {".tsv": tsv_rows, ".csv": csv_rows, ".jsonl": jsonl_rows}  # each also .gz


class TableSource:
    """One file with a row for each example; `columns` gives the file's name for each of ours."""

    classes: tuple[Class, ...] = ()

    def __init__(self, path: Path, columns: dict[str, str]) -> None:
        self.path = path
        self.files = (path,)
        self.root = path.parent
        self.watched = self.files
        self.columns = tuple(columns)
        self.theirs = list(columns.values())
        self._read = reader_of(path)

    def rows(self) -> Iterator[Row | Fault]:
        """Rows of the wanted columns, and a fault in place of each faulty one."""
        fault = why_unreadable(self.path)
        if fault:
            yield fault
            return
        empty = True
        try:
            for item in self._read(self.path, self.theirs):
                empty = False
                yield item
        except UnreadableFile as unreadable:
            yield unreadable.fault
            return
        if empty:
            yield Fault(str(self.path), None, "has no rows", "write some examples into it", "empty_file")


def reader_of(path: Path) -> Reader:
    """The reader for the format that the name of a file tells."""
    if path.suffix.lower() == ".parquet":
        return parquet_rows
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix not in READERS:
        known = ", ".join(READERS)
        raise ConfigurationError(
            f"{path} is no table that can be read; name one that ends in {known} (each also .gz) or .parquet"
        )
    return READERS[suffix]
