"""The columns of a table of boxes: recognized by name, or by content if they have no names."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jumok.data.annotations.annotated import parse_finite

# Names that tools give to columns, without capitals, blanks and signs.
COLUMN_NAMES = {
    "image": (
        *("filename", "imagepath", "imagename", "image", "imagefile", "filepath", "path", "file", "img"),
        *("imagefilename", "fname", "imgpath", "imgname", "imageid"),
    ),
    "name": ("class", "label", "classname", "category", "labelname", "categoryname", "name", "classlabel"),
    "left": ("xmin", "x1", "left", "bboxx1", "xtl", "boxleft", "bboxxmin", "bboxleft"),
    "top": ("ymin", "y1", "top", "bboxy1", "ytl", "boxtop", "bboxymin", "bboxtop"),
    "right": ("xmax", "x2", "right", "bboxx2", "xbr", "boxright", "bboxxmax", "bboxright"),
    "bottom": ("ymax", "y2", "bottom", "bboxy2", "ybr", "boxbottom", "bboxymax", "bboxbottom"),
    "x": ("bboxx", "x", "boxx"),
    "y": ("bboxy", "y", "boxy"),
    "across": ("bboxwidth", "boxwidth", "bboxw", "w"),
    "down": ("bboxheight", "boxheight", "bboxh", "h"),
    "width": ("imagewidth", "imgwidth", "imgw", "width"),
    "height": ("imageheight", "imgheight", "imgh", "height"),
    "box": ("bbox", "box", "boundingbox"),
}
CORNERS, SIDES = ("left", "top", "right", "bottom"), ("x", "y", "across", "down")
KERAS = ("image", *CORNERS, "name")  # without names: as keras-retinanet has it
MAKESENSE = ("name", *SIDES, "image", "width", "height")  # and as makesense.ai has it


class Columns(NamedTuple):
    """The index of each column."""

    places: dict[str, int]
    header: bool  # whether the first row names the columns

    @property
    def edges(self) -> tuple[str, ...]:
        """How boxes are given: as corners, as a corner and sides, or in one cell."""
        return next(way for way in (CORNERS, SIDES, ("box",)) if set(way) <= self.places.keys())


def columns_of(first: Sequence[str]) -> Columns | str:
    """The columns according to the first row, or which one is missing."""
    for layout in (KERAS, MAKESENSE):
        if fits(first, layout):
            return Columns({what: place for place, what in enumerate(layout)}, header=False)
    places = box_places(first)
    return places if isinstance(places, str) else Columns(places, header=True)


def numbered_columns(numbers: Mapping[str, int]) -> Columns | str:
    """The columns according to their numbers from 1, or which one is missing."""
    places = box_places(list(numbers))
    if isinstance(places, str):
        return places
    return Columns({what: list(numbers.values())[place] - 1 for what, place in places.items()}, header=False)


def box_places(names: Sequence[str]) -> dict[str, int] | str:
    """The columns that hold boxes, or which one is missing."""
    places = named_places(names)
    if "image" not in places:
        return "has no column of image files"
    # width and height are the box's where x and y are there and no other sides of it
    if {"x", "y", "width", "height"} <= places.keys() and not {"across", "down"} & places.keys():
        places["across"], places["down"] = places.pop("width"), places.pop("height")
    if not any(set(way) <= places.keys() for way in (CORNERS, SIDES, ("box",))):
        return "has no columns of boxes"
    return places


def named_places(first: Sequence[str]) -> dict[str, int]:
    """The meaning of each named column; of several with one meaning, the first in the list above."""
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in first]
    found: dict[str, int] = {}
    for what, names in COLUMN_NAMES.items():
        place = next((plain.index(name) for name in names if name in plain), None)
        if place is not None and place not in found.values():
            found[what] = place
    return found


def fits(row: Sequence[str], layout: Sequence[str]) -> bool:
    """Whether a row without names has this layout: numbers, an image and a class in their places."""
    if len(row) != len(layout):
        return False
    cells = dict(zip(layout, row, strict=True))
    numbers = [cells[what] for what in layout if what not in ("image", "name")]
    empty = not any(numbers) and not cells["name"]
    return "." in cells["image"] and (empty or all(parse_finite(number) is not None for number in numbers))
