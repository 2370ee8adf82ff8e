"""Tables of samples opened: .csv, .tsv and .txt, .jsonl (each also .gz), and .parquet; the rows below their names."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jumok.data.series.clock import parse_time
from jumok.data.tables.delimited import CELL_SEPARATORS
from jumok.data.tables.faults import Fault, UnreadableFile, fail
from jumok.data.tables.jsonl import list_text, parse_json_line
from jumok.data.tables.open_text import decode_line, raw_lines, read_fault, without_blank_end
from jumok.data.tables.quoted import Cells, csv_cells
from jumok.data.tables.rows import clean
from jumok.data.tables.text_form import why_no_text
from jumok.wording import quantity

NOT_MEASURED = frozenset(
    {"", "na", "nan", "n/a", "null", "none", "?"}
)  # cells of samples that were not measured
OBJECT_SUFFIXES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", *OBJECT_SUFFIXES, ".parquet")
SAMPLE_ROWS = 65_536  # of a Parquet file in memory at a time


class OpenedTable(NamedTuple):
    """The names of a table, and its rows."""

    names: list[str] | None  # None where the first row holds samples
    line: int | None  # of the names
    width: int  # columns of a row
    rows: Iterator[Cells]  # below the names, each of this width


def is_parquet(path: Path) -> bool:
    """Whether the name of a file says that it is Parquet."""
    return path.suffix.lower() == ".parquet"


def open_signal_table(path: Path, columns: Sequence[str] | None = None) -> OpenedTable:
    """Open a table of samples.

    Args:
        path: The table.
        columns: The columns whose cells are needed; the others of a Parquet file are not read and are empty.

    Returns:
        The opened table.

    Raises:
        UnreadableFile: It cannot be read; its rows raise it, too, at the first faulty one.
    """
    fault = read_fault(path) if is_parquet(path) else why_no_text(path)
    if fault:
        raise UnreadableFile(fault)
    if is_parquet(path):
        return open_parquet(path, columns)
    objects = path.name.lower().removesuffix(".gz").endswith(OBJECT_SUFFIXES)
    return open_objects(path) if objects else open_delimited(path)


def open_delimited(path: Path) -> OpenedTable:
    """A table whose cells are separated by a semicolon or tab if its first line has one, else by a comma."""
    separator = signal_separator(path)
    rows = csv_cells(path, separator)
    first = next(rows, None)
    if first is None:
        raise fail(path, None, "is empty", "write a row for each time step", "empty_file")
    if isinstance(first, Fault):
        raise UnreadableFile(first)
    names = header_names(path, first)
    width = len(first.cells)
    below = equal_rows(path, rows, width, separator)
    return OpenedTable(names, first.line, width, below if names else chain_first(first, below))


def signal_separator(path: Path) -> str:
    """What separates the cells of a table: a semicolon or tab if the first line has one, else a comma."""
    line = decode_line(path, 1, next(raw_lines(path), b""))
    text = line if isinstance(line, str) else ""
    return next((mark for mark in (";", "\t") if mark in text), ",")


def header_names(path: Path, first: Cells) -> list[str] | None:
    """The names in the first row; None if it holds samples."""
    names = [clean(name) for name in first.cells]
    if all(name.casefold() in NOT_MEASURED or parse_time(name) is not None for name in names) and any(names):
        return None
    if "" in names:
        problem = f"has no name for column {names.index('') + 1}"
        raise fail(
            path, first.line, problem, "name it, or leave it out (pandas: index=False)", "unknown_column"
        )
    return names


def equal_rows(path: Path, rows: Iterator[Cells | Fault], width: int, separator: str) -> Iterator[Cells]:
    """Rows of as many cells; raises UnreadableFile at the first faulty one."""
    for row in rows:
        if isinstance(row, Fault):
            raise UnreadableFile(row)
        if len(row.cells) != width:
            count, mark = len(row.cells), CELL_SEPARATORS.get(separator, "separator")
            remedy = f"remove the extra {mark}" if count > width else f"add the missing {mark}"
            remedy = remedy if any(row.cells) else "remove the empty line"
            problem = f"has {quantity(count, 'column')}, expected {width}"
            raise fail(path, row.line, problem, remedy, "column_count")
        yield row


def chain_first(first: Cells, rows: Iterator[Cells]) -> Iterator[Cells]:
    """The first row, then the others."""
    yield first
    yield from rows


def open_objects(path: Path) -> OpenedTable:
    """A table with a JSON object a line, whose first one has the names of all columns."""
    objects = lines_of_objects(path)
    first = next(objects, None)
    if first is None:
        raise fail(path, None, "is empty", "write an object for each time step", "empty_file")
    names = list(first[1])

    def rows() -> Iterator[Cells]:
        for line, found in [first]:
            yield Cells(line, [cell_of_object(found[name]) for name in names])
        for line, found in objects:
            lost = next((name for name in names if name not in found), None)
            if lost is not None:
                problem, remedy = (
                    f"has no {lost!r}, which the first line has",
                    "write null where nothing was measured",
                )
                raise fail(path, line, problem, remedy, "unknown_column")
            yield Cells(line, [cell_of_object(found[name]) for name in names])

    return OpenedTable(names, 1, len(names), rows())


def lines_of_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The object of each line; raises UnreadableFile where there is none."""
    for number, raw in enumerate(without_blank_end(raw_lines(path)), start=1):
        text = decode_line(path, number, raw)
        found = text if isinstance(text, Fault) else parse_json_line(path, number, text)
        if isinstance(found, Fault):
            raise UnreadableFile(found)
        if not isinstance(found, dict):
            raise fail(path, number, "is no object", "write an object for each time step", "bad_json")
        yield number, found


def cell_of_object(value: Any) -> str:
    """A value of an object as the text of a cell; null is an empty one."""
    if value is None:
        return ""
    return value if isinstance(value, str) else list_text(value)


def open_parquet(path: Path, columns: Sequence[str] | None) -> OpenedTable:
    """A Parquet file, of which batches of some columns are in memory; the line is the number of the row, from 1."""
    names = parquet_names(path)
    wanted = [name for name in names if columns is None or name in columns]

    def rows() -> Iterator[Cells]:
        line = 0
        for batch in parquet_batches(path, wanted):
            texts = {name: column_texts(column) for name, column in zip(wanted, batch.columns, strict=True)}
            empty = [""] * batch.num_rows
            for cells in zip(*(texts.get(name, empty) for name in names), strict=True):
                line += 1
                yield Cells(line, list(cells))

    return OpenedTable(names, None, len(names), rows())


def parquet_names(path: Path) -> list[str]:
    """The names of the columns; raises UnreadableFile."""
    import pyarrow
    import pyarrow.parquet

    try:
        return list(pyarrow.parquet.read_schema(path).names)
    except (pyarrow.ArrowException, OSError) as error:
        raise damaged_parquet(path, error) from None


def parquet_batches(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    """Batches of some columns in this order; raises UnreadableFile."""
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(SAMPLE_ROWS, columns=list(columns)):
                yield batch.select(list(columns))
    except (pyarrow.ArrowException, OSError) as error:
        raise damaged_parquet(path, error) from None


def damaged_parquet(path: Path, error: Exception) -> UnreadableFile:
    """The exception for a Parquet file that cannot be read."""
    problem = f"is a damaged Parquet file ({' '.join(str(error).split())})"
    return fail(path, None, problem, "write or fetch the file again", "damaged_parquet")


def column_texts(column: Any) -> list[str]:
    """The values of a column as texts, empty for null; times in ISO 8601."""
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_temporal(column.type):
        return ["" if one is None else one.isoformat() for one in column.to_pylist()]
    return ["" if one is None else str(one) for one in column.to_pylist()]
