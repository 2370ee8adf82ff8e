"""Masks of single objects as outlines with few corners, which are painted as exactly the same pixels again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jumok.data.annotations.annotated import Box
from jumok.data.annotations.masks.object_masks import object_pixels
from jumok.data.annotations.segmentation import (
    Polygon,
    covered,
    fill_polygon,
    merge_polygons,
    polygon_area,
    polygon_bounds,
)
from jumok.data.annotations.shapes import painted_bounds
from jumok.data.images.reading import Size, open_image, upright
from jumok.deferred import Deferred
from jumok.labelling.files.png_chunks import with_pixels_of
from jumok.labelling.masks.files import decode_mask, png_bytes, repainted
from jumok.labelling.refusals import readable

if TYPE_CHECKING:
    from PIL import Image
else:  # Pillow is loaded only when there are images
    Image = Deferred("PIL.Image")

TOLERANCES = (0.9, 0.6, 0.4)  # pixels between an outline and the one of all its corners, tried in turn
PAINTED = 255  # what the pixels of an object hold where no other mask shows it
Corner = tuple[int, int]  # x, y


def outline_of_mask(mask: np.ndarray) -> tuple[Polygon, ...]:
    """The outline of painted pixels, whose parts touch at corners at most, with holes joined to the part around them.

    Args:
        mask: True (Y, X) for pixels of the object, of which there are some.

    Returns:
        The polygons; `covered` gives the same pixels, and their bounds are those of the pixels.
    """
    bounds = painted_bounds(mask)
    if bounds is None:
        return ()
    left, top, right, bottom = bounds
    part = mask[top:bottom, left:right]
    rings = boundary_rings(part)
    corners = [ring_polygon(ring) for ring in rings]
    for tolerance in TOLERANCES:
        fewer = [simplified(ring, tolerance) for ring in rings]
        found = joined_rings([min(pair, key=len) for pair in zip(corners, fewer, strict=True)], corners)
        if is_outline_of(found, part):
            break
    else:
        found = joined_rings(corners, corners)
    return tuple(tuple(value + (left, top)[place % 2] for place, value in enumerate(one)) for one in found)


def is_outline_of(polygons: Sequence[Polygon], mask: np.ndarray) -> bool:
    """Whether polygons cover just these pixels (Y, X), and have their bounds."""
    height, width = mask.shape
    edges = [value for one in polygons for value in one]
    same = min(map(len, polygons)) >= 6 and polygon_bounds(edges) == (0, 0, width, height)
    return same and bool((covered(tuple(polygons), width, height) == mask).all())


def boundary_rings(mask: np.ndarray) -> list[list[Corner]]:
    """The closed ways along the edges of pixels (Y, X), clockwise around parts and the other way around holes.

    Each way is the corners of pixels that it goes through, one step apart.
    """
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1]
    starts: dict[Corner, list[Corner]] = {}
    sides = (  # which neighbour is none of the object, and where the edge to it begins and leads
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (0, 1)),
        (padded[2:, 1:-1], (1, 1), (-1, 0)),
        (padded[1:-1, :-2], (0, 1), (0, -1)),
    )
    for beside, (x, y), step in sides:
        rows, columns = np.nonzero(inner & ~beside)
        for corner in zip((columns + x).tolist(), (rows + y).tolist(), strict=True):
            starts.setdefault(corner, []).append(step)
    rings = []
    while starts:
        rings.append(followed(starts, next(iter(starts))))
    return rings


def followed(starts: dict[Corner, list[Corner]], first: Corner) -> list[Corner]:
    """One closed way, whose steps are taken out; where two ways meet it turns left, so that corners connect."""
    ring, at, step = [first], first, starts[first][0]
    while True:
        steps = starts[at]
        left = (step[1], -step[0])
        step = left if at != first and left in steps else steps[0]
        steps.remove(step)
        if not steps:
            del starts[at]
        at = (at[0] + step[0], at[1] + step[1])
        if at == first and (at not in starts or (step[1], -step[0]) not in starts[at]):
            return ring
        ring.append(at)


def ring_polygon(ring: Sequence[Corner]) -> Polygon:
    """A closed way as the polygon of the corners where it turns."""
    before, after = [*ring[-1:], *ring[:-1]], [*ring[1:], *ring[:1]]
    turns = (
        here
        for was, here, next_ in zip(before, ring, after, strict=True)
        if (here[0] - was[0], here[1] - was[1]) != (next_[0] - here[0], next_[1] - here[1])
    )
    return tuple(float(value) for corner in turns for value in corner)


def simplified(ring: Sequence[Corner], tolerance: float) -> Polygon:
    """A closed way through the middles of its steps, without those that are nearly on a line.

    Args:
        ring: The way.
        tolerance: How far from the line, in pixels.

    Returns:
        The polygon, which reaches as far as the way.
    """
    corners = np.array(ring, np.float64)
    middles = (corners + np.roll(corners, -1, 0)) / 2  # (N, 2)
    extremes = {int(one) for one in (*middles.argmin(0), *middles.argmax(0))}
    kept = sorted(extremes)
    for start, end in zip(kept, [*kept[1:], kept[0] + len(middles)], strict=True):
        kept = [*kept, *bends(middles, start, end, tolerance)]
    found = middles[sorted({one % len(middles) for one in kept})]
    return tuple(found.ravel().tolist())


def bends(points: np.ndarray, start: int, end: int, tolerance: float) -> list[int]:
    """The points between two that a line may not leave out (Douglas and Peucker, 1973).

    Args:
        points: The points of a ring (N, 2).
        start: The first.
        end: The last; beyond N it goes on from the begin.
        tolerance: How far a point may be from the line.

    Returns:
        Their places.
    """
    found, open_parts = list[int](), [(start, end)]
    while open_parts:
        first, last = open_parts.pop()
        if last - first < 2:
            continue
        part = points[np.arange(first, last + 1) % len(points)]
        along = part[-1] - part[0]
        length = float(np.hypot(*along))
        apart = part[1:-1] - part[0]
        distance = (
            np.abs(apart[:, 0] * along[1] - apart[:, 1] * along[0]) / length if length else np.hypot(*apart.T)
        )
        far = int(distance.argmax())
        if distance[far] > tolerance:
            middle = first + 1 + far
            found.append(middle)
            open_parts += [(first, middle), (middle, last)]
    return found


def joined_rings(polygons: Sequence[Polygon], ways: Sequence[Polygon]) -> tuple[Polygon, ...]:
    """The parts of an object, each with its holes, by a line without width to each of them.

    Args:
        polygons: A polygon for each way.
        ways: The ways along the edges of pixels, of which those around holes go the other way around.

    Returns:
        A polygon for each part.
    """
    holes = [number for number, way in enumerate(ways) if signed_area(way) < 0]
    inside: dict[int, list[Polygon]] = {number: [] for number in range(len(ways)) if number not in holes}
    width, height = (int(max(value for way in ways for value in way[i::2])) for i in (0, 1))
    for hole in holes:
        y, x = np.argwhere(fill_polygon(ways[hole], width, height))[0]
        around = [number for number in inside if fill_polygon(ways[number], width, height)[y, x]]
        inside[min(around, key=lambda number: polygon_area(ways[number]))].append(polygons[hole])
    return tuple(merge_polygons((polygons[number], *own)) for number, own in inside.items())


def signed_area(polygon: Polygon) -> float:
    """The area of a polygon that goes clockwise, as images are seen; negative for one that goes the other way."""
    x, y = np.array(polygon, np.float64).reshape(-1, 2).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def pixels_of_mask(path: Path, data: bytes, size: Size) -> np.ndarray:
    """The pixels of the object in a mask; DataError if it cannot be read.

    Args:
        path: The mask, for messages.
        data: Its bytes.
        size: Size of the image.

    Returns:
        True (Y, X) for pixels of the object.
    """
    values = decode_mask(path, data, coloured=False)
    with readable():
        return object_pixels(path, values, size)


def changed_object_mask(path: Path, data: bytes, mask: np.ndarray, size: Size) -> bytes:
    """The bytes of a mask in which the object has other pixels; all else that the file says stays.

    Args:
        path: The mask, for messages.
        data: Its bytes.
        mask: True (Y, X) for pixels of the object.
        size: Size of the image.

    Returns:
        A PNG.
    """
    made = object_mask(path, mask, data, size)
    kept = with_pixels_of(data, made)
    return kept if (pixels_of_mask(path, kept, size) == mask).all() else made  # not if EXIF turned it


def object_mask(path: Path, mask: np.ndarray, like: bytes | None, size: Size) -> bytes:
    """The bytes of a mask of an object.

    Args:
        path: The mask, for messages.
        mask: True (Y, X) for pixels of the object.
        like: Another mask of the same image, whose mode and values it gets.
        size: Size of the image.

    Returns:
        A PNG.
    """
    if like is None:
        return png_bytes(Image.fromarray(np.where(mask, PAINTED, 0).astype(np.uint8)))
    known = pixels_of_mask(path, like, size)
    with readable(), open_image(path, like) as image:
        shown = upright(image)
        shown.load()
    pixels = np.array(shown)
    inner, outer = value_at(pixels, known, PAINTED), value_at(pixels, ~known, 0)
    if shown.mode == "P":
        return png_bytes(repainted(repainted(shown, ~mask, int(outer)), mask, int(inner)))
    where = mask if pixels.ndim == 2 else mask[..., None]
    return png_bytes(Image.fromarray(np.where(where, inner, outer).astype(pixels.dtype)))


def value_at(pixels: np.ndarray, where: np.ndarray, usual: int) -> Any:
    """What the first of some pixels holds, a number or a colour; the usual value if there are none."""
    found = pixels[where]
    return found[0] if len(found) else np.full(pixels.shape[2:], usual, pixels.dtype)


def box_of(polygons: Sequence[Polygon]) -> Box:
    """The bounds of an outline."""
    return polygon_bounds([value for one in polygons for value in one])
