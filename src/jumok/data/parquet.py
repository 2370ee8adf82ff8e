"""Parquet files, read in small batches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jumok.data.columns import misnamed
from jumok.data.faults import Fault
from jumok.data.rows import Row, row

BATCH = 1024  # rows in memory at a time


def parquet_rows(path: Path, columns: list[str]) -> Iterator[Row | Fault]:
    """Rows of a Parquet file; the line is the number of the row, from 1."""
    import pyarrow  # takes a while to load, and few runs need it
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            faults = column_faults(path, columns, file.schema_arrow)
            yield from faults
            if not faults:
                yield from batch_rows(path, columns, file.iter_batches(BATCH, columns=columns))
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = f"is a damaged Parquet file ({' '.join(str(error).split())})"
        yield Fault(str(path), None, reason, "write or fetch the file again", "damaged_parquet")


def column_faults(path: Path, columns: list[str], schema: Any) -> list[Fault]:
    """The faults of wanted columns that are not there or hold neither text nor numbers."""
    faults = [fault for column in columns if (fault := misnamed(path, None, column, schema.names))]
    for field in () if faults else map(schema.field, columns):
        if not is_writable(field.type):
            what = f"column {field.name!r} holds {field.type}, expected strings or numbers"
            faults.append(Fault(str(path), None, what, "write it as strings", "bad_value"))
    return faults


def is_writable(kind: Any) -> bool:
    """Whether values of a pyarrow type are texts or numbers."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return is_writable(kind.value_type)
    tests = (types.is_string, types.is_large_string, types.is_string_view)
    return any(test(kind) for test in (*tests, types.is_integer, types.is_floating, types.is_decimal))


def batch_rows(path: Path, columns: list[str], batches: Iterator[Any]) -> Iterator[Row | Fault]:
    line = 0
    for batch in batches:
        for cells in zip(*(batch.column(column).to_pylist() for column in columns), strict=True):
            line += 1
            if None in cells:
                what = f"column {columns[cells.index(None)]!r} is null"
                yield Fault(str(path), line, what, "fill it in or remove the row", "null_cell")
            else:
                yield row(path, line, [str(value) for value in cells], columns)
