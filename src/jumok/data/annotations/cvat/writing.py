"""Writes CVAT's own XML ("CVAT for images 1.1")."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from jumok.data.annotations.annotated import (
    OBJECT_FLAGS,
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    plain_number,
)
from jumok.data.annotations.palette import PALETTE
from jumok.data.annotations.segmentation import RunLengths, covered
from jumok.data.annotations.shapes import painted_bounds, painted_runs, polygons_of

CVAT_FLAGS = tuple(
    flag for flag in OBJECT_FLAGS if flag != "occluded"
)  # as attributes; that one is CVAT's own
BOX_EDGES = ("xtl", "ytl", "xbr", "ybr")


def write_cvat(splits: Mapping[str, AnnotatedSet], folder: Path, unnamed: str) -> None:
    """Write annotations.xml, in which splits are subsets.

    Args:
        splits: The sets by name.
        folder: The folder of the data set.
        unnamed: The split that is no subset.
    """
    (folder / "annotations.xml").write_text(cvat_text(splits, unnamed), encoding="utf-8")


def cvat_text(splits: Mapping[str, AnnotatedSet], unnamed: str = "") -> str:
    """The XML of a data set; the split that is called `unnamed` is no subset."""
    names = next(iter(splits.values())).names
    images = [(split, image) for split, data in splits.items() for image in data.images]
    objects = [one for _, image in images for one in image.annotations]
    flags = [flag for flag in CVAT_FLAGS if any(getattr(one, flag) for one in objects)]
    numbers, groups = count(), count(1)
    body = "".join(
        image_element(image, next(numbers), "" if split == unnamed else split, flags, groups)
        for split, image in images
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
        f"{meta_element(names, flags, len(images))}{body}</annotations>\n"
    )


def meta_element(names: Iterable[str], flags: Iterable[str], size: int) -> str:
    """What CVAT says of a task, as far as it is known: its labels.

    Args:
        names: The names of the classes, in their order.
        flags: The flags that are attributes.
        size: The number of images.

    Returns:
        The element.
    """
    attributes = "".join(
        f"            <attribute>\n              <name>{flag}</name>\n              <mutable>False</mutable>\n"
        "              <input_type>checkbox</input_type>\n              <default_value>false</default_value>\n"
        "              <values>false</values>\n            </attribute>\n"
        for flag in flags
    )
    labels = "".join(
        f"        <label>\n          <name>{escape(name)}</name>\n"
        f"          <color>#{bytes(PALETTE[number % len(PALETTE)]).hex()}</color>\n          <type>any</type>\n"
        f"          <attributes>\n{attributes}          </attributes>\n        </label>\n"
        for number, name in enumerate(names)
    )
    return (
        f"  <meta>\n    <task>\n      <size>{size}</size>\n      <mode>annotation</mode>\n"
        f"      <labels>\n{labels}      </labels>\n    </task>\n  </meta>\n"
    )


def image_element(
    image: AnnotatedImage, number: int, subset: str, flags: Iterable[str], groups: Iterator[int]
) -> str:
    """An image with its shapes.

    Args:
        image: The image.
        number: Its number in the file, from 0 on.
        subset: Its subset; empty for none.
        flags: The flags that are attributes.
        groups: Numbers for objects of several parts.

    Returns:
        The element.
    """
    size = image.known_size()
    named = f'<image id="{number}" name={quoteattr(image.name)}' + (
        f" subset={quoteattr(subset)}" if subset else ""
    )
    shapes = "".join(
        shape_element(shape, one, flags)
        for one in image.annotations
        for shape in cvat_shapes(one, next(groups) if len(polygons_of(one)) > 1 else 0)
    )
    return f'  {named} width="{size.width}" height="{size.height}">\n{shapes}  </image>\n'


class CvatShape(NamedTuple):
    """The tag and the attributes that say where a shape is."""

    tag: str
    place: Mapping[str, str]
    group: int = 0


def cvat_shapes(one: Annotation, group: int) -> Iterator[CvatShape]:
    """The shapes of an object: a mask, its polygons, or its box.

    Args:
        one: The object.
        group: The number of its group, if it has several parts.

    Yields:
        The shapes.
    """
    parts = polygons_of(one)
    for part in parts:
        points = ";".join(
            f"{plain_number(x)},{plain_number(y)}" for x, y in zip(part[::2], part[1::2], strict=True)
        )
        yield CvatShape("polygon", {"points": points}, group)
    if not parts:
        mask = mask_place(one.segmentation) if isinstance(one.segmentation, RunLengths) else None
        box = dict(zip(BOX_EDGES, map(plain_number, one.box), strict=True))
        yield CvatShape("box", box) if mask is None else CvatShape("mask", mask)


def mask_place(runs: RunLengths) -> dict[str, str] | None:
    """A painted mask: runs outside and inside in turn, row by row, in the rectangle that holds it."""
    mask = covered(runs, runs.width, runs.height)
    bounds = painted_bounds(mask)
    if bounds is None:
        return None
    left, top, right, bottom = bounds
    rle = ", ".join(map(str, painted_runs(mask[top:bottom, left:right].ravel())))
    return {
        "rle": rle,
        "left": f"{left}",
        "top": f"{top}",
        "width": f"{right - left}",
        "height": f"{bottom - top}",
    }


def shape_element(shape: CvatShape, one: Annotation, flags: Iterable[str]) -> str:
    """A shape as CVAT writes it.

    Args:
        shape: The shape.
        one: Its object.
        flags: The flags that are attributes.

    Returns:
        The element.
    """
    given = {
        "label": one.name,
        "source": "manual",
        "occluded": f"{int(one.occluded)}",
        **shape.place,
        "z_order": "0",
    }
    given |= {"group_id": f"{shape.group}"} if shape.group else {}
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in given.items())
    marked = "".join(
        f'      <attribute name="{flag}">{str(getattr(one, flag)).lower()}</attribute>\n' for flag in flags
    )
    return f"    <{shape.tag} {written}>\n{marked}    </{shape.tag}>\n"
