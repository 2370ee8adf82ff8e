"""Files of tests, and what their readers make of them."""

import gzip
from collections.abc import Sequence
from pathlib import Path

from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.rows import Source


def write(path: Path, data: str | bytes) -> Path:
    """Write a file; `.gz` is compressed."""
    data = data.encode() if isinstance(data, str) else data
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def read(source: Source) -> tuple[list[tuple[str, ...]], list[Fault]]:
    """The values of the rows of a source, and its faults."""
    items = list(source.rows())
    rows = [item.values for item in items if isinstance(item, Row)]
    return rows, [item for item in items if isinstance(item, Fault)]


def kinds(faults: Sequence[Fault]) -> list[str]:
    return [fault.kind for fault in faults]
