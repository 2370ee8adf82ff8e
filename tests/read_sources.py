"""Files of tests, and what their readers make of them."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

from jumok.data.annotations.annotated import AnnotatedSet
from jumok.data.annotations.checking.examining import examine
from jumok.data.annotations.checking.summary import twin_remarks
from jumok.data.images.looks import Looks
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


def check_annotations(splits: Mapping[str, AnnotatedSet]) -> tuple[list[Fault], list[Fault]]:
    """The faults of annotated splits, and remarks such as images in two of them or images that EXIF rotates."""
    looks = Looks()
    found = {split: examine(data, looks) for split, data in splits.items()}
    remarks = [remark for one in found.values() for remark in one.summary.remarks]
    twins = twin_remarks({split: one.summary for split, one in found.items()})
    return [fault for one in found.values() for fault in one.faults], [*remarks, *twins]
