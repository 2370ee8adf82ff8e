"""A folder of images with a table of their labels or texts, which gets a row for an image when it is labelled.

So `jumok train` reads the table at any time: it names labelled images only.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from jumok.data.annotations.class_names import LABELS_TEXT
from jumok.data.images.reading import SUFFIXES
from jumok.data.tables.listing import files_below
from jumok.data.tables.open_text import BYTE_ORDER_MARK
from jumok.data.tables.rows import cell_fault, clean
from jumok.errors import DataError
from jumok.labelling.contract import AnswerColumn, ItemMarks, LabelConflict, LabelItem, MarksKind
from jumok.labelling.files.class_names_file import ClassNamesFile
from jumok.labelling.files.guarded_file import GuardedFile
from jumok.labelling.tables.answers import AnswerField
from jumok.labelling.tables.rows import DelimitedForm, TableRow
from jumok.labelling.tables.state import TableState, new_key
from jumok.labelling.tables.store import RowFields, RowInput, TableStore
from jumok.labelling.tables.value_marks import answers_in

LABELS_TABLE = "labels.csv"
IMAGE = "image"  # the column of their names


def open_image_table(
    folder: Path, kind: Literal["label", "text"], classes: Sequence[str] = (), table: Path | None = None
) -> "ImageTableStore":
    """Open a folder of images to label them, or to write a text for each.

    Args:
        folder: The images are in it and below.
        kind: What each image gets; also the name of the column.
        classes: Labels to choose from beside those that occur.
        table: The table, which need not exist; labels.csv in the folder by default.

    Returns:
        The images.

    Raises:
        DataError: The folder has no images, or the table has no such columns.
    """
    path = folder / LABELS_TABLE if table is None else table
    if not files_below(folder, SUFFIXES).files:
        raise DataError(
            f"{folder}: holds no images; name a folder with files that end in {', '.join(SUFFIXES)}"
        )
    form = DelimitedForm(path, (IMAGE, kind), [1], ",", quoting=True)
    fields = RowFields((RowInput(IMAGE, is_file=True, is_image=True),), (AnswerField(kind, kind, kind),), {})
    if not GuardedFile(path).read():
        form.parse(header_line(kind))
    names = ClassNamesFile(path.with_name(LABELS_TEXT)) if kind == "label" else None
    known = dict.fromkeys((*(names.names() if names else ()), *classes))
    return ImageTableStore(folder, TableStore(path, form, fields, tuple(known)), form, names)


def header_line(kind: str) -> bytes:
    """The names of the columns of a new table."""
    return f"{IMAGE},{kind}\n".encode()


class ImageTableStore:
    """Images, each with one row of a table, or none as long as nothing is said of it."""

    kind: MarksKind = "values"
    format: str = "table"
    outlines: ClassVar[bool] = False

    def __init__(
        self, folder: Path, rows: TableStore, form: DelimitedForm, names: ClassNamesFile | None = None
    ) -> None:
        """Join a folder and a table.

        Args:
            folder: The folder of the images.
            rows: The table.
            form: How a row is written.
            names: Where classes are kept that no image has yet.
        """
        self._names = names
        self.folder, self.place = folder, rows.place
        self._rows, self._form = rows, form
        self._of_key: dict[str, str] = {}  # the image of each row, as far as they were seen

    @property
    def columns(self) -> Sequence[AnswerColumn]:
        """The column that is filled by hand."""
        return self._rows.columns

    def classes(self) -> tuple[str, ...]:
        """The classes of the labels."""
        return self._rows.classes()

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a class, which stands in labels.txt until an image has it, and after."""
        known = self._rows.add_class(name)
        if self._names is not None:
            self._names.add(known)
        return known

    def items(self) -> Sequence[LabelItem]:
        """All images by name, then the rows that name no image of the folder, or one that another row names."""
        own = self._row_keys(self._rows.state())
        by_row = {item.key: item for item in self._rows.items()}
        found = []
        for path in files_below(self.folder, SUFFIXES).files:
            key = path.relative_to(self.folder).as_posix()
            row = by_row.pop(own[key], None) if key in own else None
            item = LabelItem(key, key, path) if row is None else replace(row, key=key, name=key, image=path)
            found.append(item)
        return [*found, *by_row.values()]

    def read(self, key: str) -> ItemMarks:
        """What is said of an image; DataError if there is no such image."""
        own = self._row_keys(self._rows.state())
        if key in own or not self._is_image(key):
            return self._rows.read(own.get(key, key))
        return self._unsaid(key)

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write what is said of an image; a row appears with the first word and goes with the last."""
        with self._rows.locked() as state:
            own = self._row_keys(state)
            if key not in own and self._is_image(key):
                return self._write_new(key, version, marks, state)
            row_key = own.get(key, key)
            if self._is_said(state, row_key) and not any(self._texts(marks).values()):
                return self._write_nothing(key, row_key, version, state)
            return self._rows.write(row_key, version, marks)

    def changed(self) -> frozenset[str]:
        """The images whose rows others have changed."""
        before = dict(self._of_key)
        keys = self._rows.changed()
        own = self._row_keys(self._rows.state())
        now = {row: image for image, row in own.items()}
        return frozenset(now.get(key) or before.get(key) or key for key in keys)

    def inputs(self, key: str) -> Mapping[str, Any]:
        """The path of an image."""
        if self._is_image(key):
            return {IMAGE: self.folder / key}
        return self._rows.inputs(key)

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write the rows into a table in a folder, with whole paths."""
        return self._rows.snapshot(folder)

    def _texts(self, marks: Mapping[str, Any]) -> dict[str, str]:
        return answers_in(marks, self._rows.fields.answers, self.place)

    def _row_keys(self, state: TableState) -> dict[str, str]:
        """The key of the first row of each image by its name below the folder."""
        start, below = str(self.place.parent.absolute()), f"{self.folder.absolute()}{os.sep}"
        beside = start + os.sep == below
        own: dict[str, str] = {}
        for key, row in zip(state.keys, state.rows, strict=True):
            if row.fault is None and row.texts:
                text = clean(row.texts[0])
                whole = below + text if beside else os.path.normpath(os.path.join(start, text))
                own.setdefault(whole.removeprefix(below), key)
        self._of_key |= {row: image for image, row in own.items()}
        return own

    def _is_image(self, key: str) -> bool:
        """Whether a key names an image of the folder, and no way out of it."""
        path = Path(key)
        inside = not path.is_absolute() and ".." not in path.parts
        return inside and path.suffix.lower() in SUFFIXES and (self.folder / path).is_file()

    def _cell(self, key: str) -> str:
        """The name of an image as a table names it; DataError if a reader would read another name."""
        cell = Path(os.path.relpath((self.folder / key).absolute(), self.place.parent.absolute())).as_posix()
        fault = cell_fault(self.place, 1, cell, IMAGE)
        if fault is not None or clean(cell) != cell or "\n" in cell or "\r" in cell:
            what = "has a name that tables do not keep (blanks at its ends, or letters in pieces)"
            raise DataError(f"{self.folder / key}: {what}; rename it")
        return cell

    def _unsaid(self, key: str) -> ItemMarks:
        """An image without a row."""
        try:
            self._cell(key)
        except DataError as error:
            return ItemMarks("", self._nothing(), "unlabelled", (str(error),))
        return ItemMarks("", self._nothing(), "unlabelled")

    def _nothing(self) -> dict[str, Any]:
        return {"values": {one.name: None for one in self._rows.fields.answers}}

    def _is_said(self, state: TableState, row_key: str) -> bool:
        """Whether a row holds the name of an image and its answer, and nothing else."""
        place = state.places.get(row_key)
        return place is not None and state.rows[place].fault is None and state.content.width == 2

    def _write_new(self, key: str, version: str, marks: Mapping[str, Any], state: TableState) -> ItemMarks:
        """Add the row of an image."""
        if version != "":
            problem = f"{self.place}: the row of {key} was removed by another program or page meanwhile"
            raise LabelConflict(f"{problem}; look at it, and label it again", self._unsaid(key))
        (answer,) = self._rows.fields.answers
        text = self._texts(marks).get(answer.name, "")
        if text:
            answer.check(str(self.place), text)
            content = state.content
            if not content.head.removeprefix(BYTE_ORDER_MARK).strip():
                head = content.head + header_line(answer.name)
                content = replace(content, head=head, width=2)
            row: TableRow = self._form.new_row({0: self._cell(key), 1: text})
            content = content.with_new_row(row)
            line = f"row {content.line_of(len(content.rows) - 1)}"
            self._rows.replace(state, content, [*state.keys, new_key(line, {*state.keys, *state.gone})])
        return self.read(key)

    def _write_nothing(self, key: str, row_key: str, version: str, state: TableState) -> ItemMarks:
        """Remove the row of an image."""
        current = self._rows.read(row_key)
        if current.version != version:
            return self._rows.write(row_key, version, self._nothing())  # tells the conflict
        place = state.places[row_key]
        content = state.content.without_row(place)
        self._rows.replace(state, content, [*state.keys[:place], *state.keys[place + 1 :]])
        return self.read(key)
