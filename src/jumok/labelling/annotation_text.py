"""Texts that hold the annotations of one image each: what they say, and how records in them go, come and change."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jumok.data.annotations.annotated import Annotation
from jumok.data.annotations.shapes import united
from jumok.labelling.object_marks import ObjectMark, mark_of
from jumok.labelling.record_list import SeparatedRecords, TextRecord
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


def edited_list(
    text: str,
    spans: Sequence[tuple[int, int]],
    inside: tuple[int, int],
    changes: Mapping[int, str | None],
    added: Sequence[str],
    alone: tuple[str, str],
) -> str:
    """A text with other records in a list of JSON.

    Args:
        text: The text.
        spans: Where each record begins and ends.
        inside: Where the list begins behind its bracket, and ends before the other.
        changes: New texts of records by place, None to take one out.
        added: Records that come last.
        alone: What stands before and behind records in a list that had none.

    Returns:
        The text; all else keeps its bytes.
    """
    borders = [inside[0], *(edge for span in spans for edge in span), inside[1]]
    gaps = [text[borders[i] : borders[i + 1]] for i in range(0, len(borders), 2)]
    records = [TextRecord(text[start:end]) for start, end in spans]
    listed = SeparatedRecords(list(records), gaps, gaps[0] if not records else "")
    for place, new in changes.items():
        if new is None:
            listed.remove(records[place])
        else:
            listed.change(records[place], TextRecord(new))
    sample = SeparatedRecords([TextRecord("")], list(alone))
    for new in added:
        listed.append(TextRecord(new), sample)
    return text[: inside[0]] + "".join(listed.pieces()) + text[inside[1] :]
