"""Objects in a table of boxes, a row for each: a change replaces only the rows that it is about."""

import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from jumok.data.annotations.box_tables.columns import Columns
from jumok.data.annotations.masks.object_masks import OBJECT
from jumok.data.cache.place import cache_key
from jumok.data.tables.listing import composed
from jumok.data.tables.open_text import BYTE_ORDER_MARK, read_fault
from jumok.data.tables.text_form import why_no_text
from jumok.errors import DataError
from jumok.files import write_file_atomically
from jumok.labelling.box_tables.index import (
    TabledImage,
    TableIndex,
    index_of_rows,
    name_in_table,
    stated_cells,
)
from jumok.labelling.box_tables.rows import BoxRecord, BoxRows, BoxTableForm, box_cells, changed_cells
from jumok.labelling.contract import AnswerColumn, ItemMarks, ItemState, LabelItem, MarksKind
from jumok.labelling.files.text_bytes import decompressed
from jumok.labelling.objects.annotation_store import same_marks
from jumok.labelling.objects.change import ObjectChange, ReadObject
from jumok.labelling.objects.image_folder import ImageFolder, image_size
from jumok.labelling.objects.indexed_file import IndexedFile
from jumok.labelling.objects.marks import (
    ObjectMark,
    check_class_name,
    check_no_flags,
    check_objects,
    in_order_of,
    objects_from_json,
    objects_to_json,
    same_or_conflict,
)
from jumok.labelling.objects.record_list import RecordHistory, Removed, TextRecord
from jumok.labelling.refusals import (
    file_is_gone,
    named_classes,
    no_column_of_classes,
    other_unit,
    readable,
    unknown_image,
    unsupported_mark,
)


class BoxTableStore:
    """The objects of the images of one table, and of images beside them that it does not list yet."""

    kind: MarksKind = "objects"
    format = "boxes"
    outlines: ClassVar[bool] = False
    columns: Sequence[AnswerColumn] = ()

    def __init__(
        self,
        file: Path,
        images: Path | None = None,
        excluded: Collection[Path] = (),
        classes: Sequence[str] | None = None,
        input: str = "image",
        numbers: Mapping[str, int] | None = None,
    ) -> None:
        """Open a table.

        Args:
            file: The table, plain or gzip.
            images: The folder that names of images start at; searched for by default.
            excluded: Images that belong to other splits, which are not shown unless the table lists them.
            classes: The classes that an experiment names; those that occur, sorted, by default.
            input: The name of the image among the inputs of a model.
            numbers: The columns by number from 1, if the table has no names.
        """
        self.place = file
        self._images, self._input, self._numbers = images, input, numbers
        self._form = BoxTableForm(file, numbers)
        self._folder = ImageFolder(images or file.parent, excluded)
        self._lock = threading.RLock()
        self._history = RecordHistory()
        self._hollow: dict[str, TextRecord] = {}  # rows without a box that had to go
        self._named = None if classes is None else tuple(map(composed, classes))
        self._names: dict[str, None] = {}
        self._file = IndexedFile(file, self._parsed, versions_of_images)
        self._file.now()

    def classes(self) -> tuple[str, ...]:
        """The names of the classes: those that are named, or else those that occur."""
        with self._lock:
            self._file.now()
            return tuple(self._names) if self._named is None else self._named

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a class, which stands in the table as soon as a row has it."""
        with self._lock:
            plain = check_class_name(name)
            if plain in self.classes():
                return self.classes()
            if self._named is not None:
                raise named_classes(plain, self._named)
            if "name" not in self._file.now()[0].columns.places:
                raise no_column_of_classes(self.place, plain)
            self._names[plain] = None
            return self.classes()

    def items(self) -> Sequence[LabelItem]:
        """The images of the table in its order, then those that only the folder has."""
        with self._lock:
            index = self._file.now()[1]
            listed = [listed_item(one) for one in index.items.values()]
            paths = {item.path for item in index.items.values()}
            return [*listed, *self._folder.unlisted(paths)]

    def read(self, key: str) -> ItemMarks:
        """What is marked on an image; DataError if there is none of this name."""
        with self._lock:
            rows, index = self._file.now()
            return self._read(rows, self._item(index, key))

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the objects of an image; see LabelStore.write."""
        wanted = objects_from_json(marks)
        with self._lock, self._file.locked() as (before, index):
            for one in wanted:
                check_fits(before.columns, one)
            item = self._item(index, key)
            current = self._read(before, item)
            if version != current.version:
                return same_or_conflict(key, current, wanted)
            change = RowChange(self._form, before, item, self._history)
            if not item.names:
                name = name_in_table(self.place, key, item.path, index.items, self._images)
                item.names.append(change.listed_as(name))
            change.set_objects(wanted, self._hollow)
            check_objects(change.new, self.classes(), item.path)
            change.check(wanted)
            self._replace(change, index, item)
            rows, index = self._file.now()
            return in_order_of(wanted, self._read(rows, self._item(index, key)))

    def changed(self) -> frozenset[str]:
        """The images that others have changed since the last call; DataError while the table cannot be read."""
        with self._lock:
            return self._file.changed()

    def inputs(self, key: str) -> Mapping[str, Any]:
        """The path of an image, by the name of the input."""
        with self._lock:
            return {self._input: self._item(self._file.now()[1], key).path}

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write the table, which lists what is labelled or empty, into a folder."""
        with self._lock:
            rows, index = self._file.now()
            target = folder / self.place.name.removesuffix(".gz")
            write_file_atomically(target, rows.data)
            numbers = {"columns": dict(self._numbers)} if self._numbers else {}
            named = {"classes": list(self._named)} if self._named else {}
            where = {"boxes": str(target.absolute()), "images": str(index.folder.absolute())}
            return {**where, **numbers, **named}

    def _parsed(self, data: bytes | None) -> tuple[BoxRows, TableIndex]:
        fault = read_fault(self.place) or why_no_text(self.place)
        if data is None:
            raise file_is_gone(self.place)
        if fault is not None:
            raise DataError(str(fault))
        with readable():
            rows = self._form.parse(decompressed(self.place, data).removeprefix(BYTE_ORDER_MARK))
        index = index_of_rows(self.place, rows, self._images)
        self._folder.look_in(index.folder, index.within)
        found = {one.category for one in rows.rows() if one.category}
        found |= set() if "name" in rows.columns.places else {OBJECT}
        self._names.update(dict.fromkeys(sorted(found.difference(self._names))))
        return rows, index

    def _item(self, index: TableIndex, key: str) -> TabledImage:
        """An image of the table, or one that only the folder has."""
        item = index.items.get(key)
        if item is not None:
            return item
        path = self._folder.find(key)
        if path is None:
            raise unknown_image(key, self._folder.folder)
        return TabledImage(key, path)

    def _read(self, rows: BoxRows, item: TabledImage) -> ItemMarks:
        """What the rows of an image say."""
        objects = item.objects(rows.shares)
        marks = objects_to_json(one.mark for one in objects)
        faulty = [one for one in item.records if one.fault is not None]
        problems = (str(one.fault._replace(line=rows.line_of(one))) for one in faulty if one.fault)
        return ItemMarks(version_of(item), marks, state_of_image(item), tuple(problems))

    def _replace(self, change: "RowChange", index: TableIndex, item: TabledImage) -> None:
        """Write a changed table, and take it when it has been written."""
        if change.edited:
            self._file.replace(change.rows.data, (change.rows, index))
            self._history.keep(change.done)
            self._hollow.update(change.removed_hollow)
            index.items[item.key] = item
            index.take(change.rows, [item.key])


class RowChange:
    """A changed copy of a table, which takes its place when it has been written."""

    def __init__(
        self, form: BoxTableForm, before: BoxRows, item: TabledImage, history: RecordHistory
    ) -> None:
        self.rows = before.copy()
        self.edited = False
        self.removed_hollow: dict[str, TextRecord] = {}
        self._form, self._item, self._shares = form, item, before.shares
        scale = item.scale(self._shares)
        self._scale = image_size(item.path) if scale is None else scale
        self._name = ""
        self._own: list[TextRecord] = [*item.records]
        records = before.records.records
        self._first = records.index(item.records[0]) if item.records else len(records)
        self._change = ObjectChange(self, history, item.key, self._add, self._rewritten)

    @property
    def new(self) -> list[ObjectMark]:
        """The objects that must be looked at before they are written."""
        return [*self.done.added, *self.done.moved]

    def listed_as(self, name: str) -> str:
        """Call an image like this that no row is about yet."""
        self._name = name
        return name

    def set_objects(self, wanted: Sequence[ObjectMark], hollow: Mapping[str, TextRecord]) -> None:
        """Make the objects of the image those that are wanted; a row without a box stands for none."""
        objects, empty = self._item.objects(self._shares), self._item.hollow
        if not wanted and not empty:
            self._insert_hollow(hollow)
        for row in empty if wanted and not objects else ():
            self.rows.records.remove(row)
            self.removed_hollow[self._item.key] = row
        self.done = self._change.set_objects(objects, wanted)
        self.edited = self.edited or not self.done.is_empty

    def change(self, old: TextRecord, new: TextRecord) -> None:
        """Put a row in the place of another."""
        self.rows.records.change(old, new)

    def remove(self, record: TextRecord) -> Removed:
        """Take a row out."""
        return self.rows.records.remove(record)

    def restore(self, removed: Removed) -> None:
        """Put a row back: where it was if what stood before it is still there, else to the others of the image."""
        known = (None, *(one.serial for one in self.rows.records.records))
        if removed.follows in known:
            self.rows.records.restore(removed)
        else:
            self.rows.insert(self._place(), removed.record)
        self._own.append(removed.record)

    def check(self, wanted: Sequence[ObjectMark]) -> None:
        """Refuse a change after which the table would be read in another way; raises DataError."""
        item, shares = self._item, self.rows.shares
        own = [one for one in self.rows.rows() if one.owner in item.names]
        others = any(one.category for one in self.rows.rows() if one.owner not in item.names)
        read = [one.mark for one in TabledImage(item.key, item.path, item.names, own).objects(shares)]
        if shares != self._shares and others or not same_marks(read, wanted):
            raise other_unit(self._form.path, self._shares)

    def _insert_hollow(self, hollow: Mapping[str, TextRecord]) -> None:
        """Add a row without a box, or put back the one that was there before."""
        self.edited = True
        known = hollow.get(self._item.key)
        if known is not None:
            self.rows.insert(self._place(), known)
            return
        cells = stated_cells(self.rows, self._item, self._name)
        if (
            not self.rows.columns.header
        ):  # whose columns are recognized by rows that are empty but for the image
            cells = {"image": cells["image"]}
        self.rows.insert(self._place(), self._form.new(self.rows, cells))

    def _place(self) -> int:
        """Where a new row comes: behind the last one of the image, or behind all others."""
        records = self.rows.records.records
        left = next((one for one in reversed(self._own) if one in records), None)
        return self._first if left is None else records.index(left) + 1

    def _add(self, one: ObjectMark) -> None:
        cells = stated_cells(self.rows, self._item, self._name)
        box = box_cells(self.rows.columns, one.box, self._scale)
        record = self._form.new(self.rows, {**cells, "name": one.name, **box})
        self.rows.insert(self._place(), record)
        self._own.append(record)

    def _rewritten(self, old: ReadObject, one: ObjectMark) -> TextRecord:
        record = cast(BoxRecord, old.record)
        before = self.rows.cell_of(record, "box")
        cells = changed_cells(self.rows.columns, old.mark, one, self._scale, before)
        new = self._form.changed(self.rows, record, cells)
        self._own[self._own.index(record)] = new
        return new


def check_fits(columns: Columns, one: ObjectMark) -> None:
    """Refuse what a row cannot say; raises DataError."""
    if one.polygons is not None:
        raise unsupported_mark("tables of boxes", "outlines", one.name)
    check_no_flags("tables of boxes", one)


def version_of(item: TabledImage) -> str:
    """The version of an image: a digest of its rows without their line ends; empty where there are none."""
    return cache_key(*(one.text.rstrip("\r\n") for one in item.records)) if item.records else ""


def versions_of_images(table: tuple[BoxRows, TableIndex]) -> dict[str, str]:
    """The version of each image."""
    return {key: version_of(item) for key, item in table[1].items.items()}


def state_of_image(item: TabledImage) -> ItemState:
    """Whether an image has objects, or a row that says that there are none."""
    if not item.records:
        return "unlabelled"
    return "labelled" if any(one not in item.hollow for one in item.records) else "empty"


def listed_item(item: TabledImage) -> LabelItem:
    """How an image is listed."""
    names = dict.fromkeys(one.row.name for one in item.marked if one.row is not None)
    return LabelItem(item.key, item.key, item.path, state_of_image(item), tuple(names))
