"""Objects in the JSON files of labelme, one beside each image."""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jumok.data.annotations.annotated import OBJECT_FLAGS, AnnotatedImage
from jumok.data.annotations.class_names import LABELS_TEXT
from jumok.data.annotations.coco.fields import Wrong, record_size
from jumok.data.annotations.documents.json_kinds import why_no_labelme
from jumok.data.annotations.documents.located_json import LocatedJson, decode_text
from jumok.data.annotations.labelme.reading import LabelmeReader
from jumok.data.annotations.labelme.writing import labelme_text, shapes_of_object
from jumok.data.tables.faults import UnreadableFile
from jumok.data.tables.listing import files_below
from jumok.data.tables.open_text import is_file
from jumok.files import unwritable, write_file_atomically
from jumok.labelling.files.class_names_file import ClassNamesFile
from jumok.labelling.files.guarded_file import GuardedFile, lock_folder
from jumok.labelling.files.record_style import with_members
from jumok.labelling.files.text_bytes import compress_like
from jumok.labelling.objects.annotation_store import AnnotationStore
from jumok.labelling.objects.annotation_text import (
    NO_LIST,
    ItemText,
    ReadText,
    TextObject,
    WantedObject,
    check_outline,
    edit_objects,
    edited_list,
    grouped_objects,
    is_drawn_anew,
    list_in,
)
from jumok.labelling.objects.image_folder import ImageFolder
from jumok.labelling.objects.marks import NOWHERE, ObjectMark
from jumok.labelling.refusals import readable

FIRST_SHAPE_GAPS = ("\n    ", "\n  ")  # around the first shape of a file, as labelme indents it


def labelme_store(
    folder: Path,
    images: Path | None = None,
    excluded: Collection[Path] = (),
    classes: Sequence[str] | None = None,
    input: str = "image",
) -> AnnotationStore:
    """The objects in the labelme files of a folder and below.

    Args:
        folder: The folder.
        images: The folder of the images, if it is another one.
        excluded: Images that belong to other splits.
        classes: The names of the classes; by default those that occur, sorted.
        input: The name of the image among the inputs of a model.

    Returns:
        The store.
    """
    names = None if classes else ClassNamesFile(folder / LABELS_TEXT)  # as for labelme --labels
    return AnnotationStore(
        LabelmeForm(folder, images), ImageFolder(images or folder, excluded), classes, input, names
    )


@dataclass(slots=True)
class LabelmeFile:
    """A file, and what was read of it."""

    guarded: GuardedFile
    data: bytes | None = None
    item: ItemText | None = None


class LabelmeForm:
    """The files of labelme in a folder."""

    format = "labelme"

    def __init__(self, folder: Path, images: Path | None) -> None:
        self.place = folder
        self._images = images
        self._files: dict[Path, LabelmeFile] = {}
        self._by_key: dict[str, Path] = {}

    def items(self) -> Mapping[str, ItemText]:
        """The images of the files, sorted by file."""
        found: dict[str, ItemText] = {}
        reader = LabelmeReader(self.place, self._images)  # which lists each folder once
        for file in files_below(self.place, (".json",)).files:
            item = self._item(file, reader)
            if item is not None and item.key not in found:
                found[item.key] = item
                self._by_key[item.key] = file
        return found

    def find(self, key: str) -> ItemText | None:
        """One of the images; the others are not looked at."""
        file = self._by_key.get(key)
        item = None if file is None else self._item(file, LabelmeReader(self.place, self._images))
        return item if item is not None and item.key == key else self.items().get(key)

    def lock(self) -> AbstractContextManager[Any]:
        """Hold the lock of the folder."""
        return lock_folder(self.place)

    def read(self, item: ItemText) -> ReadText:
        """The objects of the shapes that have an area, and what is wrong with others."""
        file, reader = self._file_of(item), LabelmeReader(self.place, self._images)
        found = LocatedJson(file, item.text)
        try:
            size = record_size(found.values, "imageWidth", "imageHeight")
        except (Wrong, OverflowError):
            size = None
        keyed = [
            (number, key, one)
            for number, record in enumerate(found.lists["shapes"])
            for key, one in reader.annotation(record, size)
        ]
        return ReadText(grouped_objects(keyed), tuple(map(str, reader.faults)))

    def rewritten(self, item: ItemText, read: ReadText, wanted: Sequence[WantedObject]) -> str:
        """The file with the wanted objects in it."""
        if item.text is None:
            path = os.path.relpath(item.image, self._file_of(item).parent).replace(os.sep, "/")
            image = AnnotatedImage(
                item.image, path, NOWHERE, None, tuple(one.annotation() for _, one in wanted)
            )
            with readable():
                return labelme_text(image, path)
        return ShapeChange(item.text).changed(read.objects, wanted)

    def put(self, item: ItemText, text: str) -> None:
        """Write the file of an image, under the lock of its own folder, too, which others may have opened alone."""
        file = self._file_of(item)
        known = self._files.setdefault(file, LabelmeFile(GuardedFile(file)))
        data = text.encode()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(file, error) from error
        before = known.data
        with lock_folder(file.parent):
            known.guarded.replace(data if before is None else compress_like(data, before), before)

    def known_classes(self) -> Sequence[str]:
        """None: a file of labelme lists no classes."""
        return ()

    def add_class(self, name: str) -> None:
        """Nothing to write: a class stands in these files as soon as an object has it."""

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Copies of the files, which name their images by absolute paths."""
        for item in self.items().values():
            if item.text is not None:
                target = folder / self._file_of(item).relative_to(self.place)
                target.parent.mkdir(parents=True, exist_ok=True)
                path = str(item.image.absolute())
                write_file_atomically(target, with_members(item.text, {"imagePath": path}, False).encode())
        return {"labelme": str(folder.absolute()), "images": str((self._images or self.place).absolute())}

    def _file_of(self, item: ItemText) -> Path:
        """The file of an image: the one that it was read of, or else a new one beside it."""
        return self._by_key.get(item.key) or (self.place / item.key).with_suffix(".json")

    def _item(self, file: Path, reader: LabelmeReader) -> ItemText | None:
        known = self._files.setdefault(file, LabelmeFile(GuardedFile(file)))
        data = known.guarded.read()
        if data is None or known.data is not data:
            known.data = data
            known.item = None if data is None else self._parsed(file, data, reader)
        return known.item

    def _parsed(self, file: Path, data: bytes, reader: LabelmeReader) -> ItemText | None:
        """The image of a file; None for another kind of JSON without an image of its name."""
        try:
            text = decode_text(file, data)
            found = LocatedJson(file, text)
        except UnreadableFile as unreadable:
            path, name = reader.image(file, None)
            return ItemText(name, path, "", str(unreadable)) if is_file(path) else None
        path, name = reader.image(file, found.values.get("imagePath"))
        if "shapes" in found.lists:
            return ItemText(name, path, text)
        return ItemText(name, path, text, str(why_no_labelme(file))) if is_file(path) else None


class ShapeChange:
    """A change of the shapes of a file."""

    def __init__(self, text: str) -> None:
        self._text, self._ascii = text, "\\u" in text
        self._listed = list_in(text, "shapes") or NO_LIST
        self._changes: dict[int, str | None] = {}
        self._added: list[str] = []
        groups = [one.get("group_id") for one in self._listed.values if isinstance(one, dict)]
        self._group = max((one for one in groups if type(one) is int), default=0)

    def changed(self, current: Sequence[TextObject], wanted: Sequence[WantedObject]) -> str:
        """The text with the wanted objects instead of the current ones."""
        edit_objects(self, current, wanted)
        return edited_list(self._text, self._listed, self._changes, self._added, FIRST_SHAPE_GAPS)

    def remove(self, records: Sequence[int]) -> None:
        """Take out the shapes of an object."""
        self._changes.update(dict.fromkeys(records))

    def add(self, one: ObjectMark) -> None:
        """Add the shapes of a new object."""
        self._group += len(one.polygons or ()) > 1
        self._added += [self._rendered(shape) for shape in shapes_of_object(one.annotation(), self._group)]

    def change(self, old: TextObject, one: ObjectMark) -> None:
        """Give the shapes of an object what has changed."""
        check_outline(old.mark, one)
        flags = {
            name: getattr(one, name) for name in OBJECT_FLAGS if getattr(one, name) != getattr(old.mark, name)
        }
        common: dict[str, Any] = {"label": one.name} if one.name != old.mark.name else {}
        common |= {"flags": flags} if flags else {}
        shapes: list[dict[str, Any]] = [{}] * len(old.records)
        if is_drawn_anew(old.mark, one):
            group = next(
                (g for n in old.records if (g := self._listed.values[n].get("group_id")) is not None), None
            )
            if group is None and len(one.polygons or ()) > 1:
                self._group += 1
                group = self._group
            drawn = list(shapes_of_object(one.annotation(), 0))
            shapes = [{name: shape[name] for name in ("points", "shape_type")} for shape in drawn]
            shapes = [{**shape, "group_id": group} for shape in shapes] if len(shapes) > 1 else shapes
            if old.mark.fixed:
                shapes = [{**shape, "mask": None} for shape in shapes]
            self._added += [
                self._rendered({**shape, "group_id": group}) for shape in drawn[len(old.records) :]
            ]
        for place, number in enumerate(old.records):
            members = {**common, **shapes[place]} if place < len(shapes) else None
            self._changes[number] = None if members is None else self._with(number, members)

    def _with(self, number: int, members: Mapping[str, Any]) -> str:
        text = self._listed.texts[number]
        return with_members(text, members, self._ascii) if members else text

    def _rendered(self, shape: Mapping[str, Any]) -> str:
        """A new shape, written like the last one there is."""
        if self._listed.texts:
            return self._listed.style(self._ascii).record(shape)
        lines = json.dumps(shape, ensure_ascii=False, indent=2, allow_nan=False)
        return lines.replace("\n", "\n    ")
