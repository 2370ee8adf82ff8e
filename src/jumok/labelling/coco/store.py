"""Objects in a COCO file: a change replaces only the records that it is about."""

import os
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from jumok.classes import Class
from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet, SourceLocation
from jumok.data.annotations.coco.writing import coco_text
from jumok.data.annotations.documents.located_json import decode_text
from jumok.data.cache.place import cache_key
from jumok.data.tables.open_text import read_fault
from jumok.errors import DataError
from jumok.files import remove_left, write_file_atomically
from jumok.labelling.coco.changes import CocoChange, read_objects
from jumok.labelling.coco.document import CocoDocument, read_document
from jumok.labelling.coco.index import CocoIndex, CocoItem, index_of
from jumok.labelling.contract import AnswerColumn, ItemMarks, ItemState, LabelItem, MarksKind
from jumok.labelling.files.guarded_file import GuardedFile
from jumok.labelling.files.text_bytes import compress_like, decompressed
from jumok.labelling.objects.image_folder import ImageFolder
from jumok.labelling.objects.marks import (
    check_class_name,
    check_objects,
    in_order_of,
    objects_from_json,
    objects_to_json,
    same_or_conflict,
)
from jumok.labelling.objects.record_list import RecordHistory
from jumok.labelling.refusals import file_is_gone, readable, unknown_image


class CocoStore:
    """The objects of the images of one COCO file, and of images beside them that it does not list yet."""

    kind: MarksKind = "objects"
    format = "coco"
    outlines = True
    columns: Sequence[AnswerColumn] = ()

    def __init__(
        self,
        file: Path,
        images: Path | None = None,
        excluded: Collection[Path] = (),
        classes: Sequence[str] | None = None,
        input: str = "image",
    ) -> None:
        """Open a file.

        Args:
            file: The JSON file, plain or gzip.
            images: The folder that names of images start at; searched for by default.
            excluded: Images that belong to other splits, which are not shown unless the file lists them.
            classes: The classes of a file that the first change makes; None if it must be there.
            input: The name of the image among the inputs of a model.
        """
        self.place = file
        self._images, self._input = images, input
        self._new_classes = classes
        self._file = GuardedFile(file)
        self._folder = ImageFolder(images or file.parent, excluded)
        self._lock = threading.RLock()
        self._data: bytes | None = b""
        self._fault = ""
        self._document = CocoDocument(file, (), {}, False)
        self._index: CocoIndex | None = None
        self._shown: dict[str, LabelItem] = {}
        self._changed: set[str] = set()
        self._history = RecordHistory()
        remove_left(file.parent, [file.name])
        self._now()

    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in their order."""
        with self._lock:
            self._now()
            return self._names

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a class, written at once; one that is there already changes nothing."""
        with self._lock, self._file.lock() as data:
            self._load(data)
            change = CocoChange(self._document, self._history)
            change.add_class(check_class_name(name))
            self._replace(change)
            return self._names

    def items(self) -> Sequence[LabelItem]:
        """The images of the file in its order, then those that only the folder has."""
        with self._lock:
            items = self._now().items
            listed = [self._item(one) for one in items.values()]
            paths = {normal(item.image.path) for item in items.values()}
            return [*listed, *self._folder.unlisted(paths)]

    def read(self, key: str) -> ItemMarks:
        """What is marked on an image; DataError if there is none of this name."""
        with self._lock:
            self._now()
            return self._read(key)

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the objects of an image; see LabelStore.write."""
        wanted = objects_from_json(marks)
        with self._lock, self._file.lock() as data:
            index = self._load(data)
            current, item = self._read(key), index.items.get(key)
            if item is not None and item.fault:
                raise DataError(item.fault)
            if version != current.version:
                return same_or_conflict(key, current, wanted)
            change = CocoChange(self._document, self._history)
            if item is None:
                image = AnnotatedImage(self._path(key), key, SourceLocation(str(self.place), None))
                record = change.add_image(image)
                item = CocoItem(key, image, record.id, [record])
            objects, _ = read_objects(item.annotations, self._document, item.image)
            done = change.set_objects(item.owner, objects, wanted)
            check_objects([*done.added, *done.moved], self._names, item.image.path)
            self._replace(change, item)
            self._history.keep(done)
            return in_order_of(wanted, self._read(key))

    def changed(self) -> frozenset[str]:
        """The images that others have changed since the last call; DataError while the file cannot be read."""
        with self._lock:
            self._now()
            found, self._changed = frozenset(self._changed), set()
            return found

    def inputs(self, key: str) -> Mapping[str, Any]:
        """The path of an image, by the name of the input."""
        with self._lock:
            self._now()
            return {self._input: self._path(key)}

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write the file, which lists what is labelled or empty, into a folder."""
        with self._lock:
            index, target = self._now(), folder / "annotations.json"
            write_file_atomically(target, self._document.text.encode())
            return {"coco": str(target.absolute()), "images": str(index.folder.absolute())}

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.name for one in self._document.classes.values()))

    def _now(self) -> CocoIndex:
        return self._load(self._file.read())

    def _load(self, data: bytes | None) -> CocoIndex:
        """Take what stands on the disk; raises DataError if it cannot be read."""
        if data is not self._data:
            self._data, self._fault = data, ""
            try:
                self._document = read_document(self.place, self._text(data))
                self._compare(index_of(self._document, self._images))
            except DataError as error:
                self._fault = str(error)
        if self._fault or self._index is None:
            raise DataError(self._fault)
        return self._index

    def _text(self, data: bytes | None) -> str:
        if data is None and self._new_classes is not None:
            return coco_text(AnnotatedSet(tuple(map(Class, self._new_classes, range(1, 10**6))), ()))
        fault = read_fault(self.place) if not data else None
        if fault is not None:
            raise DataError(str(fault))
        if data is None:
            raise file_is_gone(self.place)
        with readable():
            self._new_classes = None  # a file that was there is not made anew
            return decode_text(self.place, decompressed(self.place, data))

    def _compare(self, index: CocoIndex) -> None:
        """Take another index, and note which images are others' changes."""
        old = self._index
        if old is not None:
            for key in old.items.keys() | index.items.keys():
                before, after = old.items.get(key), index.items.get(key)
                if before is None or after is None or before.texts != after.texts:
                    self._changed.add(key)
        self._index = index
        self._shown.clear()
        self._folder.look_in(index.folder, index.within)

    def _item(self, item: CocoItem) -> LabelItem:
        shown = self._shown.get(item.key)
        if shown is None:
            known = self._document.classes
            used = dict.fromkeys(record.category for record in item.annotations)
            names = tuple(known[one].name for one in used if one in known)
            state: ItemState = "labelled" if item.annotations else "empty"
            shown = self._shown[item.key] = LabelItem(item.key, item.key, item.image.path, state, names)
        return shown

    def _read(self, key: str) -> ItemMarks:
        item = self._index.items.get(key) if self._index else None
        if item is None:
            self._path(key)
            return ItemMarks("", objects_to_json(()), "unlabelled")
        objects, problems = read_objects(item.annotations, self._document, item.image)
        problems = (item.fault, *problems) if item.fault else problems
        marks = objects_to_json(one.mark for one in objects)
        return ItemMarks(cache_key(*item.texts), marks, "labelled" if item.annotations else "empty", problems)

    def _path(self, key: str) -> Path:
        item = self._index.items.get(key) if self._index else None
        path = item.image.path if item else self._folder.find(key)
        if path is None:
            raise unknown_image(key, self._folder.folder)
        return path

    def _replace(self, change: CocoChange, item: CocoItem | None = None) -> None:
        """Write a changed document, and take it when it has been written."""
        if not change.edited or self._index is None:
            return
        data = change.document.text.encode()
        if self._data is None:
            self.place.parent.mkdir(parents=True, exist_ok=True)
        else:
            data = compress_like(data, self._data)
        self._file.replace(data, self._data)
        self._data, self._document, self._new_classes = data, change.document, None
        if item is None:
            self._shown.clear()
            return
        owners = {item.owner, *(record.id for record in item.images)}
        item.annotations = [
            one for one in change.document.lists["annotations"].records if one.owner in owners
        ]
        self._index.items[item.key] = item
        self._shown.pop(item.key, None)


def normal(path: Path) -> Path:
    """A path without steps up."""
    return Path(os.path.normpath(path)) if ".." in path.parts else path
