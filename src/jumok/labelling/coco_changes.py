"""Changes of a COCO file: which records go, come and change for the objects that an image shall have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jumok.classes import Class
from jumok.data.annotations.annotated import FLAGS, AnnotatedImage
from jumok.data.annotations.coco import (
    Id,
    annotation_of,
    category_record,
    image_record,
    object_record,
    with_outline,
)
from jumok.data.annotations.coco_fields import Wrong, record_fault
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.errors import DataError
from jumok.labelling.coco_document import CocoDocument, new_id, parse_record
from jumok.labelling.object_marks import ObjectMark, mark_of, matched_objects, same_outline
from jumok.labelling.record_list import RecordChanges, RecordHistory, TextRecord
from jumok.labelling.record_style import with_members


@dataclass(frozen=True, slots=True)
class ReadObject:
    """A record of an object, and what it says."""

    record: TextRecord
    mark: ObjectMark


def read_object(
    record: TextRecord, handle: str, document: CocoDocument, image: AnnotatedImage
) -> tuple[ReadObject | None, list[Fault]]:
    """The object of a record, None if it has no box or class, and its faults.

    Args:
        record: The record.
        handle: How it is named.
        document: The file.
        image: The image that it belongs to.

    Returns:
        The object and faults.
    """
    faults: list[Fault] = []
    try:
        value = parse_record(record)
        _, found = annotation_of(value, image.place, document.classes)
    except (Wrong, OverflowError) as wrong:
        faults.append(record_fault(image.place, "annotation", wrong))
        return None, faults
    found = with_outline(found, value, image, faults)
    return ReadObject(record, mark_of(found, handle, bool(faults))), faults


def read_objects(
    records: Sequence[TextRecord], document: CocoDocument, image: AnnotatedImage
) -> tuple[list[ReadObject], tuple[str, ...]]:
    """The objects of an image that can be read, and what is wrong with the others.

    Args:
        records: The records of its annotations.
        document: The file.
        image: The image.

    Returns:
        The objects, and sentences with file and line.
    """
    objects: list[ReadObject] = []
    problems: list[str] = []
    for record, handle in zip(records, handles(records), strict=True):
        found, faults = read_object(record, handle, document, image)
        if found is not None:
            objects.append(found)
        if faults:
            line = document.line_of("annotations", record)
            problems += [str(fault._replace(line=line)) for fault in faults]
    return objects, tuple(problems)


def handles(records: Sequence[TextRecord]) -> list[str]:
    """A name for each record: its id, or its place where it has none of its own."""
    ids = [None if record.id is None else str(record.id) for record in records]
    return [
        one if one is not None and ids.count(one) == 1 else f"#{place}" for place, one in enumerate(ids, 1)
    ]


class CocoChange:
    """A changed copy of a file, which takes its place when it has been written."""

    def __init__(self, document: CocoDocument, history: RecordHistory) -> None:
        self.document = document.copy()
        self.changes = RecordChanges(None)  # the image is named by whoever knows it
        self._history = history

    def add_class(self, name: str) -> None:
        """Append a category, unless there is one of this name."""
        if any(one.name == name for one in self.document.classes.values()):
            return
        number = new_id(record.id for record in self.document.lists["categories"].records)
        values = category_record(Class(name), 0)
        self._append("categories", {**values, "id": number}, number)
        self.document = self.document.copy()  # which finds its classes anew

    def add_image(self, image: AnnotatedImage) -> TextRecord:
        """Append the record of an image; DataError if its size cannot be read."""
        number = new_id(record.id for record in self.document.lists["images"].records)
        try:
            return self._append("images", image_record(image, number), number)
        except UnreadableFile as unreadable:
            raise DataError(str(unreadable)) from None

    def set_objects(self, current: Sequence[ReadObject], wanted: Sequence[ObjectMark]) -> list[ObjectMark]:
        """Make the objects of the image those that are wanted.

        Args:
            current: Its objects.
            wanted: The objects that it shall have.

        Returns:
            The wanted objects that are new, or are of another class or shape than before.
        """
        matched = matched_objects([one.mark for one in current], wanted)
        unknown = [one for one, place in zip(wanted, matched, strict=True) if place is None]
        current = [*current, *self._restored(unknown)]
        matched = matched_objects([one.mark for one in current], wanted)
        for gone in (one for place, one in enumerate(current) if place not in matched):
            self._remove(gone)
        checked: list[ObjectMark] = []
        for one, place in zip(wanted, matched, strict=True):
            old = None if place is None else current[place].mark
            if place is None:
                self._add(one)
            elif old is not None and not one.is_as(old):
                self._change(current[place], one)
            if old is None or one.name != old.name or not one.has_shape_of(old):
                checked.append(one)
        return checked

    def _append(
        self, name: str, values: Mapping[str, Any], number: Id, owner: Id | None = None, category: Any = None
    ) -> TextRecord:
        record = TextRecord(self.document.style(name).record(values), number, owner, category)
        self.document.lists[name].append(record, self.document.sample(name))
        self.changes.edited = True
        return record

    def _add(self, one: ObjectMark) -> None:
        known = (*self.document.lists["annotations"].records, *self._history.gone())
        number, owner = new_id([record.id for record in known]), self.changes.owner
        category = self._category(one.name)
        values = object_record(one.annotation(), number, owner, category)
        self._append("annotations", values, number, owner, category)

    def _remove(self, one: ReadObject) -> None:
        removed = self.document.lists["annotations"].remove(one.record)
        self.changes.removed.append((removed, one.mark))
        self.changes.edited = True

    def _restored(self, unknown: list[ObjectMark]) -> list[ReadObject]:
        """Objects that were removed here before and are wanted again, back at their places."""
        annotations, found = self.document.lists["annotations"], list[ReadObject]()
        returning = self._history.returning(self.changes.owner, unknown)
        taken = {record.id for record in annotations.records} if returning else set()
        for removed, mark in returning:
            if removed.record.id not in taken:
                annotations.restore(removed)
                self.changes.restored.append(removed)
                self.changes.edited = True
                found.append(ReadObject(removed.record, mark))
        return found

    def _change(self, old: ReadObject, one: ObjectMark) -> None:
        """Give a record its other text; one that it had before, if that says the same."""
        new = self._history.earlier(old.record, one)
        if new is None:
            changes = self._changed_members(old, one)
            text = with_members(old.record.text, changes, self.document.ascii)
            new = replace(old.record, text=text, category=self._category(one.name))
        self.document.lists["annotations"].change(old.record, new)
        self.changes.given_up.append((old.record, old.mark))
        self.changes.edited = True

    def _changed_members(self, old: ReadObject, one: ObjectMark) -> dict[str, Any]:
        """The members of a record that change."""
        value, mark = parse_record(old.record), old.mark
        wanted = object_record(one.annotation(), 0, 0, self._category(one.name))
        names = ["category_id"] if one.name != mark.name else []
        if not one.has_shape_of(mark) or (mark.fixed and not one.fixed):
            if mark.fixed and one.fixed and one.polygons is None:
                problem = f"the outline of the {mark.name!r} {mark.id} cannot be edited"
                raise DataError(f"{problem}; delete it and draw it anew")
            names += ["bbox", *(["area"] if "area" in value else [])]
            names += ["segmentation"] if mark.fixed or not same_outline(one.polygons, mark.polygons) else []
        names += ["iscrowd"] if one.crowd != mark.crowd else []
        changes = {name: wanted[name] for name in names}
        flags = {flag: getattr(one, flag) for flag in FLAGS if getattr(one, flag) != getattr(mark, flag)}
        if flags and not isinstance(value.get("attributes") or {}, dict):
            raise DataError(f"the attributes of annotation {mark.id} are no object {{…}}; correct the file")
        return {**changes, "attributes": flags} if flags else changes

    def _category(self, name: str) -> Any:
        """The id of a class, as the records of categories have it."""
        for number, one in self.document.classes.items():
            if one.name == name:
                return number
        raise DataError(f"there is no class {name!r}; add it first")
