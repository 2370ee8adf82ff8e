"""Changes of a COCO file: which records go, come and change for the objects that an image shall have."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jumok.classes import Class
from jumok.data.annotations.annotated import FLAGS, AnnotatedImage
from jumok.data.annotations.coco.fields import Id, Wrong, record_fault
from jumok.data.annotations.coco.reading import annotation_of, with_outline
from jumok.data.annotations.coco.writing import category_record, image_record, object_record
from jumok.data.tables.faults import Fault
from jumok.errors import DataError
from jumok.labelling.coco.document import CocoDocument, new_id, parse_record
from jumok.labelling.files.record_style import with_members
from jumok.labelling.objects.change import ObjectChange, ReadObject
from jumok.labelling.objects.marks import ObjectMark, mark_of, same_outline
from jumok.labelling.objects.record_list import RecordChanges, RecordHistory, TextRecord
from jumok.labelling.refusals import fixed_outline, readable, unknown_class


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
        self.edited = False
        self._history = history
        self._free: Id | None = None  # the id of the next new annotation

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
        with readable():
            return self._append("images", image_record(image, number), number)

    def set_objects(
        self, owner: Id, current: Sequence[ReadObject], wanted: Sequence[ObjectMark]
    ) -> RecordChanges:
        """Make the objects of an image those that are wanted.

        Args:
            owner: The id of the image.
            current: Its objects.
            wanted: The objects that it shall have.

        Returns:
            What was changed.
        """
        records = self.document.lists["annotations"]
        taken = {record.id for record in records.records}
        change = ObjectChange(
            records,
            self._history,
            owner,
            lambda one: self._add(owner, one),
            self._rewritten,
            lambda record: record.id not in taken,
        )
        done = change.set_objects(current, wanted)
        self.edited |= not done.is_empty
        return done

    def _append(
        self, name: str, values: Mapping[str, Any], number: Id, owner: Id | None = None, category: Any = None
    ) -> TextRecord:
        record = TextRecord(self.document.style(name).record(values), number, owner, category)
        self.document.lists[name].append(record, self.document.sample(name))
        self.edited = True
        return record

    def _add(self, owner: Id, one: ObjectMark) -> None:
        if self._free is None:  # looked for once, for there may be many records
            known = (*self.document.lists["annotations"].records, *self._history.gone())
            self._free = new_id([record.id for record in known])
        number, category = self._free, self._category(one.name)
        self._free = number + 1 if isinstance(number, int) else str(int(number) + 1)
        values = object_record(one.annotation(), number, owner, category)
        self._append("annotations", values, number, owner, category)

    def _rewritten(self, old: ReadObject, one: ObjectMark) -> TextRecord:
        text = with_members(old.record.text, self._changed_members(old, one), self.document.ascii)
        return replace(old.record, text=text, category=self._category(one.name))

    def _changed_members(self, old: ReadObject, one: ObjectMark) -> dict[str, Any]:
        """The members of a record that change."""
        value, mark = parse_record(old.record), old.mark
        wanted = object_record(one.annotation(), 0, 0, self._category(one.name))
        names = ["category_id"] if one.name != mark.name else []
        if not one.has_shape_of(mark) or (mark.fixed and not one.fixed):
            if mark.fixed and one.fixed and one.polygons is None:
                raise fixed_outline(mark.name)
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
        raise unknown_class(name)
