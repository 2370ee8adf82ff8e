"""Changes of a task of Label Studio: of the results in the annotation that counts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jumok.data.annotations.labelstudio.config import CONTROL_NAMES, IMAGE_CONTROL
from jumok.data.annotations.labelstudio.regions import (
    FLAG_CHOICES,
    GEOMETRY,
    SHAPE_TYPES,
    base_type,
    labels_of,
)
from jumok.data.annotations.labelstudio.tasks import chosen_annotation
from jumok.data.annotations.labelstudio.writing import region_results, region_value, type_of_region
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
from jumok.labelling.objects.marks import ObjectMark

ALONE_RESULT = ("", "")
Controls = Mapping[str, tuple[str, str]]  # the names of the control and of the image, by type of result


def changed_task(
    text: str, current: Sequence[TextObject], wanted: Sequence[WantedObject], size: Size, controls: Controls
) -> str:
    """The text of a task with the wanted objects.

    Args:
        text: The task.
        current: Its objects.
        wanted: The objects that it shall have.
        size: Size of the image.
        controls: The names of controls by type of result.

    Returns:
        The task; all else keeps its bytes.
    """
    name = (
        "completions" if list_in(text, "completions") and not list_in(text, "annotations") else "annotations"
    )
    listed = list_in(text, name)
    if listed is None and list_in(text, "result") is not None:  # one annotation with its task in it
        return ResultChange(text, size, controls).changed(current, wanted)
    chosen = chosen_annotation(listed.values) if listed else None
    if listed is not None and chosen is not None:
        start, end = listed.spans[chosen]
        change = ResultChange(text[start:end], size, controls)
        return text[:start] + change.changed(current, wanted) + text[end:]
    empty = json.dumps({"result": [], "was_cancelled": False, "ground_truth": False})
    made = ResultChange(empty, size, controls).changed(current, wanted)
    if listed is None:
        return with_members(text, {name: [json.loads(made)]}, "\\u" in text)
    return edited_list(text, listed, {}, [made], ALONE_RESULT)


class ResultChange:
    """A change of the results of an annotation."""

    def __init__(self, text: str, size: Size, controls: Controls) -> None:
        self._text, self._size, self._controls = text, size, controls
        self._ascii = "\\u" in text
        self._listed = list_in(text, "result") or NO_LIST
        self._changes: dict[int, str | None] = {}
        self._added: list[str] = []
        self._ids = {str(one.get("id")) for one in self._listed.values if isinstance(one, dict)}

    def changed(self, current: Sequence[TextObject], wanted: Sequence[WantedObject]) -> str:
        """The annotation with the wanted objects instead of the current ones."""
        edit_objects(self, current, wanted)
        return edited_list(self._text, self._listed, self._changes, self._added, ALONE_RESULT)

    def remove(self, records: Sequence[int]) -> None:
        """Take out the results of an object."""
        self._changes.update(dict.fromkeys(records))

    def add(self, one: ObjectMark) -> None:
        """Add the results of a new object."""
        self._add(region_results(one.annotation(), self._new_id(), self._size))

    def _new_id(self) -> str:
        number = 1
        while f"r{number}" in self._ids:
            number += 1
        self._ids.add(f"r{number}")
        return f"r{number}"

    def _add(self, results: Any) -> None:
        """Add results, under the names that the project has for their controls."""
        for one in results:
            control, image = self._control(one["type"], one["from_name"])
            style = self._listed.style(self._ascii)
            self._added.append(style.record({**one, "from_name": control, "to_name": image}))

    def _control(self, kind: str, usual: str) -> tuple[str, str]:
        """The names of the control of a type of results, and of the image."""
        if usual == FLAG_CHOICES:
            return FLAG_CHOICES, next((image for _, image in self._controls.values()), IMAGE_CONTROL)
        return self._controls.get(kind) or (
            usual,
            next((i for _, i in self._controls.values()), IMAGE_CONTROL),
        )

    def change(self, old: TextObject, one: ObjectMark) -> None:
        """Give the results of an object what has changed."""
        check_outline(old.mark, one)
        for number in old.records:
            self._changes[number] = self._result(number, old.mark, one)
        if one.flags != old.mark.flags:
            self._change_flags(old, one)

    def _result(self, number: int, old: ObjectMark, one: ObjectMark) -> str:
        """A result of a region with what has changed: its label, and where it is."""
        text, given = self._listed.texts[number], dict(self._listed.values[number])
        value = given.get("value")
        kind = str(given.get("type", ""))
        if not isinstance(value, dict):
            return text
        members: dict[str, Any] = (
            {kind.lower(): [one.name]} if labels_of(given) and one.name != old.name else {}
        )
        place = region_value(one.annotation(), self._size) if is_drawn_anew(old, one) else {}
        if not place or not any(name in value for name in GEOMETRY):
            return with_members(text, {"value": members}, self._ascii) if members else text
        if all(name in place for name in value if name in GEOMETRY):
            return with_members(text, {"value": {**place, **members}}, self._ascii)
        rest = {name: part for name, part in {**value, **members}.items() if name not in GEOMETRY}
        drawn = type_of_region(one.annotation())
        if base_type(given) in SHAPE_TYPES and labels_of(given):
            control, image = self._control(drawn, CONTROL_NAMES[drawn])
            labels = rest.pop(kind.lower())
            given |= {
                "type": drawn,
                "from_name": control,
                "to_name": image,
                "value": {**place, **rest, drawn: labels},
            }
        else:
            bare = (
                base_type({"type": drawn}) if kind in SHAPE_TYPES else kind
            )  # a shape whose label is beside it
            given |= {"type": bare, "value": {**place, **rest}}
        return style_of(text, self._ascii).record(given)

    def _change_flags(self, old: TextObject, one: ObjectMark) -> None:
        """Write the flags of an object as choices of its own."""
        on, results = one.flag_names, self._listed.values
        known = [number for number in old.records if results[number].get("from_name") == FLAG_CHOICES]
        if known and on:
            before = self._changes.get(known[0]) or ""
            self._changes[known[0]] = with_members(before, {"value": {"choices": on}}, self._ascii)
        elif known:
            self._changes[known[0]] = None
        elif on:
            first = results[old.records[0]]
            key = str(first.get("id") or self._new_id())
            self._add(list(region_results(one.annotation(), key, self._size))[1:])
