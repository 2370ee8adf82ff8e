"""Objects in the files of annotation tools, in which each image has a text of its own."""

import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jumok.data.annotations.segmentation import polygon_bounds
from jumok.data.cache.place import cache_key
from jumok.errors import DataError
from jumok.labelling.contract import AnswerColumn, ItemMarks, ItemState, LabelItem, MarksKind
from jumok.labelling.files.class_names_file import ClassNamesFile
from jumok.labelling.objects.annotation_text import AnnotationForm, ItemText, ReadText
from jumok.labelling.objects.image_folder import ImageFolder
from jumok.labelling.objects.marks import (
    ObjectMark,
    check_class_name,
    check_objects,
    in_order_of,
    matched_objects,
    objects_from_json,
    objects_to_json,
    same_or_conflict,
)
from jumok.labelling.refusals import unknown_image

MOST_STATES = 200  # of an image that can come back with their bytes


class AnnotationStore:
    """The objects of images whose annotations are texts in a format, and of images beside them without any."""

    kind: MarksKind = "objects"
    outlines = True
    columns: Sequence[AnswerColumn] = ()

    def __init__(
        self,
        form: AnnotationForm,
        images: ImageFolder,
        classes: Sequence[str] | None = None,
        input: str = "image",
        names: ClassNamesFile | None = None,
    ) -> None:
        """Open the files of a format.

        Args:
            form: The format, which knows its files.
            images: The images that have no text yet.
            classes: The names of the classes; by default those that the files list, or else that occur, sorted.
            input: The name of the image among the inputs of a model.
            names: Where classes are kept that no object has, where the files have no list of classes.
        """
        self._kept = names
        self.format, self.place = form.format, form.place
        self._form, self._images, self._input = form, images, input
        self._lock = threading.RLock()
        self._known: dict[str, tuple[str | None, ReadText, LabelItem]] = {}
        self._states: dict[str, list[tuple[str, list[ObjectMark]]]] = {}  # texts that were there before
        self._written: dict[str, str] = {}
        listed = self._listing()
        self._seen = {key: state for key, (state, _) in listed.items()}
        used = {name for _, item in listed.values() for name in item.classes}
        self._classes = list(classes or self._listed_classes() or sorted(used))
        self._classes += sorted(used.difference(self._classes))

    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in their order."""
        with self._lock:
            for name in self._listed_classes():
                if name not in self._classes:
                    self._classes.append(name)
            return tuple(self._classes)

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a class, written at once where the files list classes; one that is there already changes nothing."""
        plain = check_class_name(name)
        with self._lock, self._form.lock():
            if plain not in self.classes():
                self._form.add_class(plain)
                if self._kept is not None:
                    self._kept.add([*self._classes, plain])
                self._classes.append(plain)
            return tuple(self._classes)

    def items(self) -> Sequence[LabelItem]:
        """The images with a text, then those without."""
        with self._lock:
            listed = [item for _, item in self._listing().values()]
            paths = {item.image for item in listed}
            return [*listed, *self._images.unlisted(paths)]

    def read(self, key: str) -> ItemMarks:
        """What is marked on an image; DataError if there is none of this name."""
        with self._lock:
            return self._marks(self._item(key))

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the objects of an image; see LabelStore.write."""
        wanted = [with_bounds(one) for one in objects_from_json(marks)]
        with self._lock, self._form.lock():
            known_classes = self.classes()  # before the item, for it may read the file again
            item = self._item(key)
            current, read = self._marks(item), self._look(item)[0]
            if version != current.version:
                return same_or_conflict(key, current, wanted)
            places = matched_objects([one.mark for one in read.objects], wanted)
            found = [None if place is None else read.objects[place] for place in places]
            pairs = list(zip(found, wanted, strict=True))
            if current.state != "unlabelled" and same_marks([one.mark for one in read.objects], wanted):
                return in_order_of(wanted, current)
            if item.fault:
                raise DataError(item.fault)
            moved = [one for old, one in pairs if old is None or not one.is_as(old.mark)]
            check_objects(moved, known_classes, item.image)
            text = self._earlier(item, wanted) or self._form.rewritten(item, read, pairs)
            self._form.put(item, text)
            self._keep(item, read, text)
            return in_order_of(wanted, self._marks(self._item(key)))

    def changed(self) -> frozenset[str]:
        """The images that others have changed since the last call."""
        with self._lock:
            now = {key: state for key, (state, _) in self._listing().items()}
            before, self._seen = self._seen, now
            return frozenset(key for key in now.keys() | before.keys() if now.get(key) != before.get(key))

    def inputs(self, key: str) -> Mapping[str, Any]:
        """The path of an image, by the name of the input."""
        with self._lock:
            return {self._input: self._item(key).image}

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write what is labelled or empty into a folder."""
        with self._lock:
            return self._form.snapshot(folder)

    def _listing(self) -> dict[str, tuple[Hashable, LabelItem]]:
        """All images with a text, and for each what changes with it."""
        return {key: (item.text, self._look(item)[1]) for key, item in self._form.items().items()}

    def _listed_classes(self) -> Sequence[str]:
        return self._form.known_classes() if self._kept is None else self._kept.names()

    def _item(self, key: str) -> ItemText:
        """An image with its text, if it has one."""
        item = self._form.find(key)
        path = None if item else self._images.find(key)
        if item is None and path is None:
            raise unknown_image(key, self._images.folder)
        return item or ItemText(key, path or Path())

    def _look(self, item: ItemText) -> tuple[ReadText, LabelItem]:
        """What the text of an image says, and how it is listed."""
        known = self._known.get(item.key)
        if known is None or known[0] != item.text:
            read = ReadText(is_answered=False) if item.text is None or item.fault else self._form.read(item)
            names = tuple(dict.fromkeys(one.mark.name for one in read.objects))
            listed = LabelItem(item.key, item.key, item.image, state_of_text(read), names)
            known = self._known[item.key] = (item.text, read, listed)
        return known[1], known[2]

    def _marks(self, item: ItemText) -> ItemMarks:
        read, listed = self._look(item)
        if read.problems:  # whose lines may have moved
            read = self._form.read(item)
        version = "" if item.text is None else cache_key(item.text)
        problems = (item.fault, *read.problems) if item.fault else read.problems
        return ItemMarks(version, objects_to_json(one.mark for one in read.objects), listed.state, problems)

    def _earlier(self, item: ItemText, wanted: Sequence[ObjectMark]) -> str | None:
        """The text that said what is wanted, if only this store has changed it since."""
        if item.text is None or self._written.get(item.key) != item.text:
            self._states.pop(item.key, None)
            return None
        known = reversed(self._states.get(item.key, []))
        return next((text for text, marks in known if same_marks(marks, wanted)), None)

    def _keep(self, item: ItemText, read: ReadText, text: str) -> None:
        """Remember what stood there before a change that has been written."""
        self._written[item.key] = text
        self._seen[item.key] = text
        if item.text is not None and read.is_answered:
            states = self._states.setdefault(item.key, [])
            states.append((item.text, [one.mark for one in read.objects]))
            del states[:-MOST_STATES]


def same_marks(one: Sequence[ObjectMark], other: Sequence[ObjectMark]) -> bool:
    """Whether two lists hold the same objects, in whichever order."""
    if len(one) != len(other):
        return False
    places = matched_objects(one, [replace(mark, id=None) for mark in other])
    return all(
        place is not None and mark.fixed == one[place].fixed
        for mark, place in zip(other, places, strict=True)
    )


def with_bounds(one: ObjectMark) -> ObjectMark:
    """An object whose box is that of its outline, as these formats have it."""
    if not one.polygons:
        return one
    return replace(one, box=polygon_bounds([value for polygon in one.polygons for value in polygon]))


def state_of_text(read: ReadText) -> ItemState:
    """Whether an image has objects, or was annotated as empty."""
    if read.objects:
        return "labelled"
    return "empty" if read.is_answered else "unlabelled"
