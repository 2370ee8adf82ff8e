"""Shapes of annotation tools as outlines: circles, ellipses, rotated boxes, painted pixels, groups."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from math import cos, hypot, pi, radians, sin, sqrt
from typing import NamedTuple

import numpy as np

from jumok.data.annotations.annotated import Annotation, Box, pixels
from jumok.data.annotations.coco.fields import Wrong
from jumok.data.annotations.segmentation import Polygon, RunLengths, polygon_bounds
from jumok.data.images.reading import MOST_PIXELS

ROUND = 64  # corners of a polygon that stands for a circle


class Shape(NamedTuple):
    """A box, and an outline if there is one."""

    box: Box
    outline: tuple[Polygon, ...] | RunLengths | None = None


def bounding_box(points: Sequence[float]) -> Box:
    """The smallest box around the points x1, y1, x2, y2, ..., rounded as coordinates are."""
    x1, y1, x2, y2 = polygon_bounds(points)
    return pixels(x1), pixels(y1), pixels(x2), pixels(y2)


def polygon(points: Sequence[float]) -> Shape:
    """The polygon with these corners x1, y1, x2, y2, ..."""
    exact = tuple(map(pixels, points))
    return Shape(bounding_box(exact), (exact,))


def ellipse(x: float, y: float, across: float, down: float, degrees: float = 0.0) -> Shape:
    """An ellipse, rotated clockwise as seen in the image.

    Args:
        x: Centre.
        y: Centre.
        across: Horizontal radius in pixels.
        down: Vertical radius in pixels.
        degrees: Rotation.

    Returns:
        Box and outline.
    """
    turn = radians(degrees)
    angles = [2 * pi * i / ROUND for i in range(ROUND)]
    corners = [
        value
        for angle in angles
        for value in (
            x + across * cos(angle) * cos(turn) - down * sin(angle) * sin(turn),
            y + across * cos(angle) * sin(turn) + down * sin(angle) * cos(turn),
        )
    ]
    half_width = sqrt((across * cos(turn)) ** 2 + (down * sin(turn)) ** 2)
    half_height = sqrt((across * sin(turn)) ** 2 + (down * cos(turn)) ** 2)
    box = bounding_box((x - half_width, y - half_height, x + half_width, y + half_height))
    return Shape(box, (tuple(map(pixels, corners)),))


def circle(x: float, y: float, edge_x: float, edge_y: float) -> Shape:
    """A circle.

    Args:
        x: Centre.
        y: Centre.
        edge_x: A point on the circle.
        edge_y: A point on the circle.

    Returns:
        Box and outline.
    """
    radius = hypot(edge_x - x, edge_y - y)
    return ellipse(x, y, radius, radius)


def turned_box(x1: float, y1: float, x2: float, y2: float, degrees: float) -> Shape:
    """A box rotated clockwise around its centre.

    Args:
        x1: Left edge in pixels.
        y1: Upper edge.
        x2: Right edge.
        y2: Lower edge.
        degrees: Rotation.

    Returns:
        Box and outline.
    """
    turn, x, y = radians(degrees), (x1 + x2) / 2, (y1 + y2) / 2
    corners = ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
    points = [
        value
        for a, b in corners
        for value in (
            x + (a - x) * cos(turn) - (b - y) * sin(turn),
            y + (a - x) * sin(turn) + (b - y) * cos(turn),
        )
    ]
    return polygon(points)


def shape_of_pixels(part: np.ndarray, left: int, top: int, width: int, height: int) -> Shape | None:
    """The shape of painted pixels.

    Args:
        part: Painted pixels of a rectangle (Y, X).
        left: Left edge of the rectangle in the image.
        top: Its upper edge.
        width: Width of the image in pixels.
        height: Height of the image in pixels.

    Returns:
        Box and outline; None if no pixel is painted.
    """
    check_room(width, height)
    mask = np.zeros((height, width), bool)
    room = mask[max(top, 0) : top + part.shape[0], max(left, 0) : left + part.shape[1]]
    inside = part[max(-top, 0) :, max(-left, 0) :][: room.shape[0], : room.shape[1]]
    room[: inside.shape[0], : inside.shape[1]] = inside
    bounds = painted_bounds(mask)
    if bounds is None:
        return None
    x1, y1, x2, y2 = map(float, bounds)
    return Shape((x1, y1, x2, y2), run_lengths(mask))


def painted_bounds(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    """The edges x1, y1, x2, y2 of the painted pixels (Y, X); None if there are none."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def check_room(width: int, height: int) -> None:
    """Refuse images that would not fit into memory; raises Wrong."""
    if width * height > MOST_PIXELS:
        problem = f"{width} × {height} pixels are more than {MOST_PIXELS // 10**6} million"
        raise Wrong(problem, "correct the size", "bad_value")


def run_lengths(mask: np.ndarray) -> RunLengths:
    """The pixels (Y, X) of an object in COCO's run-length encoding."""
    return RunLengths(mask.shape[1], mask.shape[0], painted_runs(mask.T.ravel()))


def painted_runs(flat: np.ndarray) -> tuple[int, ...]:
    """The lengths of runs of pixels (N,), outside and inside in turn."""
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    borders = np.concatenate(([0], changes, [len(flat)]))
    runs = np.diff(borders).tolist()
    return (0, *runs) if flat[0] else tuple(runs)


def united(objects: Iterable[tuple[Hashable, Annotation]]) -> list[Annotation]:
    """Merge annotations with the same key into one object; the key None is never merged."""
    found: list[Annotation] = []
    places: dict[Hashable, int] = {}
    for key, one in objects:
        mergeable = key is not None and isinstance(one.segmentation, tuple)
        if mergeable and key in places:
            first = found[places[key]]
            whole = bounding_box((*first.box, *one.box))
            parts = (*polygons_of(first), *polygons_of(one))
            found[places[key]] = replace(first, box=whole, segmentation=parts)
            continue
        if mergeable:
            places[key] = len(found)
        found.append(one)
    return found


def polygons_of(one: Annotation) -> tuple[Polygon, ...]:
    """The polygons of an object; empty if it has none."""
    return one.segmentation if isinstance(one.segmentation, tuple) else ()
