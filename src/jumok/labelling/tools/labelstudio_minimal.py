"""Changes of a task in Label Studio's JSON-MIN, in which the regions of a control are a list under its name."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jumok.data.annotations.labelstudio.config import CONTROL_NAMES
from jumok.data.annotations.labelstudio.regions import GEOMETRY
from jumok.data.annotations.labelstudio.tasks import minimal_parts
from jumok.data.annotations.labelstudio.writing import region_value, type_of_region
from jumok.data.images.reading import Size
from jumok.labelling.files.record_style import style_of, with_members
from jumok.labelling.objects.annotation_text import (
    NO_LIST,
    TextObject,
    WantedObject,
    check_outline,
    edit_objects,
    edited_list,
    is_drawn_anew,
    list_in,
)
from jumok.labelling.objects.marks import ObjectMark, check_no_flags

JSON_MIN = "Label Studio's JSON-MIN"  # which would keep flags beside their region, as one without label
ALONE_REGION = ("", "")  # what stands around the only region of a list


class RegionChange:
    """A change of the regions of a task."""

    def __init__(self, text: str, size: Size, fields: Mapping[str, str]) -> None:
        """Take a task.

        Args:
            text: The task.
            size: Size of its image.
            fields: The names of lists in the file, by the type of regions that they hold.
        """
        self._text, self._size, self._fields = text, size, fields
        self._ascii = "\\u" in text
        self._task = json.loads(text)
        _, results = minimal_parts(self._task)
        self._regions = [result["value"] for result in results]
        self._places = places_in_lists([str(result["from_name"]) for result in results])
        self._changes: dict[str, dict[int, str | None]] = {}
        self._added: dict[str, list[dict[str, Any]]] = {}

    def changed(self, current: Sequence[TextObject], wanted: Sequence[WantedObject]) -> str:
        """The task with the wanted objects instead of the current ones."""
        edit_objects(self, current, wanted)
        text = self._text
        for field in dict.fromkeys((*self._changes, *self._added)):
            listed, added = list_in(text, field), self._added.get(field, [])
            if listed is None:
                text = with_members(text, {field: added}, self._ascii)
                continue
            style = listed.style(self._ascii)
            texts = [style.record(region) for region in added]
            text = edited_list(text, listed, self._changes.get(field, {}), texts, ALONE_REGION)
        return text

    def remove(self, records: Sequence[int]) -> None:
        """Take out the region of an object."""
        for number in records:
            self._set(number, None)

    def add(self, one: ObjectMark) -> None:
        """Add the region of a new object, to the list that holds such regions."""
        check_no_flags(JSON_MIN, one)
        kind = type_of_region(one.annotation())
        size = {"original_width": self._size.width, "original_height": self._size.height}
        region = {**region_value(one.annotation(), self._size), kind: [one.name], **size}
        self._added.setdefault(self._field(kind), []).append(region)

    def change(self, old: TextObject, one: ObjectMark) -> None:
        """Give the region of an object what has changed."""
        check_outline(old.mark, one)
        check_no_flags(JSON_MIN, one)
        for number in old.records:
            self._set(number, self._region(number, old.mark, one))

    def _region(self, number: int, old: ObjectMark, one: ObjectMark) -> str:
        """A region with another label, or at another place."""
        (field, place_in_list), given = self._places[number], self._regions[number]
        text = (list_in(self._text, field) or NO_LIST).texts[place_in_list]
        kind = next(name for name in given if name.endswith("labels"))
        labels = {kind: [one.name]} if one.name != old.name else {}
        place = region_value(one.annotation(), self._size) if is_drawn_anew(old, one) else {}
        if all(name in place for name in given if name in GEOMETRY) or not place:
            return with_members(text, {**place, **labels}, self._ascii)
        drawn = type_of_region(one.annotation())
        rest = {name: part for name, part in given.items() if name not in (*GEOMETRY, kind)}
        return style_of(text, self._ascii).record({**place, drawn: [one.name], **rest})

    def _set(self, number: int, text: str | None) -> None:
        field, place = self._places[number]
        self._changes.setdefault(field, {})[place] = text

    def _field(self, kind: str) -> str:
        """The list for new regions of a type: as elsewhere in the file, unless something else has its name here."""
        known = [self._fields[kind]] if kind in self._fields else []
        names = [
            *known,
            *(field for field, _ in self._places),
            *self._fields.values(),
            CONTROL_NAMES[kind],
            kind,
        ]
        free = (name for name in names if isinstance(self._task.get(name, []), list))
        return next(free, f"{kind}_regions")


def places_in_lists(fields: Sequence[str]) -> list[tuple[str, int]]:
    """The list of each region, and its place there."""
    return [(field, fields[:number].count(field)) for number, field in enumerate(fields)]


def is_minimal(task: Mapping[str, Any]) -> bool:
    """Whether a task is of JSON-MIN, and neither a whole one nor an annotation with its task in it."""
    return "data" not in task and not (isinstance(task.get("task"), dict) and "result" in task)
