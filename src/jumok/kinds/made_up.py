"""Made-up examples to start from: coloured shapes, which every kind of data shows or says in its own form.

In an image shapes stand on a ground, in a clip they move to the right, in a series they are waves.
"""

from collections.abc import Sequence
from itertools import product
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

SHAPE_NAMES = ("circle", "square", "triangle")
COUNT_WORDS = ("one", "two", "three", "four")
COLOURS = {
    "red": (205, 45, 45),
    "green": (40, 140, 60),
    "blue": (40, 70, 200),
    "yellow": (235, 205, 60),
    "black": (25, 25, 25),
    "white": (240, 240, 240),
}
POLYGON_CORNERS = {"circle": 16, "square": 4, "triangle": 3}
SIDE = 64  # pixels of an image, in each direction
CELL_SIDE = 32  # of which each holds one shape at most
TIME_STEPS = 48  # of a series
STEPS_AHEAD = 12  # that go on with it
CHANNEL_NAMES = ("wave", "colour", "ground")


class MadeUp(NamedTuple):
    """What an example is about."""

    shape: str
    amount: int  # of shapes; of periods in a series
    colour: str
    ground: str
    number: int  # of the example, from 1

    @property
    def file_name(self) -> str:
        """The name of its file, without suffix."""
        return f"{self.number:03}"


def made_up_examples(count: int, seed: int = 1) -> list[MadeUp]:
    """Examples (at most 360) of which no two are alike."""
    every = [one for one in product(SHAPE_NAMES, (1, 2, 3, 4), COLOURS, COLOURS) if one[2] != one[3]]
    chosen = Random(seed).sample(every, count)
    return [MadeUp(*one, number) for number, one in enumerate(chosen, start=1)]


def outlines(one: MadeUp, shift: int = 0) -> list[list[float]]:
    """The polygon x1, y1, x2, y2, … of each shape, in pixels, moved to the right by `shift`."""
    from math import cos, pi, sin

    draw, corners = Random(one.number), POLYGON_CORNERS[one.shape]
    found = []
    for cell in draw.sample(range((SIDE // CELL_SIDE) ** 2), one.amount):
        row, column = divmod(cell, SIDE // CELL_SIDE)
        radius = draw.uniform(7, 11)
        x = CELL_SIDE * column + draw.uniform(radius + 1, CELL_SIDE - radius - 5) + shift
        y = CELL_SIDE * row + draw.uniform(radius + 1, CELL_SIDE - radius - 1)
        turns = [2 * pi * (corner + 0.5) / corners + pi / 2 for corner in range(corners)]
        found.append([round(value, 1) for t in turns for value in (x + radius * cos(t), y + radius * sin(t))])
    return found


def draw_shapes(one: MadeUp, shift: int = 0) -> "Image.Image":
    """The image of an example."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (SIDE, SIDE), COLOURS[one.ground])
    for outline in outlines(one, shift):
        ImageDraw.Draw(image).polygon(outline, COLOURS[one.colour])
    return image


def shape_mask(one: MadeUp) -> "np.ndarray":
    """The class (Y, X) of each pixel: 0 is the ground, 1 the first shape."""
    import numpy as np
    from PIL import Image, ImageDraw

    mask = Image.new("L", (SIDE, SIDE))
    for outline in outlines(one):
        ImageDraw.Draw(mask).polygon(outline, 1 + SHAPE_NAMES.index(one.shape))
    return np.asarray(mask)


def signal(one: MadeUp) -> "np.ndarray":
    """The values (T, 3) of a series and the steps after it: a wave, and levels that stand for colour and ground."""
    import numpy as np

    random, steps = np.random.default_rng(one.number), np.arange(TIME_STEPS + STEPS_AHEAD)
    wave = np.sin(2 * np.pi * one.amount * (steps / TIME_STEPS + random.random()))
    if one.shape != "circle":
        wave = np.sign(wave) if one.shape == "square" else 2 / np.pi * np.arcsin(wave)
    levels = [np.full(len(steps), list(COLOURS).index(name)) for name in (one.colour, one.ground)]
    return np.stack((wave, *levels), 1) + random.normal(0, 0.05, (len(steps), 3))


def series_table(values: "np.ndarray", channels: Sequence[str] = CHANNEL_NAMES) -> str:
    """Values (T, C) as the text of a .csv file."""
    rows = [",".join(f"{value:.3f}" for value in row) for row in values]
    return "\n".join([",".join(channels), *rows, ""])
