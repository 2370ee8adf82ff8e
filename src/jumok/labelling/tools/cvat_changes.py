"""Changes of an image's element in CVAT's XML."""

import re
from collections.abc import Sequence

from jumok.data.annotations.cvat.writing import CVAT_FLAGS, CvatShape, cvat_shapes, shape_element
from jumok.data.annotations.documents.located_xml import Element
from jumok.labelling.files.xml_editing import element_span, with_attributes, with_child
from jumok.labelling.objects.annotation_text import (
    TextObject,
    WantedObject,
    check_outline,
    edit_objects,
    is_drawn_anew,
)
from jumok.labelling.objects.marks import ObjectMark

PLACE_ATTRIBUTES = (
    *("xtl", "ytl", "xbr", "ybr", "points", "cx", "cy", "rx", "ry", "rotation"),
    *("rle", "left", "top", "width", "height"),
)  # attributes that say where a shape is
SHAPE_INDENT, FLAG_INDENT = "    ", "      "


class ElementChange:
    """A change of the shapes of an image."""

    def __init__(self, text: str, element: Element) -> None:
        self._data, self._element = text.encode(), element
        self._texts: dict[int, str | None] = {}
        self._added: list[str] = []
        groups = [child.attributes.get("group_id", "") for child in element.children]
        self._group = max((int(one) for one in groups if one.isdecimal()), default=0)

    def changed(self, current: Sequence[TextObject], wanted: Sequence[WantedObject]) -> str:
        """The element with the wanted objects instead of the current ones."""
        edit_objects(self, current, wanted)
        return self._joined()

    def remove(self, records: Sequence[int]) -> None:
        """Take out the elements of an object."""
        self._texts.update(dict.fromkeys(records))

    def add(self, one: ObjectMark) -> None:
        """Add the elements of a new object."""
        self._added += self._new(one, list(cvat_shapes(one.annotation(), self._new_group(one))))

    def _new_group(self, one: ObjectMark) -> int:
        several = len(one.polygons or ()) > 1
        self._group += several
        return self._group if several else 0

    def _new(self, one: ObjectMark, shapes: Sequence[CvatShape]) -> list[str]:
        flags = [flag for flag in CVAT_FLAGS if getattr(one, flag)]
        return [shape_element(shape, one.annotation(), flags).strip() for shape in shapes]

    def change(self, old: TextObject, one: ObjectMark) -> None:
        """Give the elements of an object what has changed."""
        check_outline(old.mark, one)
        shapes: list[CvatShape] = []
        if is_drawn_anew(old.mark, one):
            given = self._element.children[old.records[0]].attributes.get("group_id", "")
            known = int(given) if given.isdecimal() else 0
            shapes = list(cvat_shapes(one.annotation(), known or self._new_group(one)))
            self._added += self._new(one, shapes[len(old.records) :])
        for place, number in enumerate(old.records):
            shape = shapes[place] if place < len(shapes) else None
            gone = bool(shapes) and shape is None
            self._texts[number] = None if gone else self._shape(number, old.mark, one, shape)

    def _shape(self, number: int, old: ObjectMark, one: ObjectMark, shape: CvatShape | None) -> str:
        """The element of a shape with what has changed."""
        element = self._element.children[number]
        start, end = element_span(self._data, element)
        text = self._data[start:end].decode()
        changes: dict[str, str | None] = {"label": one.name} if one.name != old.name else {}
        if one.occluded != old.occluded:
            changes["occluded"] = f"{int(one.occluded)}"
        if shape is not None:
            changes |= {name: None for name in PLACE_ATTRIBUTES if name in element.attributes}
            changes |= shape.place
            changes |= {"group_id": f"{shape.group}"} if shape.group else {}
        text = with_attributes(text, changes, shape.tag if shape is not None else None)
        for flag in CVAT_FLAGS:
            if getattr(one, flag) != getattr(old, flag):
                text = with_flag(text, flag, getattr(one, flag))
        return text

    def _joined(self) -> str:
        """The bytes of the element with the changed children, and the new ones at its end."""
        pieces: list[bytes] = []
        done = 0
        for number, child in enumerate(self._element.children):
            start, end = element_span(self._data, child)
            if number in self._texts:
                new = self._texts[number]
                before = self._data[done:start]
                pieces += [before.rstrip()] if new is None else [before, new.encode()]
                done = end
        text = b"".join((*pieces, self._data[done:])).decode()
        for new in self._added:
            text = with_child(text, new, SHAPE_INDENT)
        return text


def with_flag(text: str, flag: str, state: bool) -> str:
    """The element of a shape with a flag on or off, as an attribute of CVAT."""
    said = str(state).lower()
    known = re.compile(rf"""(<attribute\s+name=["']{flag}["']\s*>)[^<]*(</attribute\s*>)""")
    if known.search(text):
        return known.sub(rf"\g<1>{said}\g<2>", text)
    return with_child(text, f'<attribute name="{flag}">{said}</attribute>', FLAG_INDENT)
