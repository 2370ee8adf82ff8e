"""Reading a source once: its rows and its faults, kept in the cache until one of its files changes."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jumok.classes import Class
from jumok.data.annotations.checking.summary import Summary
from jumok.data.annotations.image_rows import ImageRows
from jumok.data.annotations.source import AnnotationSource
from jumok.data.cache.place import cache_folder, unwritable_cache
from jumok.data.cache.states import are_settled, are_unchanged, file_system_time, states_of
from jumok.data.cache.store import TextStore
from jumok.data.images.looks import Looks
from jumok.data.tables.faults import Fault
from jumok.data.tables.sources import Row, Source
from jumok.errors import DataError, RunError
from jumok.files import write_file_atomically

CACHE_VERSION = 6  # of what is kept; a change here makes older caches unused
MAX_KEPT_FAULTS = 1000  # faults that are kept one by one; all are counted
Tell = Callable[[int], None]  # called with the number of images read so far

# With these the rows cannot be trusted or are not there at all, so leaving some out is no way to go on.
FATAL = frozenset(
    {
        "missing_file",
        "not_a_file",
        "empty_file",
        "unknown_column",
        "length_mismatch",
        "damaged_gzip",
        "damaged_json",
        "damaged_parquet",
        "duplicate_column",
        "unreadable_file",
        "wrong_format",
        "wrong_encoding",
        "wrong_separator",
        "cr_line_ends",
        "odd_line_ends",
        "bad_yaml",
        "bad_coco",
        "bad_cvat",
        "missing_split",
        "no_outlines",
        "nothing_to_learn",
        "nothing_to_score",
        "other_classes",
        "too_short",
        "missing_rows",
        "empty_channel",
        "daylight_saving",
        "duplicate_time",
        "unsorted_time",
        "irregular_time",
    }
)


ImageSource = AnnotationSource | ImageRows  # whose rows name images, each of which is read


@dataclass(frozen=True)
class CachedRows:
    """The good rows of a source, and what was wrong with the others."""

    store: TextStore
    files: tuple[Path, ...]
    root: Path  # where paths in the rows start
    classes: tuple[Class, ...]  # of annotated images
    faults: tuple[Fault, ...]
    counts: dict[str, int]  # faults by their kind
    remarks: tuple[Fault, ...] = ()  # what is no fault but good to know
    summary: Summary = field(default_factory=Summary)  # of images

    @property
    def fatal(self) -> list[Fault]:
        """The faults that cannot be skipped."""
        return [fault for fault in self.faults if fault.kind in FATAL]


def import_source(source: Source, tell: Tell | None = None) -> CachedRows:
    """Read a source, or its cache if its files are unchanged; `tell` is called with the number of images read."""
    path = cache_folder() / "rows" / f"{name_of_rows(source)}.arrow"
    return taken_from_cache(source, path) or read_anew(source, path, tell)


def taken_from_cache(source: Source, path: Path) -> CachedRows | None:
    """What was read before, when nothing has changed since; None also when it is damaged."""
    try:
        known = json.loads(path.with_suffix(".json").read_bytes())
        if known["states"] is None or not are_unchanged(known["states"]):
            return None
        store = TextStore(path)
        if store.digest != known["digest"]:
            return None
        return CachedRows(
            store,
            source.files,
            source.root,
            tuple(Class(**one) for one in known["classes"]),
            tuple(Fault(*fault) for fault in known["faults"]),
            dict(known["counts"]),
            tuple(Fault(*remark) for remark in known["remarks"]),
            Summary.of(known["summary"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, DataError):
        return None


def read_anew(source: Source, path: Path, tell: Tell | None) -> CachedRows:
    """Read a source and write its rows and faults into the cache.

    Args:
        source: The reader.
        path: The file of the cache entry.
        tell: Called with progress; None tells nothing.

    Returns:
        The rows and faults, read from the cache.
    """
    began = file_system_time()
    looks = open_looks(source, tell)
    counts: Counter[str] = Counter()
    faults_seen: list[Fault] = []

    def good_rows() -> Iterator[Row]:
        for row in source.rows():
            if isinstance(row, Row):
                yield row
                continue
            counts[row.kind] += 1
            if len(faults_seen) < MAX_KEPT_FAULTS or row.kind in FATAL:
                faults_seen.append(row)

    store = TextStore.write(path, source.columns, good_rows())
    remarks = tuple(source.remarks)
    summary = source.summary if isinstance(source, ImageSource) else Summary()
    states = states_of(source.watched)
    document = {
        "states": states if are_settled(states, began) else None,
        "digest": store.digest,
        "faults": [list(fault) for fault in faults_seen],
        "counts": counts,
        "classes": [asdict(one) for one in source.classes],
        "remarks": [list(remark) for remark in remarks],
        "summary": summary.to_json(),
    }
    write_compactly(path.with_suffix(".json"), document)
    if looks is not None and looks.is_new:
        write_compactly(file_of_looks(source), looks.known)
    return CachedRows(
        store,
        source.files,
        source.root,
        source.classes,
        tuple(faults_seen),
        dict(counts),
        remarks,
        summary,
    )


def open_looks(source: Source, tell: Tell | None) -> Looks | None:
    """What is known of the images of a source, given to it; None if it has none."""
    if not isinstance(source, ImageSource):
        return None
    try:
        known = json.loads(file_of_looks(source).read_bytes())
        known = known if isinstance(known, dict) else {}
    except (OSError, ValueError):
        known = {}
    looks = Looks(known, tell)
    source.remember(looks)
    return looks


def file_of_looks(source: Source) -> Path:
    """Where it is kept what was seen in images; other options for the same files find it again."""
    name = hashlib.sha256(json.dumps([CACHE_VERSION, list(map(str, source.files))]).encode()).hexdigest()[:32]
    return cache_folder() / "looks" / f"{name}.json"


def write_compactly(file: Path, value: Mapping[str, Any]) -> None:
    """Write a small JSON file, with the folders above it; RunError if the cache is not writable."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file_atomically(file, json.dumps(value).encode())
    except OSError as error:
        raise unwritable_cache(file, error) from error
    except RunError as unwritable:
        raise unwritable_cache(file, unwritable.__cause__) from unwritable


def name_of_rows(source: Source) -> str:
    """A name for what a source reads."""
    options = {
        name: str(value)
        for name, value in vars(source).items()
        if not name.startswith("_") and name not in ("classes", "summary")
    }
    return hashlib.sha256(json.dumps([CACHE_VERSION, type(source).__name__, options]).encode()).hexdigest()[
        :32
    ]
