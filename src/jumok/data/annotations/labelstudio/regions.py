"""Label Studio's regions: coordinates in percent of the image, as boxes and outlines in pixels."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import cos, radians, sin
from typing import Any

from jumok.data.annotations.annotated import pixels
from jumok.data.annotations.coco.fields import Wrong, is_finite_number
from jumok.data.annotations.labelstudio.brush_rle import brush_pixels
from jumok.data.annotations.shapes import Shape, ellipse, polygon, shape_of_pixels
from jumok.data.images.reading import Size
from jumok.data.tables.listing import composed
from jumok.wording import quantity

SHAPE_TYPES = ("rectangle", "polygon", "ellipse", "brush")
GEOMETRY = (
    *("x", "y", "width", "height", "rotation", "points", "closed", "radiusX", "radiusY", "format", "rle"),
)  # members of a value that say where a region is
FLAG_CHOICES = "flags"  # the name of choices for an object that hold crowd, difficult, truncated, occluded
ANSWERS = ("choices", "textarea", "number", "rating", "datetime")  # about the whole image: read as texts
WHOLE = 100.0  # percent
PERCENT_BEYOND = 1.0  # percent outside of the image that are no mistake of the unit


@dataclass
class Region:
    """A drawn shape with the results that belong to it."""

    shape: Mapping[str, Any]
    kind: str  # one of SHAPE_TYPES
    labels: list[str]
    others: list[Mapping[str, Any]] = field(default_factory=list)  # choices, texts and more of this object
    results: list[Mapping[str, Any]] = field(default_factory=list)  # all that have its id


def base_type(result: Mapping[str, Any]) -> str:
    """The shape of a result's type: rectangle of rectanglelabels; other types as they are."""
    kind = str(result.get("type", "")).lower()
    return kind.removesuffix("labels") or kind


def regions_in(results: Iterable[Mapping[str, Any]]) -> tuple[list[Region], list[Mapping[str, Any]]]:
    """The regions of an annotation, and the results that are of no region."""
    together: dict[Any, list[Mapping[str, Any]]] = {}
    for number, one in enumerate(results):
        key = one.get("id")
        together.setdefault(key if isinstance(key, str) and key else number, []).append(one)
    regions: list[Region] = []
    rest: list[Mapping[str, Any]] = []
    for group in together.values():
        shapes = [one for one in group if base_type(one) in SHAPE_TYPES]
        if not shapes:
            rest.extend(group)
            continue
        labelled = next((one for one in shapes if labels_of(one)), shapes[0])
        others = [one for one in group if one not in shapes]
        beside = [name for one in others for name in labels_of(one)]
        others = [one for one in others if not labels_of(one)]
        regions.append(Region(labelled, base_type(labelled), labels_of(labelled) or beside, others, group))
    return regions, rest


def labels_of(result: Mapping[str, Any]) -> list[str]:
    """The labels of a result, of a shape or beside one."""
    kind = str(result.get("type", "")).lower()
    value = result.get("value")
    found = value.get(kind) if isinstance(value, dict) and kind.endswith("labels") else None
    return [composed(one).strip() for one in found if isinstance(one, str)] if isinstance(found, list) else []


def one_label(region: Region) -> str:
    """The label of a region; raises Wrong unless it has exactly one."""
    if not region.labels or not region.labels[0]:
        raise Wrong("has no label", "give it one", "bad_value")
    if len(region.labels) > 1:
        problem = f"has {quantity(len(region.labels), 'label')} ({', '.join(region.labels)}), expected one"
        raise Wrong(problem, "draw the object once for each label, or leave one", "bad_value")
    return region.labels[0]


def region_shape(region: Region, size: Size) -> Shape:
    """The shape of a region in pixels.

    Args:
        region: The region.
        size: Size of the image.

    Returns:
        Box and outline.

    Raises:
        Wrong: If the region is damaged, or was drawn on a rotated image.
    """
    if region.shape.get("image_rotation") not in (None, 0):
        problem = f"was drawn while the image was rotated by {region.shape['image_rotation']}°"
        raise Wrong(problem, "turn the image back in Label Studio and draw it again", "bad_value")
    if region.shape.get("item_index") not in (None, 0):
        raise Wrong("is on another image of its task", "divide it into a task for each image", "bad_value")
    value = region.shape.get("value")
    if not isinstance(value, dict):
        raise Wrong(f"its value is {value!r:.40}, expected {{…}}", "export it again", "bad_value")
    if region.kind == "polygon":
        return polygon(polygon_points(value.get("points"), size))
    if region.kind == "brush":
        return brush_shape(value, size)
    x, y = percents(value, "x", "y")
    degrees = value.get("rotation") or 0.0
    if not is_finite_number(degrees):
        raise Wrong(f"rotation is {degrees!r:.40}, expected a number", "draw it again", "bad_value")
    if region.kind == "ellipse":
        across, down = percents(value, "radiusX", "radiusY")
        radii = across * size.width / WHOLE, down * size.height / WHOLE
        return ellipse(x * size.width / WHOLE, y * size.height / WHOLE, *radii, degrees)
    width, height = percents(value, "width", "height")
    if degrees % 360:
        return rotated_rectangle((x, y, width, height), degrees, size)
    edges = (x * size.width, y * size.height, (x + width) * size.width, (y + height) * size.height)
    x1, y1, x2, y2 = (pixels(edge / WHOLE) for edge in edges)
    return Shape((x1, y1, x2, y2))


def is_rotated(region: Region) -> bool:
    """Whether a region is a box that does not stand upright."""
    value = region.shape.get("value")
    degrees = value.get("rotation") if isinstance(value, dict) else None
    return region.kind == "rectangle" and is_finite_number(degrees) and (degrees or 0) % 360 != 0


def percents(value: Mapping[str, Any], *names: str) -> list[float]:
    """The numbers in these fields; raises Wrong if one is no percentage."""
    for name in names:
        check_percent(name, value.get(name))
    return [float(value[name]) for name in names]


def check_percent(name: str, number: Any) -> None:
    """Refuse what is no number, and numbers in pixels; raises Wrong."""
    if not is_finite_number(number):
        said = "missing" if number is None else repr(number)
        raise Wrong(f"{name} is {said:.40}, expected a number", "draw it again", "bad_value")
    if not -WHOLE <= number <= WHOLE + PERCENT_BEYOND:
        problem = f"{name} is {number:g}, expected percent of the image, 0 to 100"
        raise Wrong(problem, "divide pixels by the size of the image", "bad_value")


def polygon_points(points: Any, size: Size) -> list[float]:
    """The corners x1, y1, x2, y2, ... of a polygon in pixels."""
    if not isinstance(points, list) or not all(isinstance(one, list) and len(one) == 2 for one in points):
        raise Wrong(f"points are {points!r:.60}, expected [[x, y], …]", "draw it again", "bad_value")
    if len(points) < 3:
        raise Wrong(
            f"a polygon of {quantity(len(points), 'point')}, expected 3", "draw it again", "bad_value"
        )
    for x, y in points:
        check_percent("x of a point", x)
        check_percent("y of a point", y)
    return [value for x, y in points for value in (x * size.width / WHOLE, y * size.height / WHOLE)]


def brush_shape(value: Mapping[str, Any], size: Size) -> Shape:
    """The painted pixels of a brush."""
    rle = value.get("rle")
    if not isinstance(rle, list) or not all(type(one) is int and 0 <= one < 256 for one in rle):
        raise Wrong("its rle is no list of bytes", "export it again, as JSON", "bad_value")
    shape = shape_of_pixels(brush_pixels(rle, size.width, size.height), 0, 0, size.width, size.height)
    if shape is None:
        raise Wrong("has no pixel in the image", "draw it again", "bad_value")
    return shape


def rotated_rectangle(box: tuple[float, float, float, float], degrees: float, size: Size) -> Shape:
    """The outline of a box rotated clockwise around its upper left corner.

    Args:
        box: Left, top, width and height in percent.
        degrees: Rotation.
        size: Size of the image.

    Returns:
        Box and outline.
    """
    x, y = box[0] * size.width / WHOLE, box[1] * size.height / WHOLE
    width, height = box[2] * size.width / WHOLE, box[3] * size.height / WHOLE
    turn = radians(degrees)
    across = (width * cos(turn), width * sin(turn))
    down = (-height * sin(turn), height * cos(turn))
    corners = ((0, 0), (1, 0), (1, 1), (0, 1))
    return polygon(
        [
            value
            for a, b in corners
            for value in (x + a * across[0] + b * down[0], y + a * across[1] + b * down[1])
        ]
    )


def answer_as_text(result: Mapping[str, Any]) -> str | None:
    """An answer about the whole image as a text; None if it is none.

    One choice is its name, several are a JSON list; lines of texts stay lines.
    """
    value, kind = result.get("value"), str(result.get("type", ""))
    if kind not in ANSWERS or not isinstance(value, dict):
        return None
    return text_of_answer(value.get("text" if kind == "textarea" else kind), joined=kind == "textarea")


def text_of_answer(given: Any, joined: bool = False) -> str | None:
    """A value as a text; None where it is neither text, number nor a list of texts.

    Args:
        given: The value.
        joined: Whether a list is the lines of one text.

    Returns:
        The text, or None.
    """
    if isinstance(given, list) and given and all(isinstance(one, str) for one in given):
        return texts_as_one(given, joined)
    if isinstance(given, str):
        return given
    return str(given) if is_finite_number(given) else None


def texts_as_one(given: Sequence[str], joined: bool) -> str:
    """One text of several: their lines, or a JSON list."""
    if len(given) == 1:
        return given[0]
    return "\n".join(given) if joined else json.dumps(list(given), ensure_ascii=False)
