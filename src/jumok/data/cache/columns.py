"""Tables of typed columns in Arrow files, memory-mapped: a row is a view of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from jumok.data.cache.place import new_file
from jumok.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa  # takes a while to load, so that only functions that read or write rows load it

BATCH = 4096  # rows of a record batch, which are in memory while they are written
Item = TypeVar("Item")
RowView = TypeVar("RowView", np.ndarray, memoryview)


def write_table(
    path: Path,
    format: str,
    columns: Iterable[tuple[str, pa.DataType]],
    batches: Iterable[Sequence[pa.Array]],
    notes: Callable[[], Mapping[str, str]] = dict,
) -> None:
    """Write a table, completely or not at all.

    Args:
        path: The file.
        format: What the columns mean, with a version.
        columns: Their names and types.
        batches: Columns of BATCH rows, the last of fewer.
        notes: Gives what is kept with the table, once all its rows are written.
    """
    import pyarrow as pa

    schema = pa.schema(columns, metadata={"format": format})
    with new_file(path) as file, pa.ipc.new_file(file, schema) as writer:
        for batch in batches:
            writer.write_batch(pa.record_batch(batch, schema=schema))
        end = pa.RecordBatch.from_pylist([], schema=schema)  # the footer cannot keep what is known so late
        writer.write_batch(end, custom_metadata=notes())


@contextmanager
def open_table(path: Path, format: str) -> Iterator[pa.Table]:
    """A table of this format, memory-mapped, its notes as metadata; DataError if it is damaged, as the block finds."""
    import pyarrow as pa

    try:
        reader = pa.ipc.open_file(pa.py_buffer(np.memmap(path, mode="r")))
        if reader.schema.metadata != {b"format": format.encode()}:
            raise ValueError(format)
        batches = [reader.get_batch(i) for i in range(reader.num_record_batches - 1)]
        _, notes = reader.get_batch_with_custom_metadata(len(batches))
        table = pa.Table.from_batches(batches, reader.schema.with_metadata(notes))
        table.validate()
        yield table
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as error:
        raise DataError(
            f"{path} is damaged or no store of this version; delete it and run the command again"
        ) from error


def in_batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items, BATCH at a time."""
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH)):
        yield batch


class Lists(Generic[RowView]):
    """Rows of a column of texts or of lists of numbers, as views of the file."""

    def __init__(self, column: pa.ChunkedArray, view: Callable[[pa.Buffer], RowView]) -> None:
        buffers = [chunk.buffers() for chunk in column.chunks]  # of each record batch
        self.values: list[RowView] = [view(values) for *_, values in buffers]
        self.offsets = [memoryview(offsets).cast("B").cast("q") for _, offsets, *_ in buffers]  # int64
        self.count = len(column)

    @property
    def lengths(self) -> np.ndarray:
        """Bytes of each text, or numbers of each list (N,)."""
        parts: list[np.ndarray] = [np.diff(np.asarray(offsets)) for offsets in self.offsets]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def __getitem__(self, i: int) -> RowView:
        """Row i, without a copy."""
        if not 0 <= i < self.count:
            raise IndexError(f"row {i} of {self.count}")
        batch, row = divmod(i, BATCH)
        offsets = self.offsets[batch]
        return self.values[batch][offsets[row] : offsets[row + 1]]
