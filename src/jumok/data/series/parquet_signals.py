"""Samples and clocks of a Parquet file, column by column."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jumok.data.series.opened import parquet_batches
from jumok.data.series.texts import sample_in, whole_clock
from jumok.data.tables.faults import fail


def parquet_samples(
    path: Path, channels: Sequence[str], clock: str | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Samples of some columns, and their times.

    Args:
        path: The file.
        channels: The columns of the channels.
        clock: The column of the clock, if there is one.

    Returns:
        Samples (T, C), NaN where there is null, and times (T,) or None.

    Raises:
        UnreadableFile: The file is damaged, or a column holds neither numbers nor texts of them.
    """
    columns = [*channels, *([clock] if clock is not None else [])]
    samples: list[np.ndarray] = [np.empty((0, len(channels)))]
    times: list[np.ndarray] = []
    count = 0
    for batch in parquet_batches(path, columns):
        found = [column_samples(path, count, *pair) for pair in zip(channels, batch.columns, strict=False)]
        samples.append(np.stack(found, axis=1))
        if clock is not None:
            times.append(column_times(path, count, clock, batch.columns[-1]))
        count += batch.num_rows
    if len({one.dtype for one in times}) > 1:
        raise fail(path, None, "has numbers and dates as times", "write all in the same way", "bad_time")
    return np.concatenate(samples), np.concatenate(times) if times else None


def column_samples(path: Path, before: int, name: str, column: Any) -> np.ndarray:
    """The samples (n,) of a batch that begins after so many rows; raises UnreadableFile."""
    from pyarrow import types

    column = decoded(column)
    if types.is_integer(column.type) or types.is_floating(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    if types.is_null(column.type):
        return np.full(len(column), np.nan)
    if types.is_decimal(column.type):
        return np.array([np.nan if one is None else float(one) for one in column.to_pylist()])
    if types.is_string(column.type) or types.is_large_string(column.type):
        cells = enumerate(column.to_pylist(), start=before + 1)
        return np.array([sample_in(path, line, cell or "", name) for line, cell in cells])
    problem = f"column {name!r} holds {column.type}, expected numbers"
    remedy = f"name other channels, or say time: {name} for the input if it is the clock"
    raise fail(path, None, problem, remedy, "bad_number")


def column_times(path: Path, before: int, name: str, column: Any) -> np.ndarray:
    """The times (n,) of a batch that begins after so many rows; raises UnreadableFile."""
    import pyarrow
    from pyarrow import types

    column = decoded(column)
    if column.null_count:
        line = before + 1 + column.is_null().to_pylist().index(True)
        raise fail(path, line, f"has no time in column {name!r}", "fill it in or remove the row", "bad_time")
    if types.is_timestamp(column.type) or types.is_date(column.type):
        zone = getattr(column.type, "tz", None)
        exact = column.cast(pyarrow.timestamp("ms", zone), safe=False)  # of a zone, Arrow keeps UTC
        return np.asarray(exact.to_numpy(zero_copy_only=False), dtype="datetime64[ms]")
    if types.is_integer(column.type) or types.is_floating(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    cells = list(map(str, column.to_pylist()))
    return whole_clock(path, range(before + 1, before + 1 + len(cells)), cells)


def decoded(column: Any) -> Any:
    """A column without dictionary."""
    from pyarrow import types

    return column.dictionary_decode() if types.is_dictionary(column.type) else column
