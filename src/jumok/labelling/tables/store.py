"""Labels, texts and values in the cells of a table, of which only the changed ones get other bytes."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jumok.data.tables.listing import forward_slashes
from jumok.data.tables.open_text import is_file
from jumok.data.tables.rows import cell_fault, clean
from jumok.errors import DataError
from jumok.files import write_file_atomically
from jumok.labelling.contract import (
    AnswerColumn,
    ItemMarks,
    ItemState,
    LabelConflict,
    LabelItem,
    MarksKind,
)
from jumok.labelling.files.guarded_file import GuardedFile
from jumok.labelling.refusals import changed_elsewhere, table_is_gone
from jumok.labelling.tables.answers import AnswerField
from jumok.labelling.tables.rows import TableContent, TableForm, TableRow
from jumok.labelling.tables.session_classes import SessionClasses
from jumok.labelling.tables.state import TableState, first_state, next_state, row_version
from jumok.labelling.tables.value_marks import answers_in

SHOWN = 80  # characters of a text that names an item


@dataclass(frozen=True)
class RowInput:
    """A column that a model reads."""

    name: str
    is_file: bool = False  # its cells are paths
    is_image: bool = False
    optional: bool = False  # a cell may be empty


@dataclass(frozen=True)
class RowFields:
    """The columns of a table, and how they are read: first inputs, then answers."""

    inputs: tuple[RowInput, ...]
    answers: tuple[AnswerField, ...]
    source: Mapping[str, Any]  # what `data.train` says of the table beside its file


class TableStore:
    """The rows of a table, each with a cell for each answer."""

    kind: MarksKind = "values"
    format: str = "table"
    outlines: ClassVar[bool] = False

    def __init__(self, path: Path, form: TableForm, fields: RowFields, classes: Sequence[str] = ()) -> None:
        """Open a table; `classes` are offered first, whether they occur or not."""
        self.place, self.form, self.fields = path, form, fields
        self._file, self._lock = GuardedFile(path), threading.RLock()
        self._file.tidy()
        self._state: TableState = first_state(self._file.read(), form)
        self._changed: set[str] = set()
        self._classes = {
            answer.name: SessionClasses((*answer.classes, *classes))
            for answer in fields.answers
            if answer.kind == "label"
        }
        self.classes()  # those that occur at first come before those that are added

    @property
    def columns(self) -> Sequence[AnswerColumn]:
        """The columns that are filled by hand."""
        state = self.state()
        return [answer.column_now(self._classes_of(answer, state)) for answer in self.fields.answers]

    def classes(self) -> tuple[str, ...]:
        """The classes of all labels: those that the experiment names, that occur, and that were added."""
        state = self.state()
        found = (self._classes_of(answer, state) for answer in self.fields.answers)
        return tuple(dict.fromkeys(name for names in found for name in names))

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a class, which stands in the table once a row has it; DataError if the experiment names them."""
        labels = [answer for answer in self.fields.answers if answer.kind == "label"]
        if not labels:
            raise DataError(f"{self.place}: no column holds a label, so that there are no classes")
        own = clean(name)
        for answer in labels:
            answer.check(str(self.place), own)
            self._classes[answer.name].add(own)
        return self.classes()

    def items(self) -> Sequence[LabelItem]:
        """All rows in the order of the table."""
        state = self.state()
        return [self._item(key, row) for key, row in zip(state.keys, state.rows, strict=True)]

    def read(self, key: str) -> ItemMarks:
        """What a row answers; DataError if there is no such row."""
        state = self.state()
        return self._marks(state, self._place_of(state, key))

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the answers of a row; all other cells keep their bytes."""
        texts = answers_in(marks, self.fields.answers, self.place)
        with self.locked() as state:
            if key in state.gone:
                raise self._gone(key)
            place = self._place_of(state, key)
            current = self._marks(state, place)
            if current.version != version and not self._says(current, texts):
                raise changed_elsewhere(f"{self.place}: {key}", "label", current)
            row = state.rows[place]
            if row.fault is not None:
                raise DataError(str(row.fault))
            changed = self._changes(row, texts)
            if changed:
                self.replace(state, state.content.with_rows({place: self.form.changed_row(row, changed)}))
            return self._marks(self._state, place)

    def changed(self) -> frozenset[str]:
        """The rows that others have changed, added or removed since the last call."""
        with self._lock:
            self.state()
            found = frozenset(self._changed)
            self._changed.clear()
            return found

    def inputs(self, key: str) -> Mapping[str, Any]:
        """What a model reads of a row: texts, and paths of files."""
        state = self.state()
        row = state.rows[self._place_of(state, key)]
        if row.fault is not None:
            raise DataError(str(row.fault))
        given = zip(self.fields.inputs, map(clean, row.texts), strict=False)
        return {one.name: self._value(one, text) for one, text in given if text}

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write the labelled rows into a table in a folder, in which paths start at the root."""
        with self._lock:
            state = self.state()
            labelled = [row for row in state.rows if self._state_of(row) == "labelled"]
            rows = [self._with_whole_paths(row) for row in labelled]
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"labelled{self.place.suffix}"
        write_file_atomically(target, state.content.of_rows(rows))
        return {"table": target, **self.fields.source}

    def state(self) -> TableState:
        """The table as it stands on the disk now."""
        with self._lock:
            data = self._file.read()
            if data is not self._state.data:
                if not data and self._state.rows:
                    raise table_is_gone(self.place)
                self._state, changed = next_state(self._state, data, self.form)
                self._changed |= changed
            return self._state

    @contextmanager
    def locked(self) -> Iterator[TableState]:
        """Keep all others from writing; gives the table as it stands on the disk."""
        with self._lock, self._file.lock():
            yield self.state()

    def replace(self, state: TableState, content: TableContent, keys: Sequence[str] | None = None) -> None:
        """Write another content of a table, for whoever has locked it.

        Args:
            state: The table that is changed.
            content: Its new content.
            keys: The keys of its rows, if they are others.
        """
        data, lines = content.data, state.content.data.count(b"\n")
        self._file.replace(data, state.data)
        if data.count(b"\n") != lines:  # faults name other lines
            content = self.form.parse(data)
        self._state = state.with_content(data, content, keys)

    def _place_of(self, state: TableState, key: str) -> int:
        place = state.places.get(key)
        if place is None:
            why = (
                "another program has removed it" if key in state.gone else "its rows are called like 'row 2'"
            )
            raise DataError(f"{self.place} has no {key}; {why}, load the page again")
        return place

    def _gone(self, key: str) -> LabelConflict:
        problem = f"{self.place}: {key} is no longer there, or cannot be told from other rows any more"
        nothing = ItemMarks("", self._values_of(None), "unlabelled", (problem,))
        return LabelConflict(f"{problem}; load the page again", nothing)

    def _says(self, current: ItemMarks, texts: Mapping[str, str]) -> bool:
        """Whether a row says already what is to be written, as when a page sends it twice."""
        return all((current.marks["values"][name] or "") == text for name, text in texts.items())

    def _changes(self, row: TableRow, texts: Mapping[str, str]) -> dict[int, str]:
        """The cells that get another text, by their places among the columns that are read; DataError."""
        changes = {}
        for place, answer in enumerate(self.fields.answers, start=len(self.fields.inputs)):
            text = texts.get(answer.name)
            if text is not None and text != clean(row.texts[place]):
                if text:
                    answer.check(str(self.place), text)
                changes[place] = text
        return changes

    def _answer_texts(self, row: TableRow) -> Sequence[str]:
        return [clean(text) for text in row.texts[len(self.fields.inputs) :]]

    def _state_of(self, row: TableRow) -> ItemState:
        filled = row.fault is None and all(self._answer_texts(row))
        return "labelled" if filled else "unlabelled"

    def _values_of(self, row: TableRow | None) -> dict[str, Any]:
        texts = self._answer_texts(row) if row is not None and row.fault is None else []
        found = {one.name: text or None for one, text in zip(self.fields.answers, texts, strict=False)}
        return {"values": {one.name: found.get(one.name) for one in self.fields.answers}}

    def _marks(self, state: TableState, place: int) -> ItemMarks:
        row = state.rows[place]
        problems = (str(row.fault),) if row.fault is not None else self._problems(state, place)
        return ItemMarks(row_version(row), self._values_of(row), self._state_of(row), problems)

    def _problems(self, state: TableState, place: int) -> tuple[str, ...]:
        """What a reader would find wrong with the inputs of a row."""
        line, texts = state.content.line_of(place), state.rows[place].texts
        given = zip(self.fields.inputs, map(clean, texts), strict=False)
        faults = (
            cell_fault(self.place, line, text, one.name) for one, text in given if text or not one.optional
        )
        return tuple(str(fault) for fault in faults if fault is not None)

    def _item(self, key: str, row: TableRow) -> LabelItem:
        if row.fault is not None:
            return LabelItem(key, key)
        shown = [(one, clean(text)) for one, text in zip(self.fields.inputs, row.texts, strict=False)]
        image = next((text for one, text in shown if one.is_image and text), None)
        name = image or next((text for _, text in shown if text), key)
        classes = (
            c
            for one, text in zip(self.fields.answers, self._answer_texts(row), strict=True)
            for c in one.classes_of(text)
        )
        path = None if image is None else self._path(image)
        return LabelItem(key, name[:SHOWN], path, self._state_of(row), tuple(dict.fromkeys(classes)))

    def _classes_of(self, answer: AnswerField, state: TableState) -> tuple[str, ...]:
        if answer.kind != "label":
            return ()
        place = len(self.fields.inputs) + self.fields.answers.index(answer)
        known = self._classes[answer.name]
        known.see(
            state, lambda: answer.found_classes(row.texts[place] for row in state.rows if row.fault is None)
        )
        return known.names

    def _path(self, text: str) -> Path:
        path = self.place.parent / text
        return self.place.parent / forward_slashes(text) if "\\" in text and not is_file(path) else path

    def _value(self, one: RowInput, text: str) -> Any:
        """What a model reads of a cell."""
        return text if not one.is_file else self._whole_list(text) if text[:1] == "[" else self._path(text)

    def _whole_list(self, text: str) -> str:
        """A list of paths from the root on; lists of numbers stay."""
        try:
            found = json.loads(text)
        except ValueError:
            return text
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            return text
        return json.dumps([str(self._path(one).absolute()) for one in found], ensure_ascii=False)

    def _with_whole_paths(self, row: TableRow) -> TableRow:
        """The row with paths that start at the root."""
        pairs = enumerate(zip(self.fields.inputs, map(clean, row.texts), strict=False))
        values = {place: self._value(one, text) for place, (one, text) in pairs if one.is_file and text}
        whole = {
            place: str(value.absolute()) if isinstance(value, Path) else value
            for place, value in values.items()
            if value != row.texts[place]
        }
        return self.form.changed_row(row, whole) if whole else row
