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
from jumok.files import write_file_atomically
from jumok.labelling.coco.changes import CocoChange, read_objects
from jumok.labelling.coco.document import CocoDocument, read_document
from jumok.labelling.coco.index import CocoIndex, CocoItem, index_of
from jumok.labelling.contract import AnswerColumn, ItemMarks, ItemState, LabelItem, MarksKind
from jumok.labelling.files.text_bytes import decompressed
from jumok.labelling.objects.image_folder import ImageFolder
from jumok.labelling.objects.indexed_file import IndexedFile
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
        self._folder = ImageFolder(images or file.parent, excluded)
        self._lock = threading.RLock()
        self._shown: dict[str, LabelItem] = {}
        self._history = RecordHistory()
        self._file = IndexedFile(file, self._parsed, texts_of_images)
        self._file.now()

    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in their order."""
        with self._lock:
            return category_names(self._file.now()[0])

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a class, written at once; one that is there already changes nothing."""
        with self._lock, self._file.locked() as (document, index):
            change = CocoChange(document, self._history)
            change.add_class(check_class_name(name))
            self._replace(change, index)
            return category_names(change.document)

    def items(self) -> Sequence[LabelItem]:
        """The images of the file in its order, then those that only the folder has."""
        with self._lock:
            document, index = self._file.now()
            listed = [self._item(document, one) for one in index.items.values()]
            paths = {normal(item.image.path) for item in index.items.values()}
            return [*listed, *self._folder.unlisted(paths)]

    def read(self, key: str) -> ItemMarks:
        """What is marked on an image; DataError if there is none of this name."""
        with self._lock:
            return self._read(key, *self._file.now())

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the objects of an image; see LabelStore.write."""
        wanted = objects_from_json(marks)
        with self._lock, self._file.locked() as (document, index):
            current, item = self._read(key, document, index), index.items.get(key)
            if item is not None and item.fault:
                raise DataError(item.fault)
            if version != current.version:
                return same_or_conflict(key, current, wanted)
            change = CocoChange(document, self._history)
            if item is None:
                image = AnnotatedImage(self._path(key, index), key, SourceLocation(str(self.place), None))
                record = change.add_image(image)
                item = CocoItem(key, image, record.id, [record])
            objects, _ = read_objects(item.annotations, document, item.image)
            done = change.set_objects(item.owner, objects, wanted)
            check_objects([*done.added, *done.moved], category_names(document), item.image.path)
            self._replace(change, index, item)
            self._history.keep(done)
            return in_order_of(wanted, self._read(key, change.document, index))

    def changed(self) -> frozenset[str]:
        """The images that others have changed since the last call; DataError while the file cannot be read."""
        with self._lock:
            return self._file.changed()

    def inputs(self, key: str) -> Mapping[str, Any]:
        """The path of an image, by the name of the input."""
        with self._lock:
            return {self._input: self._path(key, self._file.now()[1])}

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write the file, which lists what is labelled or empty, into a folder."""
        with self._lock:
            document, index = self._file.now()
            target = folder / "annotations.json"
            write_file_atomically(target, document.text.encode())
            return {"coco": str(target.absolute()), "images": str(index.folder.absolute())}

    def _parsed(self, data: bytes | None) -> tuple[CocoDocument, CocoIndex]:
        document = read_document(self.place, self._text(data))
        index = index_of(document, self._images)
        self._shown.clear()
        self._folder.look_in(index.folder, index.within)
        return document, index

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

    def _item(self, document: CocoDocument, item: CocoItem) -> LabelItem:
        shown = self._shown.get(item.key)
        if shown is None:
            known = document.classes
            used = dict.fromkeys(record.category for record in item.annotations)
            names = tuple(known[one].name for one in used if one in known)
            state: ItemState = "labelled" if item.annotations else "empty"
            shown = self._shown[item.key] = LabelItem(item.key, item.key, item.image.path, state, names)
        return shown

    def _read(self, key: str, document: CocoDocument, index: CocoIndex) -> ItemMarks:
        item = index.items.get(key)
        if item is None:
            self._path(key, index)
            return ItemMarks("", objects_to_json(()), "unlabelled")
        objects, problems = read_objects(item.annotations, document, item.image)
        problems = (item.fault, *problems) if item.fault else problems
        marks = objects_to_json(one.mark for one in objects)
        return ItemMarks(cache_key(*item.texts), marks, "labelled" if item.annotations else "empty", problems)

    def _path(self, key: str, index: CocoIndex) -> Path:
        item = index.items.get(key)
        path = item.image.path if item else self._folder.find(key)
        if path is None:
            raise unknown_image(key, self._folder.folder)
        return path

    def _replace(self, change: CocoChange, index: CocoIndex, item: CocoItem | None = None) -> None:
        """Write a changed document, and take it when it has been written."""
        if not change.edited:
            return
        self._file.replace(change.document.text.encode(), (change.document, index))
        self._new_classes = None
        if item is None:
            self._shown.clear()
            return
        owners = {item.owner, *(record.id for record in item.images)}
        item.annotations = [
            one for one in change.document.lists["annotations"].records if one.owner in owners
        ]
        index.items[item.key] = item
        self._shown.pop(item.key, None)


def category_names(document: CocoDocument) -> tuple[str, ...]:
    """The names of the classes, in their order."""
    return tuple(dict.fromkeys(one.name for one in document.classes.values()))


def texts_of_images(content: tuple[CocoDocument, CocoIndex]) -> dict[str, list[str]]:
    """The records of each image."""
    return {key: item.texts for key, item in content[1].items.items()}


def normal(path: Path) -> Path:
    """A path without steps up."""
    return Path(os.path.normpath(path)) if ".." in path.parts else path
