"""Marked objects: from JSON to values that are checked, and back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from jumok.data.annotations.annotated import OBJECT_FLAGS, Annotation, Box, SourceLocation, pixels
from jumok.data.annotations.segmentation import Polygon, RunLengths, polygon_bounds
from jumok.data.tables.listing import composed
from jumok.errors import DataError
from jumok.files import not_text
from jumok.labelling.contract import ItemMarks
from jumok.labelling.objects.image_folder import shown_size
from jumok.labelling.refusals import (
    box_beyond,
    box_without_area,
    changed_meanwhile,
    impossible_class,
    unknown_class,
    unsupported_mark,
)
from jumok.wording import quantity

SAME_PIXELS = 1e-6  # edges that differ by less are equal
BEYOND = 0.5  # pixels beyond the edge of an image that are roundings
NOWHERE = SourceLocation("", None)


@dataclass(frozen=True, slots=True)
class ObjectMark:
    """One object as the page draws it; its box may be different from that of its outline."""

    id: str | None  # of its record in the file
    name: str  # of its class
    box: Box
    polygons: tuple[Polygon, ...] | None = None
    fixed: bool = False  # has an outline that cannot be edited
    crowd: bool = False
    difficult: bool = False
    truncated: bool = False
    occluded: bool = False

    @property
    def flags(self) -> tuple[bool, ...]:
        """Whether it is a crowd, difficult, truncated, occluded."""
        return self.crowd, self.difficult, self.truncated, self.occluded

    @property
    def flag_names(self) -> list[str]:
        """The names of those that are set."""
        return [name for name, is_set in zip(OBJECT_FLAGS, self.flags, strict=True) if is_set]

    def has_shape_of(self, other: "ObjectMark") -> bool:
        """Whether box and outline are the same; an outline that cannot be edited is the same as none."""
        return near(self.box, other.box) and same_outline(self.polygons, other.polygons)

    def is_as(self, other: "ObjectMark") -> bool:
        """Whether all is the same but the id."""
        return self.name == other.name and self.flags == other.flags and self.has_shape_of(other)

    def annotation(self) -> Annotation:
        """The object as the annotation formats have it."""
        flags = dict(zip(OBJECT_FLAGS, self.flags, strict=True))
        return Annotation(self.box, self.name, NOWHERE, segmentation=self.polygons, **flags)

    def to_json(self) -> dict[str, Any]:
        """The object as the page reads it."""
        polygons = None if self.polygons is None else [list(polygon) for polygon in self.polygons]
        flags = dict(zip(OBJECT_FLAGS, self.flags, strict=True))
        shape = {"box": list(self.box), "polygons": polygons, "fixed": self.fixed}
        return {"id": self.id, "class": self.name, **shape, **flags}


def mark_of(one: Annotation, id: str | None, fixed: bool = False) -> ObjectMark:
    """An annotation as a mark.

    Args:
        one: The annotation.
        id: The name of its record.
        fixed: Whether it has an outline that could not be read.

    Returns:
        The mark.
    """
    outline = one.segmentation
    fixed = fixed or isinstance(outline, RunLengths)
    polygons = outline if isinstance(outline, tuple) else None
    flags = {name: getattr(one, name) for name in OBJECT_FLAGS}
    return ObjectMark(id, one.name, one.box, polygons, fixed, **flags)


def objects_to_json(objects: Iterable[ObjectMark]) -> dict[str, Any]:
    """Marks of an image as the page reads them."""
    return {"objects": [one.to_json() for one in objects]}


def objects_from_json(marks: Mapping[str, Any]) -> list[ObjectMark]:
    """The objects of an image; raises DataError if one is not as expected."""
    objects = marks.get("objects")
    if not isinstance(objects, list):
        raise DataError(f"marks of objects are {marks!r:.60}, expected {{'objects': […]}}")
    return [_object(number, value) for number, value in enumerate(objects, 1)]


def check_objects(objects: Sequence[ObjectMark], known: Sequence[str], image: Path) -> None:
    """Refuse new or changed objects that would be faulty in the file.

    Args:
        objects: The objects.
        known: The names of the classes.
        image: The image.

    Raises:
        DataError: If a class is unknown, or a box has no area or lies beyond the image.
    """
    size = shown_size(image) if objects else None
    for one in objects:
        if one.name not in known:
            raise unknown_class(one.name)
        x1, y1, x2, y2 = one.box
        where = f"({x1:g}, {y1:g}, {x2:g}, {y2:g})"
        if min(x2 - x1, y2 - y1) <= 0 or max(x2 - x1, y2 - y1) <= 1:
            raise box_without_area(one.name, where)
        if size is not None and (
            min(x1, y1) < -BEYOND or x2 > size.width + BEYOND or y2 > size.height + BEYOND
        ):
            raise box_beyond(one.name, where, size)


def check_no_flags(format: str, one: ObjectMark) -> None:
    """Refuse flags where a format has no place for any; raises DataError."""
    if one.flag_names:
        raise unsupported_mark(format, one.flag_names[0], one.name)


def matched_objects(
    current: Sequence[ObjectMark],
    wanted: Sequence[ObjectMark],
    was: Callable[[int, ObjectMark], bool] = lambda place, one: False,
) -> list[int | None]:
    """Which of the current objects each wanted one is; None if it is new.

    An object that is all the same comes first, with the same id or another one (which an earlier version had), then
    one that was the same before, then the one of the id.

    Args:
        current: The objects that are there.
        wanted: The objects that shall be there.
        was: Whether a current object, by its place, was before as a wanted one is.

    Returns:
        Places in `current`.
    """
    by_id = {one.id: place for place, one in enumerate(current) if one.id is not None}
    own = [None if one.id is None else by_id.get(one.id) for one in wanted]
    found: list[int | None] = [None] * len(wanted)
    free = dict.fromkeys(range(len(current)))

    def match(fits: Callable[[int, ObjectMark], bool], only_own: bool) -> None:
        for number, one in enumerate(wanted):
            if found[number] is None:
                places = [place for place in ([own[number]] if only_own else free) if place in free]
                place = next((place for place in places if place is not None and fits(place, one)), None)
                if place is not None:
                    found[number] = place
                    del free[place]

    def is_same(place: int, one: ObjectMark) -> bool:
        return one.is_as(current[place])

    match(is_same, only_own=True)
    match(is_same, only_own=False)
    match(was, only_own=True)
    match(was, only_own=False)
    match(lambda place, one: True, only_own=True)
    return found


def check_class_name(name: str) -> str:
    """The name of a new class as it is written; raises DataError if it cannot be one."""
    plain = composed(" ".join(name.split()))
    if not plain or not_text(plain) or not plain.isprintable():
        raise impossible_class(name)
    return plain


def same_or_conflict(key: str, current: ItemMarks, wanted: Sequence[ObjectMark]) -> ItemMarks:
    """What stands there, if it is the same as what is to be written over another version.

    Args:
        key: The image.
        current: What stands there.
        wanted: What is to be written.

    Returns:
        What stands there.

    Raises:
        LabelConflict: If it is not the same.
    """
    there = objects_from_json(current.marks)
    matched = matched_objects(there, wanted)
    is_same = len(there) == len(wanted) and all(
        place is not None and one.is_as(there[place]) for one, place in zip(wanted, matched, strict=True)
    )
    if is_same and current.state != "unlabelled":
        return current
    raise changed_meanwhile(key, current)


def in_order_of(wanted: Sequence[ObjectMark], written: ItemMarks) -> ItemMarks:
    """What was written, in the order in which it was sent."""
    objects = objects_from_json(written.marks)
    same = [
        place
        for place in matched_objects([replace(one, id=None) for one in objects], wanted)
        if place is not None
    ]
    rest = [place for place in range(len(objects)) if place not in same]
    return replace(written, marks=objects_to_json(objects[place] for place in (*same, *rest)))


def near(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether coordinates are equal but for roundings."""
    return len(one) == len(other) and all(abs(x - y) <= SAME_PIXELS for x, y in zip(one, other, strict=True))


def same_outline(one: Sequence[Polygon] | None, other: Sequence[Polygon] | None) -> bool:
    """Whether two outlines have the same polygons."""
    if one is None or other is None:
        return one is other
    return len(one) == len(other) and all(map(near, one, other))


def _object(number: int, value: Any) -> ObjectMark:
    if not isinstance(value, Mapping):
        raise DataError(f"object {number} is {value!r:.60}, expected {{…}}")
    name, id, outline = value.get("class"), value.get("id"), value.get("polygons")
    if not isinstance(name, str) or not name or not_text(name):
        raise DataError(f"object {number}: its class is {name!r}, expected the name of one")
    if id is not None and not isinstance(id, str):
        raise DataError(f"object {number}: its id is {id!r}, expected a text or null")
    polygons = None
    if outline is not None:
        if not isinstance(outline, list) or not outline:
            raise DataError(
                f"object {number}: its polygons are {outline!r:.60}, expected [[x, y, …], …] or null"
            )
        polygons = tuple(_numbers(number, one, "a polygon") for one in outline)
        if any(len(one) < 6 or len(one) % 2 for one in polygons):
            raise DataError(f"object {number}: a polygon has fewer than 3 points; draw it again")
    given = polygon_bounds([x for one in polygons for x in one]) if polygons and "box" not in value else None
    box = given or _numbers(number, value.get("box"), "its box")
    if len(box) != 4:
        raise DataError(
            f"object {number}: its box has {quantity(len(box), 'number')}, expected x1, y1, x2, y2"
        )
    x1, y1, x2, y2 = box
    flags = {flag: value.get(flag) in (1, True) for flag in OBJECT_FLAGS}
    fixed = value.get("fixed") in (1, True)
    return ObjectMark(id, composed(name), (x1, y1, x2, y2), polygons, fixed, **flags)


def _numbers(number: int, value: Any, what: str) -> tuple[float, ...]:
    if not isinstance(value, list) or not all(type(one) in (int, float) and isfinite(one) for one in value):
        raise DataError(f"object {number}: {what} is {value!r:.60}, expected numbers")
    return tuple(map(pixels, value))
