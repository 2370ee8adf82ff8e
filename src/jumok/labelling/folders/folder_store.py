"""Objects in one text file for each image, whatever the format of the files."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jumok.data.annotations.annotated import AnnotatedSet
from jumok.data.cache.place import cache_key
from jumok.errors import DataError
from jumok.files import remove_left, unwritable
from jumok.labelling.contract import AnswerColumn, ItemMarks, ItemState, LabelItem, MarksKind
from jumok.labelling.files.class_names_file import ClassNamesFile
from jumok.labelling.files.guarded_file import GuardedFile, lock_folder
from jumok.labelling.objects.change import ObjectChange, ReadObject
from jumok.labelling.objects.coco_snapshot import coco_snapshot
from jumok.labelling.objects.marks import (
    ObjectMark,
    check_class_name,
    check_objects,
    in_order_of,
    objects_from_json,
    objects_to_json,
    same_or_conflict,
)
from jumok.labelling.objects.record_list import PlainRecords, RecordHistory, TextRecord
from jumok.labelling.refusals import unknown_image


@dataclass(frozen=True, slots=True)
class FolderItem:
    """An image and the file of its objects, which may not be there yet."""

    key: str
    image: Path
    file: Path
    fault: str = ""  # why nothing can be written
    listed: bool = True  # whether it belongs to the split


class RecordFormat(Protocol):
    """A format of files with the objects of one image each."""

    format: str
    place: Path
    outlines: bool

    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes; None if they are those that occur."""
        ...

    def add_class(self, name: str) -> None:
        """Add a class; DataError if that cannot be."""
        ...

    def items(self) -> Mapping[str, FolderItem]:
        """The images by their keys; the same object while nothing has changed."""
        ...

    def cut(self, file: Path, data: bytes) -> PlainRecords:
        """Cut the bytes of a file into records; DataError if it is faulty."""
        ...

    def join(self, records: PlainRecords, before: bytes | None) -> bytes:
        """The bytes of records, in the encoding of the bytes before."""
        ...

    def new_file(self, item: FolderItem) -> PlainRecords:
        """The file of an image without objects."""
        ...

    def read(self, item: FolderItem, records: PlainRecords) -> tuple[list[ReadObject], tuple[str, ...]]:
        """The objects and what is wrong with others; DataError if none can be read."""
        ...

    def classes_in(self, records: PlainRecords) -> list[str]:
        """The classes of the records of a file."""
        ...

    def fit(self, item: FolderItem, mark: ObjectMark) -> ObjectMark:
        """An object as the format can hold it; DataError if it cannot."""
        ...

    def append(self, item: FolderItem, records: PlainRecords, mark: ObjectMark) -> None:
        """Add the record of a new object."""
        ...

    def rewrite(self, item: FolderItem, old: ReadObject, mark: ObjectMark) -> TextRecord:
        """The record of a changed object."""
        ...

    def before_first(self) -> None:
        """Write what must be there before the files of images."""
        ...

    def after(self, item: FolderItem) -> None:
        """Write what must name a file that was written, unless it does."""
        ...

    def annotated(self, classes: Sequence[str]) -> AnnotatedSet:
        """What `jumok train` reads, with these classes where the format names none."""
        ...


@dataclass(slots=True)
class LoadedFile:
    """A file as it was read."""

    data: bytes | None
    version: str
    records: PlainRecords | None = None
    fault: str = ""
    shown: LabelItem | None = None


class FolderStore:
    """The objects of images, in a file for each."""

    kind: MarksKind = "objects"
    columns: Sequence[AnswerColumn] = ()

    def __init__(
        self,
        form: RecordFormat,
        input: str = "image",
        classes: Sequence[str] = (),
        names: ClassNamesFile | None = None,
    ) -> None:
        """Open what a format finds.

        Args:
            form: The format, which knows its files.
            input: The name of the image among the inputs of a model.
            classes: Classes beside those that occur, where the format names none.
            names: Where the classes are kept that no object has, where the format has no place for them.
        """
        self._more, self._kept = tuple(classes), names
        self.format, self.place, self.outlines = form.format, form.place, form.outlines
        self._form, self._input = form, input
        self._lock = threading.RLock()
        self._files: dict[Path, GuardedFile] = {}
        self._loaded: dict[str, LoadedFile] = {}
        self._seen: dict[str, str] = {}  # versions, by which changes of others are noticed
        self._history = RecordHistory()
        self._occurring: dict[str, None] | None = None  # classes, in the order in which they came
        self._items = self._form.items()
        folders: dict[Path, list[str]] = {}
        for item in self._items.values():
            folders.setdefault(item.file.parent, []).append(item.file.name)
        for folder, left in folders.items():
            remove_left(folder, left)

    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in their order."""
        with self._lock:
            return self._names()

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a class; one that is there already changes nothing."""
        with self._lock:
            plain = check_class_name(name)
            if plain not in self._names():
                self._form.add_class(plain)
                if self._kept is not None:
                    self._kept.add([*self._names(), plain])
                self._loaded.clear()
                if self._occurring is not None:
                    self._occurring[plain] = None
            return self._names()

    def items(self) -> Sequence[LabelItem]:
        """The images, those that belong to the split first."""
        with self._lock:
            self._items = self._form.items()
            items = self._items.values()
            others = [self._item(one) for one in items if not one.listed]
            return [*(self._item(one) for one in items if one.listed), *others]

    def read(self, key: str) -> ItemMarks:
        """What is marked on an image; DataError if there is none of this name."""
        with self._lock:
            item = self._find(key)
            return self._read(item, self._load(item))

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the objects of an image; see LabelStore.write."""
        wanted = objects_from_json(marks)
        with self._lock:
            item = self._find(key)
            if item.fault:
                raise DataError(item.fault)
            wanted = [self._form.fit(item, one) for one in wanted]
            try:
                item.file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise unwritable(item.file, error) from error
            with lock_folder(item.file.parent.resolve()):
                loaded = self._load(item)
                current = self._read(item, loaded)
                if version != current.version:
                    return same_or_conflict(key, current, wanted)
                self._write(item, loaded, wanted)
            return in_order_of(wanted, self._read(item, self._load(item)))

    def changed(self) -> frozenset[str]:
        """The images that others have changed since the last call."""
        with self._lock:
            self._form.classes()
            return frozenset(key for key, item in self._items.items() if self._is_changed(item))

    def inputs(self, key: str) -> Mapping[str, Any]:
        """The path of an image, by the name of the input."""
        with self._lock:
            return {self._input: self._find(key).image}

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write what is labelled or empty as a COCO file into a folder."""
        with self._lock:
            there = {item.image for item in self._form.items().values() if self._load(item).data is not None}
            data = self._form.annotated(self._names())
            images_folder = self.place if self.place.is_dir() else self.place.parent
            return coco_snapshot(data, there, folder, images_folder)

    def _find(self, key: str) -> FolderItem:
        item = self._items.get(key)
        if item is None:
            self._items = self._form.items()
            item = self._items.get(key)
        if item is None:
            raise unknown_image(key, self.place)
        return item

    def _load(self, item: FolderItem) -> LoadedFile:
        """The file as it stands now."""
        file = self._files.setdefault(item.file, GuardedFile(item.file))
        data, known = file.read(), self._loaded.get(item.key)
        if known is not None and known.data is data:
            return known
        loaded = self._loaded[item.key] = LoadedFile(data, "" if data is None else cache_key(data))
        try:
            loaded.records = None if data is None else self._form.cut(item.file, data)
        except DataError as error:
            loaded.fault = str(error)
        self._seen.setdefault(item.key, loaded.version)
        self._note_classes(loaded)
        return loaded

    def _names(self) -> tuple[str, ...]:
        named = self._form.classes()
        if named is not None:
            return named
        if self._occurring is None:
            files = [self._load(item).records for item in self._items.values()]
            found = {name for one in files if one is not None for name in self._form.classes_in(one)}
            self._occurring = dict.fromkeys((*sorted(found), *self._more))
        kept = self._kept.names() if self._kept is not None else ()
        return tuple(dict.fromkeys((*kept, *self._occurring)))

    def _note_classes(self, loaded: LoadedFile) -> None:
        if self._occurring is not None and loaded.records is not None:
            self._occurring.update(dict.fromkeys(self._form.classes_in(loaded.records)))

    def _read(self, item: FolderItem, loaded: LoadedFile) -> ItemMarks:
        faults = [one for one in (item.fault, loaded.fault) if one]
        objects: list[ReadObject] = []
        if loaded.records is not None:
            try:
                objects, problems = self._form.read(item, loaded.records)
                faults += problems
            except DataError as error:
                faults.append(str(error))
        marks = objects_to_json(one.mark for one in objects)
        return ItemMarks(loaded.version, marks, state_of_file(loaded), tuple(faults))

    def _write(self, item: FolderItem, loaded: LoadedFile, wanted: Sequence[ObjectMark]) -> None:
        if loaded.fault:
            raise DataError(loaded.fault)
        records = self._form.new_file(item) if loaded.records is None else loaded.records.copy()
        objects, _ = self._form.read(item, records)
        change = ObjectChange(
            records,
            self._history,
            item.key,
            lambda one: self._form.append(item, records, one),
            lambda old, one: self._form.rewrite(item, old, one),
        )
        done = change.set_objects(objects, wanted)
        check_objects([*done.added, *done.moved], self._names(), item.image)
        data = self._form.join(records, loaded.data)
        if data != loaded.data:
            self._form.before_first()
            if self._kept is not None and self._more:
                self._kept.add(self._names())
            self._files[item.file].replace(data, loaded.data)
            self._history.keep(done)
            self._loaded[item.key] = LoadedFile(data, cache_key(data), records)
            self._seen[item.key] = self._loaded[item.key].version
            self._form.after(item)

    def _item(self, item: FolderItem) -> LabelItem:
        loaded = self._load(item)
        if loaded.shown is None:
            names = dict.fromkeys(self._form.classes_in(loaded.records) if loaded.records else ())
            loaded.shown = LabelItem(item.key, item.key, item.image, state_of_file(loaded), tuple(names))
        return loaded.shown

    def _is_changed(self, item: FolderItem) -> bool:
        version = self._load(item).version
        before, self._seen[item.key] = self._seen[item.key], version
        return version != before


def state_of_file(loaded: LoadedFile) -> ItemState:
    """Whether a file is there, and has objects."""
    if loaded.data is None:
        return "unlabelled"
    return "labelled" if loaded.fault or (loaded.records and loaded.records.records) else "empty"
