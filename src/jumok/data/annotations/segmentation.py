"""Outlines of objects: polygons and COCO's run lengths, and the pixels they cover."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

Polygon = tuple[float, ...]  # x1, y1, x2, y2, ... in pixels
BITS, MORE, SIGN, FIRST_CODE = 5, 0x20, 0x10, 48  # COCO's text form: 5 bits a character, from "0" on


@dataclass(frozen=True, slots=True)
class RunLengths:
    """A binary mask in COCO's run-length encoding: column by column, runs outside and inside in turn."""

    width: int
    height: int
    counts: str | tuple[int, ...]  # COCO's text form, or the numbers

    @property
    def runs(self) -> list[int]:
        """The lengths of the runs in pixels, decoded if necessary."""
        return runs_of_text(self.counts) if isinstance(self.counts, str) else list(self.counts)


Segmentation = tuple[Polygon, ...] | RunLengths  # several polygons are parts of one object


def runs_of_text(text: str) -> list[int]:
    """Decode COCO's compressed run lengths, in which each but the first three is a difference to the last but one."""
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - FIRST_CODE
        value |= (bits & 0x1F) << shift
        shift += BITS
        if bits & MORE:
            continue
        if bits & SIGN:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    return runs


def covered(segmentation: Segmentation, width: int, height: int) -> np.ndarray:
    """Rasterize an outline: a pixel belongs to a polygon that contains its centre.

    Args:
        segmentation: The outline.
        width: Width of the image in pixels.
        height: Height of the image in pixels.

    Returns:
        True (Y, X) for pixels of the object.
    """
    if isinstance(segmentation, RunLengths):
        runs = segmentation.runs
        inside = np.arange(len(runs)) % 2 == 1
        return np.repeat(inside, runs).reshape(segmentation.width, segmentation.height).T
    mask = np.zeros((height, width), bool)
    for polygon in segmentation:
        mask |= fill_polygon(polygon, width, height)
    return mask


def fill_polygon(polygon: Polygon, width: int, height: int) -> np.ndarray:
    """Rasterize a polygon by the even-odd rule.

    Args:
        polygon: The polygon.
        width: Width of the image in pixels.
        height: Height of the image in pixels.

    Returns:
        True (Y, X) for pixels whose centres are inside.
    """
    x, y = np.array(polygon, np.float64).reshape(-1, 2).T  # (N,), (N,)
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    mask = np.zeros((height, width), bool)
    for row in range(max(0, int(y.min())), min(height, ceil(y.max()))):
        centre = row + 0.5
        cut = (y <= centre) != (next_y <= centre)  # (N,), the edges that cross the row
        share = (centre - y[cut]) / (next_y[cut] - y[cut])
        crossings = np.sort(x[cut] + share * (next_x[cut] - x[cut]))
        columns = np.clip(np.ceil(crossings - 0.5), 0, width).astype(int)
        for start, end in zip(columns[::2], columns[1::2], strict=True):
            mask[row, start:end] = True
    return mask


def segmentation_area(segmentation: Segmentation) -> float:
    """The area of an object in pixels, if its polygons do not overlap."""
    if isinstance(segmentation, RunLengths):
        return float(sum(segmentation.runs[1::2]))
    return sum(polygon_area(polygon) for polygon in segmentation)


def polygon_area(polygon: Polygon) -> float:
    """The area of a polygon in square pixels."""
    x, y = np.array(polygon, np.float64).reshape(-1, 2).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def polygon_bounds(points: Sequence[float]) -> tuple[float, float, float, float]:
    """The smallest box around the points x1, y1, x2, y2, ..."""
    x, y = points[::2], points[1::2]
    return min(x), min(y), max(x), max(y)


def merge_polygons(polygons: Sequence[Polygon]) -> Polygon:
    """Several polygons as one, connected by lines without width between their first points."""
    if len(polygons) == 1:
        return polygons[0]
    there = [coordinate for polygon in polygons for coordinate in (*polygon, *polygon[:2])]
    back = [coordinate for polygon in reversed(polygons[:-1]) for coordinate in polygon[:2]]
    return tuple(there + back[:-2])  # a polygon closes itself to its first point


def box_polygon(box: tuple[float, float, float, float]) -> Polygon:
    """A box as a polygon."""
    x1, y1, x2, y2 = box
    return (x1, y1, x2, y1, x2, y2, x1, y2)
