"""Texts that hold the annotations of one image each: what they say, and how records in them go, come and change."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jumok.data.annotations.annotated import Annotation
from jumok.data.annotations.documents.located_json import LocatedJson
from jumok.data.annotations.shapes import united
from jumok.labelling.files.record_style import RecordStyle, style_of
from jumok.labelling.objects.marks import ObjectMark, mark_of
from jumok.labelling.objects.record_list import SeparatedRecords, TextRecord
from jumok.labelling.refusals import fixed_outline


@dataclass(frozen=True, slots=True)
class ItemText:
    """The text with the annotations of an image; None where there is none."""

    key: str
    image: Path
    text: str | None = None
    fault: str = ""  # why it can neither be read nor written


@dataclass(frozen=True, slots=True)
class TextObject:
    """An object, and the places of its records in the text."""

    mark: ObjectMark
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadText:
    """What a text says."""

    objects: tuple[TextObject, ...] = ()
    problems: tuple[str, ...] = ()
    is_answered: bool = True  # whether somebody has annotated the image, if only as empty


WantedObject = tuple[
    TextObject | None, ObjectMark
]  # what stands there, None for a new one; what shall stand there


class AnnotationForm(Protocol):
    """A format whose files hold a text for each image."""

    format: str
    place: Path

    def items(self) -> Mapping[str, ItemText]:
        """The images with a text, as they stand on the disk now; DataError if that cannot be read."""
        ...

    def find(self, key: str) -> ItemText | None:
        """One of them, as it stands on the disk now; None if there is none of this name."""
        ...

    def lock(self) -> AbstractContextManager[Any]:
        """Keep others from writing."""
        ...

    def read(self, item: ItemText) -> ReadText:
        """What the text of an image says."""
        ...

    def rewritten(self, item: ItemText, read: ReadText, wanted: Sequence[WantedObject]) -> str:
        """The text with the wanted objects in it; DataError if it cannot hold them."""
        ...

    def put(self, item: ItemText, text: str) -> None:
        """Write the text of an image; for whoever holds the lock."""
        ...

    def known_classes(self) -> Sequence[str]:
        """The classes that the files list, in their order."""
        ...

    def add_class(self, name: str) -> None:
        """Write a new class into the list, if the files have one."""
        ...

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write what is annotated into a folder; gives the source as `data.train` would name it."""
        ...


def grouped_objects(keyed: Iterable[tuple[int, Hashable, Annotation]]) -> tuple[TextObject, ...]:
    """The objects of records, of which those with one key are parts of one object, as readers unite them."""
    parts: list[list[tuple[int, Hashable, Annotation]]] = []
    places: dict[Hashable, int] = {}
    for number, key, one in keyed:
        mergeable = key is not None and isinstance(one.segmentation, tuple)
        if mergeable and key in places:
            parts[places[key]].append((number, key, one))
            continue
        if mergeable:
            places[key] = len(parts)
        parts.append([(number, key, one)])
    return tuple(_object_of(group) for group in parts)


def _object_of(group: Sequence[tuple[int, Hashable, Annotation]]) -> TextObject:
    (whole,) = united((key if len(group) > 1 else None, one) for _, key, one in group)
    numbers = tuple(number for number, _, _ in group)
    return TextObject(mark_of(whole, "-".join(map(str, numbers))), numbers)


def check_outline(old: ObjectMark, new: ObjectMark) -> None:
    """Refuse another place for an object whose outline cannot be edited; raises DataError."""
    if old.fixed and new.polygons is None and not new.has_shape_of(old):
        raise fixed_outline(old.name)


def is_drawn_anew(old: ObjectMark, new: ObjectMark) -> bool:
    """Whether the shape of an object is another one."""
    return not new.has_shape_of(old) or (old.fixed and new.polygons is not None)


class RecordEdits(Protocol):
    """Changes of the records of one text, in the words of its format."""

    def remove(self, records: Sequence[int]) -> None:
        """Take out the records of an object."""
        ...

    def add(self, one: ObjectMark) -> None:
        """Add the records of a new object."""
        ...

    def change(self, old: TextObject, one: ObjectMark) -> None:
        """Make the records of an object say something else; DataError if they cannot."""
        ...


def edit_objects(edits: RecordEdits, current: Sequence[TextObject], wanted: Sequence[WantedObject]) -> None:
    """Remove what is not wanted any more, then add and change what is.

    Args:
        edits: What is called for each object.
        current: The objects that the text holds.
        wanted: The objects that it shall hold.
    """
    kept = [old for old, _ in wanted if old is not None]
    for old in current:
        if old not in kept:
            edits.remove(old.records)
    for known, one in wanted:
        if known is None:
            edits.add(one)
        elif not one.is_as(known.mark) or known.mark.fixed != one.fixed:
            edits.change(known, one)


@dataclass(frozen=True, slots=True)
class ListPlaces:
    """Where the records of a JSON list stand in a text."""

    values: list[Any]
    texts: list[str]
    spans: list[tuple[int, int]]
    inside: tuple[int, int]  # between the brackets

    def style(self, ascii: bool) -> RecordStyle:
        """How the last record is written; see `style_of`."""
        return style_of(self.texts[-1], ascii) if self.texts else RecordStyle(ascii=ascii)


NO_LIST = ListPlaces([], [], [], (0, 0))


def list_in(text: str, name: str) -> ListPlaces | None:
    """The list of this name in a JSON object; None if there is none."""
    found = LocatedJson(Path(name), text)
    if name not in found.lists:
        return None
    places, member = list(found.spans[name]), found.members[name]
    spans = list(zip(places[::2], places[1::2], strict=True))
    values, texts = [one.value for one in found.lists[name]], [text[start:end] for start, end in spans]
    return ListPlaces(values, texts, spans, (member.start + 1, member.end - 1))


def edited_list(
    text: str,
    listed: ListPlaces,
    changes: Mapping[int, str | None],
    added: Sequence[str],
    alone: tuple[str, str],
) -> str:
    """A text with other records in a list of JSON.

    Args:
        text: The text.
        listed: Where the records stand.
        changes: New texts of records by place, None to take one out.
        added: Records that come last.
        alone: What stands before and behind records in a list that had none.

    Returns:
        The text; all else keeps its bytes.
    """
    start, end = listed.inside
    borders = [start, *(edge for span in listed.spans for edge in span), end]
    gaps = [text[borders[i] : borders[i + 1]] for i in range(0, len(borders), 2)]
    records = [TextRecord(one) for one in listed.texts]
    separated = SeparatedRecords(list(records), gaps, gaps[0] if not records else "")
    for place, new in changes.items():
        if new is None:
            separated.remove(records[place])
        else:
            separated.change(records[place], TextRecord(new))
    sample = SeparatedRecords([TextRecord("")], list(alone))
    for new in added:
        separated.append(TextRecord(new), sample)
    return text[:start] + "".join(separated.pieces()) + text[end:]
