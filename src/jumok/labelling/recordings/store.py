"""Stretches of recordings in a long table: a row for each time step, with a column of labels that is filled in."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from jumok.data.cache.place import cache_key
from jumok.data.series.clock import seconds_of, usual_distance
from jumok.data.series.opened import OBJECT_SUFFIXES, is_parquet, signal_separator
from jumok.data.series.texts import sample_in, whole_clock
from jumok.data.tables.rows import clean
from jumok.data.tables.text_form import why_no_text
from jumok.errors import DataError
from jumok.experiment.reading import NamedInputs
from jumok.experiment.series_sources import recording_source, series_names
from jumok.experiment.table_sources import NamedOutputs
from jumok.files import write_file_atomically
from jumok.labelling.contract import AnswerColumn, ItemMarks, LabelItem, MarksKind
from jumok.labelling.files.guarded_file import GuardedFile
from jumok.labelling.recordings.object_rows import ObjectsForm
from jumok.labelling.recordings.row_sources import cell_answer, refuse_compressed
from jumok.labelling.recordings.stretches import row_labels, stretches_of
from jumok.labelling.refusals import changed_elsewhere, readable, table_is_gone
from jumok.labelling.tables.answers import AnswerField
from jumok.labelling.tables.rows import DelimitedForm, TableContent, TableForm, TableRow
from jumok.labelling.tables.session_classes import SessionClasses

if TYPE_CHECKING:
    from jumok.experiment.sources import SourceOptions

ID, LABEL, FIRST_CHANNEL = 0, 1, 2  # places of the columns that are read


class Span(NamedTuple):
    """The rows of one recording."""

    first: int
    end: int


class Signal(NamedTuple):
    """What a recording is drawn from."""

    channels: Sequence[str]
    values: np.ndarray  # (T, C) float32, NaN where nothing was measured
    rate: float | None  # samples a second


@dataclass(frozen=True)
class RecordingFields:
    """The columns of a long table."""

    series: tuple[str, ...]  # the inputs that read the channels
    channels: tuple[str, ...]
    time: str | None
    rate: float | None
    answer: AnswerField
    source: Mapping[str, Any]  # what `data.train` says beside the table


@dataclass(frozen=True)
class RecordingState:
    """The recordings of a table at one moment."""

    data: bytes | None
    content: TableContent
    spans: Mapping[str, Span]

    def rows(self, key: str) -> tuple[TableRow, ...]:
        """The rows of a recording."""
        span = self.spans[key]
        return self.content.rows[span.first : span.end]


def open_recordings(source: "SourceOptions", inputs: NamedInputs, outputs: NamedOutputs) -> "RecordingStore":
    """Open a long table of recordings, to mark stretches of them with a label.

    Args:
        source: The split, as `data` names it.
        inputs: The inputs by name.
        outputs: The outputs by name; one of them, a label.

    Returns:
        The recordings.

    Raises:
        DataError: The table cannot be read, or cannot be changed cell by cell; or no label is answered.
    """
    path = source.recordings or Path()
    try:
        reader = recording_source(source, inputs, outputs)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    labels = [name for name, one in outputs.items() if one.kind == "label"]
    if len(labels) != 1 or len(outputs) != 1:
        raise DataError(
            f"{path}: stretches are marked with one label, but the experiment answers {', '.join(outputs)}"
        )
    columns = dict(source.columns or {})
    answer = cell_answer(labels[0], outputs[labels[0]], columns.get(labels[0], labels[0]))
    expected = [inputs[name].expected_series() for name in series_names(inputs, "recordings")]
    channels = tuple(
        dict.fromkeys(name for one in expected if one is not None for name in one.channels or ())
    )
    rate = next((one.rate for one in expected if one is not None and one.rate), None)
    kept: dict[str, Any] = {
        "columns": columns,
        "window": source.window,
        "stride": source.stride,
        "stretches": True,
    }
    told = {name: value for name, value in kept.items() if value is not None}
    fields = RecordingFields(reader.series, channels, reader.time, rate, answer, told)
    wanted = (reader.id, str(answer.column), *channels, *([reader.time] if reader.time else []))
    return RecordingStore(path, long_form(path, wanted), fields)


def long_form(path: Path, columns: Sequence[str]) -> TableForm:
    """How the rows of a long table are read and changed; DataError if they cannot be."""
    if is_parquet(path):
        what = "is Parquet, whose cells cannot be changed one by one"
        raise DataError(f"{path}: {what}; save it as .csv (pandas: to_csv), and name that file")
    fault = why_no_text(path)
    if fault is not None:
        raise DataError(str(fault))
    refuse_compressed(path)
    if path.name.lower().endswith(OBJECT_SUFFIXES):
        return ObjectsForm(path, columns, [LABEL], ())
    return DelimitedForm(path, columns, [LABEL], signal_separator(path), quoting=True)


class RecordingStore:
    """The recordings of a long table, each with stretches that have a label."""

    kind: MarksKind = "stretches"
    format: str = "recordings"
    outlines: ClassVar[bool] = False
    columns: Sequence[AnswerColumn] = ()

    def __init__(self, path: Path, form: TableForm, fields: RecordingFields) -> None:
        self.place, self._form, self._fields = path, form, fields
        self._file, self._lock = GuardedFile(path), threading.RLock()
        self._file.tidy()
        self._state = self._read(self._file.read())
        self._changed: set[str] = set()
        self._classes = SessionClasses(fields.answer.classes)
        self._signals: dict[str, Signal] = {}
        self.classes()  # those that occur at first come before those that are added

    def classes(self) -> tuple[str, ...]:
        """The labels that the experiment names, that occur, and that were added."""
        state = self._now()
        answer = self._fields.answer
        self._classes.see(
            state, lambda: answer.found_classes({row.texts[LABEL] for row in state.content.rows if row.texts})
        )
        return self._classes.names

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a label, which stands in the table once a stretch has it; DataError if the experiment names them."""
        own = clean(name)
        self._check(own)
        self.classes()
        self._classes.add(own)
        return self._classes.names

    def items(self) -> Sequence[LabelItem]:
        """The recordings in the order of the table."""
        state = self._now()
        found = {key: dict.fromkeys(labels_in(state.rows(key))) for key in state.spans}
        return [
            LabelItem(
                key, key, None, "labelled" if any(labels) else "unlabelled", tuple(filter(None, labels))
            )
            for key, labels in found.items()
        ]

    def read(self, key: str) -> ItemMarks:
        """The stretches of a recording; DataError if there is no such one."""
        return self._marks(self._state_with(key), key)

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the labels of a recording's rows; all other cells keep their bytes."""
        with self._lock, self._file.lock():
            state = self._state_with(key)
            rows, span = state.rows(key), state.spans[key]
            labels = row_labels(marks, len(rows), f"{self.place}: {key}", self._check)
            current = self._marks(state, key)
            changes = {
                at: label
                for at, (label, was) in enumerate(zip(labels, labels_in(rows), strict=True))
                if label != was
            }
            if current.version != version and changes:
                raise changed_elsewhere(f"{self.place}: {key}", "mark", current)
            faulty = next((rows[at].fault for at in changes if rows[at].fault is not None), None)
            if faulty is not None:
                raise DataError(str(faulty))
            if changes:
                new = {
                    span.first + at: self._form.changed_row(rows[at], {LABEL: label})
                    for at, label in changes.items()
                }
                content = state.content.with_rows(new)
                data = content.data
                self._file.replace(data, state.data)
                self._state = RecordingState(data, content, state.spans)
            return self._marks(self._state, key)

    def changed(self) -> frozenset[str]:
        """The recordings that others have changed, added or removed since the last call."""
        with self._lock:
            self._now()
            found = frozenset(self._changed)
            self._changed.clear()
            return found

    def inputs(self, key: str) -> Mapping[str, Any]:
        """What a model reads of a recording: its rows of the table."""
        span = self._state_with(key).spans[key]
        return {name: Path(f"{self.place}#{span.first}:{span.end}") for name in self._fields.series}

    def signal(self, key: str) -> Signal:
        """What a recording is drawn from; DataError if a cell holds no number."""
        with self._lock:
            state = self._state_with(key)
            if key not in self._signals:
                with readable():
                    self._signals[key] = self._signal_of(state, key)
            return self._signals[key]

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write the recordings that have labels into a table in a folder."""
        state = self._now()
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"labelled{self.place.suffix}"
        kept = (row for key in state.spans if any(labels_in(state.rows(key))) for row in state.rows(key))
        write_file_atomically(target, state.content.of_rows(kept))
        return {"recordings": target, **self._fields.source}

    def _check(self, label: str) -> None:
        self._fields.answer.check(str(self.place), label)

    def _now(self) -> RecordingState:
        """The recordings as they stand on the disk now."""
        with self._lock:
            data = self._file.read()
            if data is not self._state.data:
                if not data and self._state.spans:
                    raise table_is_gone(self.place)
                before, self._state = self._state, self._read(data)
                now = self._state
                for key in before.spans.keys() | now.spans.keys():
                    if version_in(before, key) != version_in(now, key):
                        self._changed.add(key)
                        self._signals.pop(key, None)
            return self._state

    def _state_with(self, key: str) -> RecordingState:
        state = self._now()
        if key not in state.spans:
            raise DataError(f"{self.place} has no recording {key!r}; load the page again")
        return state

    def _read(self, data: bytes | None) -> RecordingState:
        """The recordings of a table: rows with the same id, one after the other."""
        content = self._form.parse(data or b"")
        spans: dict[str, Span] = {}
        first, key = 0, ""
        for place, row in enumerate((*content.rows, None)):
            own = key if row is not None and row.fault is not None else clean(row.texts[ID]) if row else None
            if own != key and place > first:
                name = key if key and key not in spans else f"{key} (row {content.line_of(first)})".lstrip()
                spans[name] = Span(first, place)
                first = place
            key = own or ""
        return RecordingState(data, content, spans)

    def _marks(self, state: RecordingState, key: str) -> ItemMarks:
        rows = state.rows(key)
        found = stretches_of(labels_in(rows))
        problems = tuple(str(row.fault) for row in rows if row.fault is not None)
        return ItemMarks(
            version_in(state, key), {"stretches": found}, "labelled" if found else "unlabelled", problems
        )

    def _signal_of(self, state: RecordingState, key: str) -> Signal:
        rows, channels, line = (
            state.rows(key),
            self._fields.channels,
            state.content.line_of(state.spans[key].first),
        )
        values = np.full((len(rows), len(channels)), np.nan, np.float32)
        for at, row in enumerate(rows):
            if row.fault is None:
                for number, name in enumerate(channels):
                    values[at, number] = sample_in(
                        self.place, line + at, row.texts[FIRST_CHANNEL + number], name
                    )
        return Signal(channels, values, self._rate(rows, line))

    def _rate(self, rows: Sequence[TableRow], line: int) -> float | None:
        """The samples a second, as the experiment says or the clock tells."""
        if self._fields.rate or self._fields.time is None or any(row.fault is not None for row in rows):
            return self._fields.rate
        times = whole_clock(
            self.place, [line + at for at in range(len(rows))], [row.texts[-1] for row in rows]
        )
        apart = usual_distance(np.diff(seconds_of(times)))
        return 1 / apart if apart else None


def labels_in(rows: Sequence[TableRow]) -> list[str]:
    """The label of each row, "" where there is none."""
    return [clean(row.texts[LABEL]) if row.fault is None else "" for row in rows]


def version_in(state: RecordingState, key: str) -> str:
    """The version of a recording: a digest of its rows without their line ends; "" where it is not there."""
    if key not in state.spans:
        return ""
    return cache_key(b"\n".join(row.raw.rstrip(b"\r\n") for row in state.rows(key)))
