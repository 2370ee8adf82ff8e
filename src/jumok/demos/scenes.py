"""Generated scenes: coloured surfaces with lines and shapes, and handwriting painted over them.

Handwriting is given as grey images (8, 8) in 0 to 1. It is enlarged, slanted, rotated, and painted in a colour that
contrasts with the surface; the pixels that it covers are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

GLYPH_SIZE = 8  # of handwriting, in each direction
PAPER_GREY, FULL = 0.3, 0.8  # grey below is none, above is whole ink: enlarged strokes get edges
COVERED = 0.5  # from this share of ink on, a pixel belongs to a digit
CONTRAST = 60.0  # least difference in brightness from what is behind a digit, of 255
BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue to the eye
PLACES = 40  # that are tried for a digit before it is left out


@dataclass(frozen=True)
class Placed:
    """A digit in a scene."""

    label: int
    top: int
    left: int
    covered: np.ndarray  # (Y, X) bool, from there on

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The edges x1, y1, x2, y2 of its pixels."""
        height, width = self.covered.shape
        return self.left, self.top, self.left + width, self.top + height


@dataclass(frozen=True)
class Scene:
    """An image with its digits, in the order in which they were painted."""

    pixels: np.ndarray  # (Y, X, 3) uint8
    digits: tuple[Placed, ...]

    @property
    def mask(self) -> np.ndarray:
        """For each pixel (Y, X) 0, or the label of its digit plus one."""
        values = np.zeros(self.pixels.shape[:2], np.uint8)
        for digit in self.digits:
            x1, y1, x2, y2 = digit.box
            values[y1:y2, x1:x2][digit.covered] = digit.label + 1
        return values


class DigitLine(NamedTuple):
    """Digits side by side, with the upper and left edge of each."""

    inks: list[np.ndarray]  # each (Y, X)
    tops: list[int]
    lefts: list[int]
    depth: int
    width: int


def strewn(
    writing: Sequence[np.ndarray],
    labels: Sequence[int],
    size: tuple[int, int],
    heights: tuple[float, float],
    random: np.random.Generator,
) -> Scene:
    """A scene with digits at random places that do not overlap.

    Args:
        writing: Grey images of the digits (8, 8).
        labels: Their labels.
        size: Height and width of the scene in pixels.
        heights: The least and greatest height of a digit in pixels.
        random: Source of randomness.

    Returns:
        The scene.
    """
    pixels, taken = surface(size, random), np.zeros(size, bool)
    placed = []
    for grey, label in zip(writing, labels, strict=True):
        height = np.exp(random.uniform(*np.log(heights)))
        ink = render_digit(grey, height, random.uniform(-20, 20), random)
        place = free_place(ink >= COVERED, taken, random)
        if place is not None:
            placed.append(paint_digit(pixels, ink, label, *place, random))
            take(taken, placed[-1])
    return Scene(photographed(pixels, random), tuple(placed))


def number_scene(
    writing: Sequence[np.ndarray],
    labels: Sequence[int],
    size: tuple[int, int],
    heights: tuple[float, float],
    random: np.random.Generator,
) -> Scene:
    """A scene with a number: digits from left to right, in one colour, not quite on a line.

    Args:
        writing: Grey images of the digits (8, 8).
        labels: Their labels.
        size: Height and width of the scene in pixels.
        heights: The least and greatest height of a digit in pixels.
        random: Source of randomness.

    Returns:
        The scene.
    """
    line = digit_line(writing, heights, random)
    while line.depth > size[0] - 2 or line.width > size[1] - 2:
        heights = heights[0], max(heights[0], 0.8 * heights[1])
        line = digit_line(writing, heights, random)
    pixels = surface(size, random)
    left, top = int(random.integers(1, size[1] - line.width)), int(random.integers(1, size[0] - line.depth))
    colour = standing_out(pixels[top : top + line.depth, left : left + line.width], random)
    placed = [
        paint_digit(pixels, ink, label, top + down, left + right, random, colour)
        for ink, label, down, right in zip(line.inks, labels, line.tops, line.lefts, strict=True)
    ]
    return Scene(photographed(pixels, random), tuple(placed))


def digit_line(
    writing: Sequence[np.ndarray], heights: tuple[float, float], random: np.random.Generator
) -> DigitLine:
    """Render digits side by side, of similar height, on a line that rises or falls a little.

    Args:
        writing: Grey images of the digits (8, 8).
        heights: The least and greatest height of a digit in pixels.
        random: Source of randomness.

    Returns:
        The digits and their places.
    """
    height, slope = np.exp(random.uniform(*np.log(heights))), random.uniform(-0.15, 0.15)
    angles = random.uniform(-8, 8, len(writing)) - np.degrees(np.arctan(slope))
    sizes = height * random.uniform(0.9, 1.1, len(writing))
    inks = [render_digit(*one, random) for one in zip(writing, sizes.tolist(), angles.tolist(), strict=True)]
    depths, widths = np.array([ink.shape for ink in inks]).T
    gap = max(1, round(random.uniform(0.04, 0.15) * height))
    lefts = np.cumsum(widths + gap) - widths - gap
    middles = slope * lefts + 0.05 * height * random.standard_normal(len(inks))
    tops = np.round(middles - depths / 2).astype(int)
    tops -= tops.min()
    return DigitLine(
        inks, tops.tolist(), lefts.tolist(), int((tops + depths).max()), int((lefts + widths).max())
    )


def render_digit(grey: np.ndarray, height: float, angle: float, random: np.random.Generator) -> np.ndarray:
    """Enlarge, slant and rotate a digit.

    Args:
        grey: Grey image of the digit (8, 8).
        height: Height in pixels.
        angle: Rotation in degrees.
        random: Source of randomness.

    Returns:
        How much ink each pixel gets (Y, X), cropped to the digit.
    """
    scale = np.array([random.uniform(0.85, 1.15), 1.0]) * height / GLYPH_SIZE  # pixels of a cell
    turn, slant = np.radians(angle), random.uniform(-0.2, 0.2)
    forward = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    forward = forward @ np.array([[1, slant], [0, 1]]) @ np.diag(scale)
    inverse, side = np.linalg.inv(forward), int(1.7 * height) + 2
    offset = (GLYPH_SIZE + 2) / 2 - inverse @ np.array([side / 2, side / 2])
    image = Image.fromarray(np.pad(grey, 1).astype(np.float32))
    matrix = (*inverse[0], offset[0], *inverse[1], offset[1])
    enlarged = image.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    ink = np.clip((np.asarray(enlarged) - PAPER_GREY) / (FULL - PAPER_GREY), 0, 1)
    rows, columns = (np.flatnonzero((ink >= COVERED).any(axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def free_place(shape: np.ndarray, taken: np.ndarray, random: np.random.Generator) -> tuple[int, int] | None:
    """Find a free place for a shape.

    Args:
        shape: Pixels of the shape (Y, X).
        taken: Pixels that are not free.
        random: Source of randomness.

    Returns:
        Top and left in pixels; None if none was found.
    """
    height, width = shape.shape
    for _ in range(PLACES):
        top, left = (
            int(random.integers(1, whole - part))
            for whole, part in zip(taken.shape, shape.shape, strict=True)
        )
        if not (taken[top : top + height, left : left + width] & shape).any():
            return top, left
    return None


def take(taken: np.ndarray, digit: Placed) -> None:
    """Mark the pixels of a digit and their neighbours as taken, so that digits never touch."""
    x1, y1, x2, y2 = digit.box
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            taken[y1 + down : y2 + down, x1 + right : x2 + right] |= digit.covered


def paint_digit(
    pixels: np.ndarray,
    ink: np.ndarray,
    label: int,
    top: int,
    left: int,
    random: np.random.Generator,
    colour: np.ndarray | None = None,
) -> Placed:
    """Paint a digit into a scene, with uneven ink.

    Args:
        pixels: The scene (Y, X, 3), changed in place.
        ink: How much ink each pixel gets.
        label: Label of the digit.
        top: Upper edge in pixels.
        left: Left edge in pixels.
        random: Source of randomness.
        colour: The colour (3,); one that contrasts with the surface by default.

    Returns:
        The digit with its place.
    """
    region = pixels[top : top + ink.shape[0], left : left + ink.shape[1]]
    colour = standing_out(region, random) if colour is None else colour
    uneven = colour + 14 * texture(ink.shape, 3, 1, random)
    region += ink[..., None] * (uneven - region)
    return Placed(label, top, left, ink >= COVERED)


def standing_out(region: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A colour (3,) much brighter or darker than a region (Y, X, 3)."""
    behind = region @ BRIGHTNESS
    least = CONTRAST + behind.std()
    for _ in range(100):
        colour = random.uniform(0, 255, 3).astype(np.float32)
        if abs(colour @ BRIGHTNESS - behind.mean()) > least:
            return colour
    return np.full(3, 0.0 if behind.mean() > 128 else 255.0, np.float32)


def surface(size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """A coloured surface (Y, X, 3) float32 with light, texture, shapes and lines."""
    colour = random.uniform(60, 195, 3)
    pixels = colour + random.uniform(5, 30) * texture(size, int(random.integers(2, 5)), 3, random)
    pixels = pixels + random.uniform(2, 12) * texture(size, int(random.integers(8, 32)), 1, random)
    return cluttered(np.clip(pixels, 0, 255).astype(np.uint8), colour, random).astype(np.float32)


def texture(size: tuple[int, ...], cells: int, channels: int, random: np.random.Generator) -> np.ndarray:
    """Smooth noise with a standard deviation of about 1.

    Args:
        size: Height and width in pixels.
        cells: Number of cells in each direction.
        channels: Number of channels.
        random: Source of randomness.

    Returns:
        The noise (Y, X, C).
    """
    noise = random.standard_normal((channels, cells, cells)).astype(np.float32)
    layers = [Image.fromarray(layer).resize((size[1], size[0]), Image.Resampling.BICUBIC) for layer in noise]
    return np.stack([np.asarray(layer) for layer in layers], -1)


def cluttered(pixels: np.ndarray, colour: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw lines, arcs, discs and polygons over a surface, half transparent.

    Args:
        pixels: The surface (Y, X, 3).
        colour: Its mean colour (3,).
        random: Source of randomness.

    Returns:
        The surface with the shapes.
    """
    image = Image.fromarray(pixels)
    layer = image.copy()
    draw, (height, side) = ImageDraw.Draw(layer), pixels.shape[:2]
    for _ in range(random.integers(3, 10)):
        x, y, reach = random.uniform(0, side), random.uniform(0, height), random.uniform(0.05, 0.3) * side
        box = (x - reach, y - reach * random.uniform(0.4, 1), x + reach, y + reach * random.uniform(0.4, 1))
        shade = tuple(np.clip(colour + random.uniform(-70, 70, 3), 0, 255).astype(int).tolist())
        width, begin = int(random.integers(1, 4)), random.uniform(0, 360)
        kind = random.integers(4)
        if kind == 0:
            ends = random.uniform(-0.2, 1.2, 4) * side
            draw.line(ends.tolist(), shade, width)
        elif kind == 1:
            draw.arc(box, begin, begin + random.uniform(60, 300), shade, width)
        elif kind == 2:
            draw.ellipse(box, shade)
        else:
            corners = np.stack((x, y)) + reach * random.uniform(-1, 1, (3, 2))
            draw.polygon([tuple(corner) for corner in corners.tolist()], shade)
    return np.asarray(Image.blend(image, layer, random.uniform(0.4, 0.8)))


def photographed(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A scene (Y, X, 3) uint8 as from a camera: slightly blurred and noisy."""
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    seen = np.asarray(image.filter(ImageFilter.GaussianBlur(random.uniform(0, 0.7))), np.float32)
    grain = random.uniform(1, 4) * random.standard_normal(seen.shape, np.float32)
    return np.clip(seen + grain, 0, 255).astype(np.uint8)
