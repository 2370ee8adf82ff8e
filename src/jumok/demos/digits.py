"""The digits demo: real handwritten digits in generated scenes, to detect, segment or read.

`digits.npz` holds 1,797 digits of 13 people as images of 8 × 8 cells with grey values from 0 to 16, and their labels:
the test split of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (1998), UCI Machine Learning
Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0, as scikit-learn has it (`load_digits`).
Handwriting of test scenes occurs in no training scene.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from jumok.classes import Class
from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet, Annotation, SourceLocation
from jumok.data.annotations.coco.writing import coco_text
from jumok.data.annotations.masks.class_masks import save_mask
from jumok.data.images.reading import Size
from jumok.demos.scenes import Scene, number_scene, strewn
from jumok.outputs import write_made
from jumok.runs.layout import RunLayout

DigitsOutput = Literal["boxes", "mask", "text"]
SEED = 1
SPLIT_SHARES = {"train": 0.7, "valid": 0.1, "test": 0.2}  # of the handwriting
GREY_LEVELS = 16  # of grey
DIGIT_NAMES = tuple("0123456789")
PLACE = SourceLocation("made", None)


@dataclass(frozen=True)
class Task:
    """How many scenes a task has, and what is in them."""

    scenes: dict[str, int]
    digits: tuple[int, int]  # fewest and most in a scene
    heights: tuple[float, float]  # least and largest in pixels
    size: tuple[int, int] = (96, 96)  # height and width of a scene in pixels
    lone: float = 0.0  # share of the scenes for training that hold one digit, whatever chance says


TASKS: dict[DigitsOutput, Task] = {
    "boxes": Task({"train": 1200, "valid": 200, "test": 300}, digits=(1, 6), heights=(16, 40)),
    "mask": Task({"train": 3000, "valid": 200, "test": 300}, digits=(1, 5), heights=(24, 48)),
    # one digit teaches what digits look like, before there is an order in which to read them
    "text": Task(
        {"train": 12000, "valid": 300, "test": 500}, digits=(1, 4), heights=(18, 28), size=(32, 96), lone=0.3
    ),
}

EXPERIMENTS: dict[DigitsOutput, str] = {
    "boxes": """\
# Finding handwritten digits in scenes, written by `jumok demo digits --output boxes`.
inputs:
  scene:
    kind: image
    size: 96
    encoder: {backbone: convolutional, neck: fpn, channels: [16, 32, 64, 96, 128]}
    augment: {flip: none, scale: [0.7, 1.4]}              # a mirrored digit is another one, or none
outputs:
  digits: {kind: boxes, head: {kind: dense}}
data:
  train: {coco: data/train.json, images: data/images}
  valid: {coco: data/valid.json, images: data/images}
  test: {coco: data/test.json, images: data/images}
model: {width: 64, dropout: 0.0}
training:
  {steps: 650, batch_size: 16, optimizer: muon, learning_rate: 3e-3, warmup: 100, weight_decay: 0.1, ema_decay: 0.99,
   evaluate_every: 325}
""",
    "mask": """\
# Painting over handwritten digits in scenes, written by `jumok demo digits --output mask`.
inputs:
  scene:
    kind: image
    size: 96
    encoder: {backbone: convolutional, strides: [4, 8, 16], channels: [16, 32, 64, 96]}
    augment: {flip: none, scale: [0.9, 1.1], colour: 0.1}   # a mirrored digit is another one, or none
outputs:
  digits: {kind: mask, decoder: {upsample: bilinear, width: 32}}
data:
  train: {masks: data/train.txt, classes: [background, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]}
  valid: {masks: data/valid.txt, classes: [background, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]}
  test: {masks: data/test.txt, classes: [background, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]}
model: {width: 64, dropout: 0.0}
training:
  {steps: 1000, batch_size: 16, optimizer: muon, muon_factor: 2, learning_rate: 6e-3, warmup: 150, weight_decay: 0.3,
   ema_decay: 0.99, evaluate_every: 500}
""",
    "text": """\
# Reading handwritten numbers from scenes, written by `jumok demo digits --output text`.
inputs:
  scene:
    kind: image
    size: 96
    encoder: {backbone: convolutional, strides: [8]}
    augment: {scale: [0.88, 1.0], rotate: 3, colour: 0}    # nothing is cut off, for it must be read
outputs:
  number: {kind: text, decoder: {kind: transformer, layers: 2}, tokens: {kind: characters}, metric: exact_match}
data:
  train: {table: data/train.tsv}
  valid: {table: data/valid.tsv}
  test: {table: data/test.tsv}
model: {width: 128, heads: 4, dropout: 0.0, positions: rotary}
training:
  {steps: 1800, batch_size: 16, optimizer: muon, learning_rate: 1e-3, warmup: 200, weight_decay: 0.1,
   label_smoothing: 0.0, ema_decay: 0.99, evaluate_every: 900}
decoding: {method: greedy}
""",
}


class Handwriting(NamedTuple):
    """Handwritten digits with their labels."""

    grey: np.ndarray  # (N, 8, 8) float32, 0 to 1
    labels: np.ndarray  # (N,) 0 to 9


def handwriting() -> Handwriting:
    """All digits of the package's file."""
    with (files("jumok.demos") / "digits.npz").open("rb") as file, np.load(file) as arrays:
        return Handwriting(arrays["images"] / np.float32(GREY_LEVELS), arrays["labels"].astype(np.int64))


def split_rows(labels: np.ndarray, seed: int = SEED) -> dict[str, np.ndarray]:
    """Rows of the digits for train, valid and test; each digit has the same share in every split."""
    random = np.random.default_rng(seed)
    found: dict[str, list[np.ndarray]] = {name: [] for name in SPLIT_SHARES}
    edges = np.cumsum(list(SPLIT_SHARES.values()))[:-1]
    for label in range(len(DIGIT_NAMES)):
        rows = random.permutation(np.flatnonzero(labels == label))
        for name, chosen in zip(
            SPLIT_SHARES, np.split(rows, np.round(edges * len(rows)).astype(int)), strict=True
        ):
            found[name].append(chosen)
    return {name: np.concatenate(chosen) for name, chosen in found.items()}


def scenes(output: DigitsOutput, split: str, seed: int = SEED) -> Iterator[Scene]:
    """Generate the scenes of a split; each digit of its handwriting occurs about equally often.

    Args:
        output: The task.
        split: train, valid or test.
        seed: Seed.

    Yields:
        The scenes.
    """
    task, writing = TASKS[output], handwriting()
    rows = split_rows(writing.labels, seed)[split]
    random = np.random.default_rng([seed, list(SPLIT_SHARES).index(split), list(TASKS).index(output)])
    waiting = np.empty(0, np.int64)
    paint = number_scene if output == "text" else strewn
    for _ in range(task.scenes[split]):
        lone = split == "train" and random.random() < task.lone
        count = 1 if lone else int(random.integers(task.digits[0], task.digits[1] + 1))
        if len(waiting) < count:
            waiting = np.concatenate((waiting, random.permutation(rows)))
        chosen, waiting = waiting[:count], waiting[count:]
        yield paint(
            list(writing.grey[chosen]), writing.labels[chosen].tolist(), task.size, task.heights, random
        )


def write(folder: Path, output: DigitsOutput = "boxes") -> Path:
    """Write scenes, annotations and experiment file into a folder, unless they exist; returns the experiment file."""
    file = RunLayout(folder).experiment
    if file.exists():
        return file
    for split in SPLIT_SHARES:
        write_split(RunLayout(folder).data, output, split)
    write_made(file, EXPERIMENTS[output].encode())
    return file


def write_split(folder: Path, output: DigitsOutput, split: str) -> None:
    """Write the scenes of a split as images/SPLIT/0001.png, …, with their annotations.

    Args:
        folder: The folder of the data.
        output: The task, which decides the annotations.
        split: train, valid or test.
    """
    kept = []
    for number, scene in enumerate(scenes(output, split), start=1):
        name = f"{split}/{number:04}.png"
        encoded = BytesIO()
        Image.fromarray(scene.pixels).save(encoded, format="PNG", compress_level=1)
        write_made(folder / "images" / name, encoded.getvalue())
        kept.append((name, scene))
    if output == "boxes":
        write_boxes(folder, split, kept)
    elif output == "mask":
        write_scene_masks(folder, split, kept)
    else:
        lines = [f"images/{name}\t{number_in(scene)}\n" for name, scene in kept]
        write_made(folder / f"{split}.tsv", ("scene\tnumber\n" + "".join(lines)).encode())


def number_in(scene: Scene) -> str:
    """The digits of a scene from left to right."""
    return "".join(DIGIT_NAMES[digit.label] for digit in scene.digits)


def write_boxes(folder: Path, split: str, kept: list[tuple[str, Scene]]) -> None:
    """Write boxes as a COCO file.

    Args:
        folder: The folder of the data.
        split: train, valid or test.
        kept: The scenes with the names of their images.
    """
    images = [
        AnnotatedImage(
            folder / "images" / name,
            name,
            PLACE,
            Size(*reversed(TASKS["boxes"].size)),
            tuple(Annotation(digit.box, DIGIT_NAMES[digit.label], PLACE) for digit in scene.digits),
        )
        for name, scene in kept
    ]
    data = AnnotatedSet(tuple(Class(name) for name in DIGIT_NAMES), tuple(images))
    write_made(folder / f"{split}.json", coco_text(data).encode())


def write_scene_masks(folder: Path, split: str, kept: list[tuple[str, Scene]]) -> None:
    """Write a mask for each scene, and the list of the pairs.

    Args:
        folder: The folder of the data.
        split: train, valid or test.
        kept: The scenes with the names of their images.
    """
    for name, scene in kept:
        encoded = BytesIO()
        save_mask(scene.mask, encoded)
        write_made(folder / "masks" / name, encoded.getvalue())
    lines = [f"images/{name}\tmasks/{name}\n" for name, _ in kept]
    write_made(folder / f"{split}.txt", "".join(lines).encode())
