"""Reads and checks the fields of COCO records."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from jumok.classes import Class
from jumok.data.annotations.annotated import (
    FLAGS,
    AnnotatedImage,
    Box,
    SourceLocation,
    header_size,
    parse_finite,
    pixels,
)
from jumok.data.annotations.segmentation import RunLengths, Segmentation
from jumok.data.images.reading import Size
from jumok.data.tables.faults import Fault
from jumok.data.tables.listing import composed
from jumok.wording import quantity

Id = int | str
IMAGE_KEYS = {"id", "file_name", "width", "height"}
OBJECT_KEYS = {
    *("id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", "attributes"),
}


class Wrong(Exception):
    """A faulty record; becomes a fault with its line."""

    def __init__(self, problem: str, remedy: str, kind: str) -> None:
        super().__init__(problem)
        self.remedy = remedy
        self.kind = kind


def record_fault(place: SourceLocation, what: str, wrong: Wrong | OverflowError) -> Fault:
    """The fault of a record that cannot be read.

    Args:
        place: File and line.
        what: What the record is, for the sentence.
        wrong: What is wrong with it.

    Returns:
        The fault.
    """
    if isinstance(wrong, Wrong):
        return place.fault(f"{what}: {wrong}", wrong.remedy, wrong.kind)
    return place.fault(f"{what}: holds a number that is too large", "correct it", "bad_value")


def is_finite_number(value: Any) -> bool:
    """Whether a JSON value is a finite number; booleans are not."""
    return type(value) in (int, float) and isfinite(value)


def are_numbers(values: list[Any]) -> bool:
    """Whether all values are numbers; fast, because outlines are most of a file."""
    return {int, float}.issuperset(map(type, values)) and all(map(isfinite, values))


def text_of(value: dict[str, Any], key: str) -> str:
    """A text field; raises Wrong if it is empty or not valid Unicode."""
    text = value.get(key)
    if text is None or text == "":
        raise Wrong(f"has no {key}", "give it one", "bad_value")
    if not isinstance(text, str):
        raise Wrong(f"{key} is {text!r}, expected a text", "put it into quotes", "bad_value")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Wrong(f"{key} holds half a character", "write it whole", "lone_surrogate") from None
    return text


def id_of(value: dict[str, Any], key: str) -> Id:
    """An id, a number or a text; raises Wrong."""
    if key not in value:
        raise Wrong(f"has no {key}", "add it", "bad_value")
    number = value[key]
    if isinstance(number, float) and number.is_integer():  # as pandas writes columns with gaps
        return int(number)
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise Wrong(f"{key} is {number!r}, expected a whole number", "write one", "bad_value")
    return number


def category_class(value: dict[str, Any], place: SourceLocation) -> Class:
    """The class of a category record."""
    group = value.get("supercategory")
    number = id_of(value, "id")
    if isinstance(number, str) and not number.isdecimal():
        raise Wrong(f"the id {number!r} is no number", "number the categories", "bad_value")
    return Class(
        composed(text_of(value, "name")), int(number), text_of(value, "supercategory") if group else None
    )


def record_size(value: dict[str, Any], across: str = "width", down: str = "height") -> Size | None:
    """The stated size of an image, by the names of its sides; None if there is none.

    Args:
        value: The record of the image.
        across: Name of the width.
        down: Name of the height.

    Returns:
        The size in pixels, or None.

    Raises:
        Wrong: A side is no positive integer.
    """
    width: Any = value.get(across)
    height: Any = value.get(down)
    if width is None or height is None:
        return None
    width, height = (
        int(side) if isinstance(side, str) and side.isdecimal() else side for side in (width, height)
    )
    return checked_size(width, height, f"its size is {width!r} × {height!r}")


def checked_size(width: Any, height: Any, said: str) -> Size:
    """The size of these sides; raises Wrong, with what is `said`, unless both are whole numbers above 0."""
    if not all(is_finite_number(side) and side > 0 and side == int(side) for side in (width, height)):
        raise Wrong(f"{said}, expected whole numbers", "write them", "bad_value")
    return Size(int(width), int(height))


def size_in_words(texts: Sequence[str | None], what: str = "its size") -> Size:
    """The size that two texts say; raises Wrong."""
    width, height = map(parse_finite, texts)
    return checked_size(width, height, f"{what} is {texts[0]} × {texts[1]}")


def box_from_xywh(value: Any) -> Box:
    """A box from left, top, width and height."""
    if not isinstance(value, list) or len(value) != 4 or not all(map(is_finite_number, value)):
        raise Wrong(
            f"bbox is {value!r:.60}, expected [left, top, width, height]", "write four numbers", "bad_value"
        )
    left, top, width, height = value
    return pixels(left), pixels(top), pixels(left + width), pixels(top + height)


def attributes_of(value: Any) -> dict[str, bool]:
    """The flags in the attributes of an annotation."""
    given = value if isinstance(value, dict) else {}
    return {name: given.get(name) in (1, True) for name in FLAGS}


def parse_segmentation(value: Any) -> Segmentation | None:
    """Polygons or run lengths; None if there is no outline."""
    if not value:
        return None
    if isinstance(value, dict):
        return run_lengths_of(value)
    wanted = "expected polygons [[x1, y1, x2, y2, x3, y3, …], …] or run lengths {size, counts}"
    if isinstance(value, list) and are_numbers(value):  # one polygon without the brackets around it
        value = [value]
    if not isinstance(value, list) or not all(isinstance(part, list) for part in value):
        raise Wrong(f"segmentation is {value!r:.60}, {wanted}", "write them", "bad_value")
    return tuple(polygon_of(part) for part in value)


def polygon_of(part: list[Any]) -> tuple[float, ...]:
    """The numbers of one polygon."""
    if part and all(isinstance(point, list) and len(point) == 2 for point in part):
        part = [number for point in part for number in point]
    if not are_numbers(part):
        strange = next(one for one in part if not is_finite_number(one))
        problem = f"a polygon holds {strange!r:.60}, expected numbers x1, y1, x2, y2, …"
        raise Wrong(problem, "write a number", "bad_value")
    if len(part) < 6 or len(part) % 2:
        problem = f"a polygon of {quantity(len(part), 'number')}, expected an even count, 6 at least"
        raise Wrong(problem, "fix or remove it", "bad_value")
    return tuple(map(float, part))


def run_lengths_of(value: dict[str, Any]) -> RunLengths:
    """The run lengths of a JSON object; raises Wrong if they are not valid."""
    size, counts = value.get("size"), value.get("counts")
    wrong = Wrong("run lengths do not fill their size", "write the segmentation again", "bad_value")
    if isinstance(size, list):
        size = [int(side) if isinstance(side, float) and side.is_integer() else side for side in size]
    if not isinstance(size, list) or len(size) != 2 or not all(type(side) is int for side in size):
        raise Wrong(f"run lengths of the size {size!r}, expected [height, width]", "write it", "bad_value")
    if not isinstance(counts, str | list) or not all(type(one) in (str, int) for one in counts):
        raise wrong
    if min(size) <= 0 or (isinstance(counts, list) and not all(type(one) is int for one in counts)):
        raise wrong
    found = RunLengths(size[1], size[0], counts if isinstance(counts, str) else tuple(counts))
    try:
        runs = found.runs
    except (IndexError, ValueError, OverflowError):  # a text that nobody wrote as run lengths
        raise wrong from None
    if sum(runs) != size[0] * size[1] or (runs and min(runs) < 0):
        raise wrong
    return found


def duplicate_id_fault(place: SourceLocation, what: str, number: int | str, line: int | None) -> Fault:
    """The fault of an id that occurs twice.

    Args:
        place: Where it occurs again.
        what: What has the id, for the sentence.
        number: The id.
        line: Where it occurs first.

    Returns:
        The fault.
    """
    problem = f"{what}: the id {number!r} is already in line {line}"
    return place.fault(problem, "give each its own id", "duplicate_id")


def check_size(outline: RunLengths, image: AnnotatedImage) -> None:
    """Refuse run lengths whose size differs from the image; raises Wrong."""
    size = Size(outline.width, outline.height)
    known = image.size or header_size(image.path)
    if not isinstance(known, Size) or size == known:
        return
    turned = "; the size is [height, width]" if size == Size(known.height, known.width) else ""
    problem = f"run lengths of the size {size}, but the image is {known}{turned}"
    raise Wrong(problem, "write the segmentation again", "bad_value")
