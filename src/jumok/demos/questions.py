"""The questions demo: a drawn scene and a written question about it; only who reads both can answer.

Each scene holds a disc, a square and a triangle in three of four colours, and is asked for the colour of one of them:
"what colour is the square?". Whoever reads the question alone is right once in four times; who sees the scene alone,
once in three.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from jumok.demos.scenes import photographed, surface
from jumok.outputs import write_made
from jumok.runs.layout import RunLayout

SEED = 1
SCENES = {"train": 3000, "valid": 200, "test": 500}
SCENE_SIDE = 48  # pixels of a scene
FINE = 4  # pixels of the drawing in each direction for one of the scene, for smooth edges
SHAPE_SIZES = (11, 16)  # pixels of a shape
SHAPE_KINDS = ("disc", "square", "triangle")
PAINTS = {"red": (210, 50, 45), "green": (50, 160, 70), "blue": (50, 90, 205), "yellow": (235, 200, 60)}

EXPERIMENT = """\
# Questions about scenes, written by `jumok demo questions`.
inputs:
  scene:
    kind: image
    size: 48
    encoder: {backbone: convolutional, strides: [8], channels: [16, 32, 64]}
    augment: {flip: both, scale: [0.8, 1.2], colour: 0.1}
  question: {kind: text, encoder: {kind: gru, layers: 1}}
outputs:
  colour: {kind: label, head: {hops: 2}}         # the first look reads the question, the second finds the shape
data:
  train: {table: data/train.tsv}
  valid: {table: data/valid.tsv}
  test: {table: data/test.tsv}
  tokens: {kind: words}
model: {width: 64, dropout: 0.0}
training:
  {steps: 600, batch_size: 32, optimizer: muon, learning_rate: 3e-3, warmup: 100, weight_decay: 0.1, ema_decay: 0.99,
   evaluate_every: 100, precision: fp32}
"""


class SceneShape(NamedTuple):
    """A shape in a scene."""

    shape: str
    colour: str
    place: tuple[float, float]  # x and y of its centre in pixels
    size: float  # pixels of its sides


def place_shapes(random: np.random.Generator) -> list[SceneShape]:
    """A shape of each kind, in different colours, none over another."""
    edge = SHAPE_SIZES[1] / 2 + 1
    while True:
        places = random.uniform(edge, SCENE_SIDE - edge, (len(SHAPE_KINDS), 2))
        apart = np.abs(places[:, None] - places).max(-1)[np.triu_indices(len(SHAPE_KINDS), 1)]  # (pairs,)
        if apart.min() > SHAPE_SIZES[1]:
            break
    colours, sizes = random.permutation(list(PAINTS)), random.uniform(*SHAPE_SIZES, len(SHAPE_KINDS))
    return [
        SceneShape(shape, str(colour), (float(x), float(y)), float(size))
        for shape, colour, (x, y), size in zip(SHAPE_KINDS, colours, places, sizes, strict=False)
    ]


def paint_scene(shapes: list[SceneShape], random: np.random.Generator) -> np.ndarray:
    """The pixels (SCENE_SIDE, SCENE_SIDE, 3) of a scene."""
    ground = (
        Image.fromarray(surface((SCENE_SIDE, SCENE_SIDE), random).astype(np.uint8))
        .convert("L")
        .convert("RGB")
    )
    layer = ground.resize((FINE * SCENE_SIDE, FINE * SCENE_SIDE))
    draw = ImageDraw.Draw(layer)
    for one in shapes:
        (x, y), reach = one.place, one.size / 2
        x1, y1, x2, y2 = (FINE * edge for edge in (x - reach, y - reach, x + reach, y + reach))
        colour = tuple(
            int(c) for c in np.clip(np.array(PAINTS[one.colour]) + random.uniform(-20, 20, 3), 0, 255)
        )
        if one.shape == "disc":
            draw.ellipse((x1, y1, x2, y2), colour, outline=(20, 20, 20), width=FINE)
        elif one.shape == "square":
            draw.rectangle((x1, y1, x2, y2), colour, outline=(20, 20, 20), width=FINE)
        else:
            draw.polygon([(x1, y2), (x2, y2), ((x1 + x2) / 2, y1)], colour, outline=(20, 20, 20), width=FINE)
    return photographed(
        np.asarray(layer.resize((SCENE_SIDE, SCENE_SIDE), Image.Resampling.BOX), np.float32), random
    )


def question_scenes(split: str, seed: int = SEED) -> Iterator[tuple[np.ndarray, SceneShape]]:
    """The pixels of each scene of a split, and the shape whose colour is asked for."""
    random = np.random.default_rng([seed, list(SCENES).index(split)])
    for _ in range(SCENES[split]):
        shapes = place_shapes(random)
        yield paint_scene(shapes, random), shapes[int(random.integers(len(shapes)))]


def write(folder: Path) -> Path:
    """Write scenes, questions and experiment file into a folder, unless they exist; returns the experiment file."""
    file = RunLayout(folder).experiment
    if file.exists():
        return file
    for split in SCENES:
        write_questions(RunLayout(folder).data, split)
    write_made(file, EXPERIMENT.encode())
    return file


def write_questions(folder: Path, split: str) -> None:
    """Write the scenes of a split as images/SPLIT/0001.png, …, and a table of the questions."""
    lines = ["scene\tquestion\tcolour\n"]
    for number, (pixels, asked) in enumerate(question_scenes(split), start=1):
        name = f"images/{split}/{number:04}.png"
        encoded = BytesIO()
        Image.fromarray(pixels).save(encoded, format="PNG", compress_level=1)
        write_made(folder / name, encoded.getvalue())
        lines.append(f"{name}\twhat colour is the {asked.shape}?\t{asked.colour}\n")
    write_made(folder / f"{split}.tsv", "".join(lines).encode())
