"""The text of a COCO file, cut into its records."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jumok.classes import Class
from jumok.data.annotations.annotated import AnnotatedImage, SourceLocation
from jumok.data.annotations.coco.fields import (
    Id,
    Wrong,
    category_class,
    duplicate_id_fault,
    id_of,
    record_fault,
)
from jumok.data.annotations.coco.reading import object_of, record_image
from jumok.data.annotations.documents.json_kinds import COCO_LISTS, coco_fault, not_coco
from jumok.data.annotations.documents.located_json import LocatedJson, Record
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import DataError
from jumok.labelling.files.record_style import RecordStyle, style_of
from jumok.labelling.objects.record_list import SeparatedRecords, TextRecord


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An image record: what it says, or why it cannot be used."""

    record: TextRecord
    image: AnnotatedImage | None
    place: SourceLocation  # the file, and the line of a faulty one
    fault: str = ""
    name: str = ""  # as the record says it


@dataclass(frozen=True)
class CocoDocument:
    """A file cut into texts: what stands around the lists, and the records of the lists."""

    path: Path
    around: tuple[str, ...]  # one more than lists
    lists: dict[str, SeparatedRecords]  # in the order of the file
    ascii: bool  # whether other characters are written as escapes

    @property
    def text(self) -> str:
        """The whole text."""
        pieces = [self.around[0]]
        for part, after in zip(self.lists.values(), self.around[1:], strict=True):
            pieces += part.pieces()
            pieces.append(after)
        return "".join(pieces)

    def copy(self) -> "CocoDocument":
        """A document that can be changed without changing this one."""
        lists = {name: one.copy() for name, one in self.lists.items()}
        return CocoDocument(self.path, self.around, lists, self.ascii)

    def style(self, name: str) -> RecordStyle:
        """How the records of a list are written; as in another list, if it has none."""
        sample = self.sample(name)
        if sample.records:
            return style_of(sample.records[-1].text, self.ascii)
        if any(space in text for text in self.around for space in (": ", ", ", "\n")):
            return RecordStyle(ascii=self.ascii)
        return RecordStyle(between=",", colon=":", comma=",", ascii=self.ascii)

    def sample(self, name: str) -> SeparatedRecords:
        """A list that has records: this one, or else another; if none has, the gaps of a first record."""
        known = (self.lists[name], *(self.lists[other] for other in COCO_LISTS))
        space = "\n" if any("\n" in text for text in self.around) else ""
        return next((one for one in known if one.records), SeparatedRecords([], [space, space]))

    def line_of(self, name: str, record: TextRecord) -> int:
        """The line of a record."""
        before = self.around[0].count("\n") + 1
        for (other, part), after in zip(self.lists.items(), self.around[1:], strict=True):
            if other == name:
                place = part.records.index(record)
                texts = (*part.gaps[: place + 1], *(one.text for one in part.records[:place]))
                return before + sum(text.count("\n") for text in texts)
            before += sum(text.count("\n") for text in (*part.pieces(), after))
        return before

    def location(self, name: str, record: TextRecord) -> SourceLocation:
        """File and line of a record."""
        return SourceLocation(str(self.path), self.line_of(name, record))

    @cached_property
    def classes(self) -> dict[Id, Class]:
        """The classes by their ids; records that cannot be read are left out."""
        found: dict[Id, Class] = {}
        names: set[str] = set()
        for record in self.lists["categories"].records:
            try:
                value = parse_record(record)
                made = category_class(value, SourceLocation(str(self.path), None))
            except (Wrong, OverflowError):
                continue
            if value["name"] not in names:
                found.setdefault(id_of(value, "id"), made)
            names.add(value["name"])
        return found

    def images(self) -> list[ListedImage]:
        """The image records, faulty ones with their fault."""
        known: dict[Id, TextRecord] = {}
        return [self._image(record, known) for record in self.lists["images"].records]

    def _image(self, record: TextRecord, known: dict[Id, TextRecord]) -> ListedImage:
        name = ""
        nowhere = SourceLocation(str(self.path), None)
        try:
            value = parse_record(record)
            stated = value.get("file_name")
            name = stated if isinstance(stated, str) else ""
            number = id_of(value, "id")
            if number in known:
                place = self.location("images", record)
                fault = duplicate_id_fault(place, "image", number, self.line_of("images", known[number]))
                return ListedImage(record, None, place, str(fault), name)
            known[number] = record
            made = record_image(value, nowhere)
            return ListedImage(record, made, nowhere, name=made.name)
        except (Wrong, OverflowError) as wrong:
            place = self.location("images", record)
            return ListedImage(record, None, place, str(record_fault(place, "image", wrong)), name)


def read_document(path: Path, text: str) -> CocoDocument:
    """Cut a text into its records; raises DataError if it is no COCO file."""
    try:
        found = LocatedJson(path, text)
    except UnreadableFile as unreadable:
        raise DataError(str(coco_fault(path, unreadable.fault))) from None
    wrong = not_coco(found)
    if wrong is not None:
        raise DataError(str(wrong))
    around: list[str] = []
    lists: dict[str, SeparatedRecords] = {}
    end = 0
    for name in sorted(COCO_LISTS, key=lambda name: found.members[name].start):
        member = found.members[name]
        around.append(text[end : member.start + 1])
        lists[name] = cut(text, member.start + 1, found.spans[name], member.end - 1, found.lists[name])
        end = member.end - 1
    return CocoDocument(path, (*around, text[end:]), lists, "\\u" in text)


def cut(text: str, start: int, spans: Iterable[int], end: int, values: list[Record]) -> SeparatedRecords:
    """Cut a list into records and gaps.

    Args:
        text: The text of the file.
        start: Where the list begins, behind its bracket.
        spans: Where each record begins and ends, in turn.
        end: Where the list ends, before its bracket.
        values: The records.

    Returns:
        The list.
    """
    places = list(spans)
    borders = [start, *places, end]
    gaps = [text[borders[i] : borders[i + 1]] for i in range(0, len(borders), 2)]
    records = [
        TextRecord(text[places[2 * i] : places[2 * i + 1]], *ids_in(value))
        for i, (value, _) in enumerate(values)
    ]
    return SeparatedRecords(records, gaps, gaps[0] if not records else "")


def ids_in(value: Any) -> tuple[Any, Any, Any]:
    """The id of a record, of its image and of its category, as far as they are ids."""
    if not isinstance(value, dict):
        return None, None, None
    return plain_id(value.get("id")), plain_id(value.get("image_id")), plain_id(value.get("category_id"))


def plain_id(value: Any) -> Id | None:
    """An id: a number, or a text; None for anything else."""
    if type(value) is int or isinstance(value, str):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None


def parse_record(record: TextRecord) -> dict[str, Any]:
    """The JSON object of a record; raises Wrong if it is none."""
    return object_of(Record(json.loads(record.text), SourceLocation("", None)))


def new_id(ids: Iterable[Id | None]) -> Id:
    """An id that none has: one above the largest; a text where all are texts."""
    known = [one for one in ids if one is not None]
    numbers = [int(one) for one in known if isinstance(one, int) or one.isdecimal()]
    made = max((0, *numbers)) + 1
    return str(made) if known and all(isinstance(one, str) for one in known) else made
