"""Reading a source once: its rows and its faults, kept in the cache until one of its files changes."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jumok.data.annotations.picture import Class
from jumok.data.faults import Fault
from jumok.data.sources import Row, Source
from jumok.data.store import TextStore, cache_folder
from jumok.files import write_json

VERSION = 3  # of what is kept; a change here makes older caches unused
SHOWN = 1000  # faults that are kept one by one; all are counted

# With these the rows cannot be trusted or are not there at all, so leaving some out is no way to go on.
FATAL = frozenset(
    {
        "missing_file",
        "not_a_file",
        "empty_file",
        "unknown_column",
        "length_mismatch",
        "damaged_gzip",
        "damaged_parquet",
        "duplicate_column",
        "unreadable_file",
        "wrong_format",
        "wrong_encoding",
        "wrong_separator",
        "cr_line_ends",
    }
)


@dataclass(frozen=True)
class Imported:
    """The good rows of a source, and what was wrong with the others."""

    store: TextStore
    files: tuple[Path, ...]
    root: Path  # where paths in the rows start
    classes: tuple[Class, ...]  # of annotated pictures
    faults: tuple[Fault, ...]
    counts: dict[str, int]  # faults by their kind
    remarks: tuple[Fault, ...] = ()  # what is no fault but good to know

    @property
    def fatal(self) -> list[Fault]:
        return [fault for fault in self.faults if fault.kind in FATAL]


def import_source(source: Source) -> Imported:
    """Read a source, or take what was read of the same files before."""
    key = fingerprint(source)
    folder = cache_folder() / "rows" / key
    report = folder.with_suffix(".json")
    if report.exists() and folder.exists():
        known = json.loads(report.read_text())
        faults = tuple(Fault(*fault) for fault in known["faults"])
        classes = tuple(Class(**one) for one in known["classes"])
        remarks = tuple(Fault(*remark) for remark in known["remarks"])
        store = TextStore.open(folder)
        return Imported(store, source.files, source.root, classes, faults, known["counts"], remarks)
    counts: Counter[str] = Counter()
    faults_seen: list[Fault] = []

    def good_rows() -> Iterator[Row]:
        for row in source.rows():
            if isinstance(row, Row):
                yield row
                continue
            counts[row.kind] += 1
            if len(faults_seen) < SHOWN or row.kind in FATAL:
                faults_seen.append(row)

    TextStore.write(folder, source.columns, good_rows())
    told = [asdict(one) for one in source.classes]
    remarks = tuple(source.remarks)
    kept = {"faults": [list(f) for f in faults_seen], "counts": counts, "classes": told}
    write_json(report, {**kept, "remarks": [list(remark) for remark in remarks]})
    store = TextStore.open(folder)
    return Imported(
        store, source.files, source.root, source.classes, tuple(faults_seen), dict(counts), remarks
    )


def fingerprint(source: Source) -> str:
    """A name for what a source reads and the state of its files."""
    options = {name: str(value) for name, value in vars(source).items() if not name.startswith("_")}
    state = [
        (str(file), (stat := file.stat()).st_size, stat.st_mtime_ns) if file.exists() else (str(file), 0, 0)
        for file in source.watched
    ]
    return hashlib.sha256(json.dumps([VERSION, type(source).__name__, options, state]).encode()).hexdigest()[
        :32
    ]
