"""Reads Parquet files in small batches."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jumok.data.row import Row
from jumok.data.tables.columns import column_fault
from jumok.data.tables.faults import Fault
from jumok.data.tables.open_text import decode_line
from jumok.data.tables.rows import Cleaner
from jumok.data.tables.wanted import Wanted

BATCH_ROWS = 1024  # rows in memory at a time


def parquet_rows(wanted: Wanted) -> Iterator[Row | Fault]:
    """Rows of a Parquet file; the line is the number of the row, from 1. `a.b` is the field b of the structs in a."""
    import pyarrow  # takes a while to load, and few runs need it
    import pyarrow.parquet

    columns = [str(column) for column in wanted.columns]
    try:
        with pyarrow.parquet.ParquetFile(wanted.path) as file:
            kinds = flat_columns(file.schema_arrow)
            faults = column_faults(wanted, columns, kinds)
            yield from faults
            if not faults:
                yield from batch_rows(wanted, columns, file.iter_batches(BATCH_ROWS, columns=columns))
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = f"is a damaged Parquet file ({' '.join(str(error).split())})"
        yield Fault(str(wanted.path), None, reason, "write or fetch the file again", "damaged_parquet")


def flat_columns(schema: Any, before: str = "") -> list[tuple[str, Any]]:
    """The columns of a schema with their types, fields of structs after their column."""
    from pyarrow import types

    found: list[tuple[str, Any]] = []
    for field in schema:
        found.append((before + field.name, field.type))
        if types.is_struct(field.type):
            found += flat_columns(field.type, f"{before}{field.name}.")
    return found


def column_faults(cleaner: Cleaner, columns: list[str], kinds: list[tuple[str, Any]]) -> list[Fault]:
    """The faults of wanted columns that are missing or hold neither text nor numbers.

    Args:
        cleaner: The file, and which places may hold lists or objects.
        columns: The wanted columns.
        kinds: The columns of the file with their types.

    Returns:
        The faults.
    """
    path, names = cleaner.path, [name for name, _ in kinds]
    faults = []
    for column in columns:
        inner = next((name for name in names if name.endswith(f".{column}")), None)
        hint = f"say columns: {{{column}: {inner}}}" if inner else ""
        faults += [fault] if (fault := column_fault(path, None, column, names, hint)) else []
    if faults:
        return faults
    for place, column in enumerate(columns):
        kind = dict(kinds)[column]
        nested = (place in cleaner.lists and is_list(kind)) or (place in cleaner.objects and is_struct(kind))
        if not is_writable(kind) and not nested:
            what = f"column {column!r} holds {kind}, expected strings or numbers"
            faults.append(Fault(str(path), None, what, "write it as strings", "bad_value"))
    return faults


def is_writable(kind: Any) -> bool:
    """Whether a pyarrow type is text or a number."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return is_writable(kind.value_type)
    tests = (types.is_integer, types.is_floating, types.is_decimal)
    return is_text(kind) or any(test(kind) for test in tests)


def is_list(kind: Any) -> bool:
    """Whether a pyarrow type is a list of numbers or texts, or of such lists."""
    from pyarrow import types

    tests = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    if not any(test(kind) for test in tests):
        return False
    inner = kind.value_type
    return is_list(inner) or is_text(inner) or types.is_integer(inner) or types.is_floating(inner)


def is_struct(kind: Any) -> bool:
    """Whether a pyarrow type is a struct of numbers or texts."""
    from pyarrow import types

    return types.is_struct(kind) and all(is_writable(field.type) for field in kind)


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is a string type."""
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def batch_rows(cleaner: Cleaner, columns: list[str], batches: Iterator[Any]) -> Iterator[Row | Fault]:
    """The rows of record batches, a fault in place of each faulty one."""
    line = 0
    for batch in batches:
        for cells in zip(*(cells_of(column_of(batch, name)) for name in columns), strict=True):
            line += 1
            filled = ["" if cell is None and i in cleaner.optional else cell for i, cell in enumerate(cells)]
            texts = [cell_text(cleaner.path, line, *cell) for cell in zip(columns, filled, strict=True)]
            fault = next((text for text in texts if isinstance(text, Fault)), None)
            yield fault or cleaner.row(line, [str(text) for text in texts])


def column_of(batch: Any, name: str) -> Any:
    """A column, or a field of a column of structs."""
    import pyarrow.compute

    if name in batch.schema.names:
        return batch.column(name)
    first, *rest = name.split(".")
    return pyarrow.compute.struct_field(batch.column(first), rest)


def cells_of(column: Any) -> list[Any]:
    """The values of a column, texts as bytes, so that a single invalid one does not affect the others."""
    import pyarrow
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_text(column.type):
        return list(column.cast(pyarrow.large_binary()).to_pylist())
    if types.is_float16(column.type) or types.is_float32(column.type):  # with no more digits than they have
        single = np.float16 if types.is_float16(column.type) else np.float32
        return [None if value is None else single(value) for value in column.to_pylist()]
    return list(column.to_pylist())


def cell_text(path: Path, line: int, column: str, value: Any) -> str | Fault:
    """A value as text, or its fault."""
    what = f"column {column!r} is"
    if value is None:
        return Fault(str(path), line, f"{what} null", "fill it in or remove the row", "null_cell")
    if isinstance(value, bytes):
        return decode_line(path, line, value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)  # NaN as Python writes it
    if isinstance(value, float | np.floating) and not math.isfinite(value):
        name = "not a number (NaN)" if math.isnan(value) else "infinite"
        return Fault(str(path), line, f"{what} {name}", "write a number or remove the row", "bad_value")
    return str(value)
