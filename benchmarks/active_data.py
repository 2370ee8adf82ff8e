"""The sets of data of `active.py`: images, and `items.json` with what is truly on them."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from PIL import Image, ImageDraw

WEIGHTS = Path("weights") / "tf_efficientnet_lite0_imagenet1k.safetensors"
OWN_NAMES = {"train": "train", "valid": "val", "test": "test"}  # that BCCD and CamVid give to the parts
COMMON, RARE = ("disc", "square"), ("triangle", "star", "cross")
RARITY = 12  # one scene of so many has a shape of each rare class
CELLS = ("RBC", "WBC", "Platelets")
ROAD = (
    "Sky",
    "Building",
    "Pole",
    "Road",
    "Pavement",
    "Tree",
    "SignSymbol",
    "Fence",
    "Car",
    "Pedestrian",
    "Bicyclist",
)
UNLABELLED = 11  # in the masks of CamVid
VALID_ITEMS = 30  # that are labelled beforehand

Items = list[dict[str, Any]]


def prepare(name: str, folder: Path, data: Path) -> None:
    """Write a set into a folder, unless it is there."""
    if (folder / "items.json").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    classes, items = SETS[name](folder, data)
    text = json.dumps({"classes": classes, "items": items})
    (folder / "items.json").write_text(text)


# ---- drawn shapes ------------------------------------------------------------------------------------------------


def shapes(folder: Path, _: Path) -> tuple[tuple[str, ...], Items]:
    """Scenes of one to four shapes; discs and squares are common."""
    items = []
    for number, (part, count) in enumerate({"train": 800, "valid": 60, "test": 400}.items()):
        random = np.random.default_rng([3, number])
        for row in range(count):
            picture, objects = scene(random)
            name = f"{part}{row:04}.jpg"
            picture.save(folder / "images" / name, quality=92)
            items.append({"name": name, "part": part, "size": [96, 96], "objects": objects})
    return (*COMMON, *RARE), items


def scene(random: np.random.Generator) -> tuple[Image.Image, list[list[Any]]]:
    """A scene with its objects."""
    from jumok.demos.scenes import surface

    picture = Image.fromarray(np.clip(surface((96, 96), random), 0, 255).astype(np.uint8))
    names = [str(random.choice(COMMON)) for _ in range(random.integers(1, 4))]
    names += [name for name in RARE if random.random() < 1 / RARITY]
    taken: list[tuple[int, int, int, int]] = []
    objects: list[list[Any]] = []
    for name in names:
        side = int(random.integers(12, 28))
        for _ in range(20):
            x, y = (int(one) for one in random.integers(1, 95 - side, 2))
            box = (x, y, x + side, y + side)
            if all(box[2] < a or c < box[0] or box[3] < b or d < box[1] for a, b, c, d in taken):
                break
        else:
            continue
        taken.append(box)
        colour = tuple(int(one) for one in random.integers(0, 256, 3))
        outline = corners(name, side, random) + (x, y)
        ImageDraw.Draw(picture).polygon([tuple(point) for point in outline.tolist()], fill=colour)
        low, high = np.clip(outline.min(0), 0, 96), np.clip(outline.max(0) + 1, 0, 96)
        objects.append([name, *(round(float(one), 1) for one in (*low, *high))])
    return picture, objects


def corners(name: str, side: int, random: np.random.Generator) -> np.ndarray:
    """The corners (N, 2) of a shape within a square of this side, turned a little."""
    turn = random.uniform(-0.3, 0.3)
    if name == "square":
        return turned(np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * 0.72, turn, side)
    if name == "cross":
        arm = np.array([(-1, -0.3), (-0.3, -0.3), (-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3)])
        return turned(np.concatenate((arm, -arm)) * 0.9, turn, side)
    count = {"disc": 24, "triangle": 3, "star": 10}[name]
    angles = np.arange(count) / count * 2 * np.pi
    reach = np.where(np.arange(count) % 2, 0.45, 1.0) if name == "star" else np.ones(count)
    return turned(np.stack((np.sin(angles), -np.cos(angles)), 1) * reach[:, None], turn, side)


def turned(points: np.ndarray, turn: float, side: int) -> np.ndarray:
    """Points in -1 to 1 turned by an angle, in pixels of a square."""
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (points @ rotation + 1) * side / 2


# ---- handwritten digits ------------------------------------------------------------------------------------------


def digits(folder: Path, _: Path) -> tuple[tuple[str, ...], Items]:
    """Handwritten digits on rough paper; 5 to 9 are rare but in the test part."""
    from jumok.demos.digits import handwriting, split_rows

    writing, items = handwriting(), []
    rows = split_rows(writing.labels, 1)
    for number, (part, count) in enumerate({"train": 1500, "valid": 60, "test": 500}.items()):
        random = np.random.default_rng([4, number])
        chances = np.where(writing.labels[rows[part]] < 5, 1.0, 1.0 if part == "test" else 0.1)
        for place, row in enumerate(random.choice(rows[part], count, p=chances / chances.sum())):
            name = f"{part}{place:04}.png"
            written(writing.grey[row], random).save(folder / "images" / name)
            items.append({"name": name, "part": part, "label": str(writing.labels[row])})
    return tuple(str(one) for one in range(10)), items


def written(grey: np.ndarray, random: np.random.Generator) -> Image.Image:
    """A digit (8, 8) of 0 to 1 on paper of 32 × 32 pixels, turned and shifted a little."""
    from jumok.demos.scenes import render_digit

    ink = render_digit(grey, random.uniform(18, 24), random.uniform(-15, 15), random)[:32, :32]
    top, left = (int(random.integers(0, 33 - side)) for side in ink.shape)
    pixels = random.uniform(170, 240) + random.normal(0, 12, (32, 32))
    pixels[top : top + ink.shape[0], left : left + ink.shape[1]] -= random.uniform(90, 150) * ink
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


# ---- photographs -------------------------------------------------------------------------------------------------


def some(names: list[str], part: str) -> list[str]:
    """All items of a part; of valid a few that are labelled beforehand."""
    if part != "valid" or len(names) <= VALID_ITEMS:
        return names
    return [names[row] for row in sorted(np.random.default_rng(1).permutation(len(names))[:VALID_ITEMS])]


def share_weights(folder: Path, data: Path) -> None:
    """Put the pretrained weights beside the folders of the sets."""
    place = folder.parent / "weights.safetensors"
    if not place.exists():
        shutil.copy(data / WEIGHTS, place)


def cells(folder: Path, data: Path) -> tuple[tuple[str, ...], Items]:
    """BCCD without its two boxes that are points, and weights that know photographs."""
    share_weights(folder, data)
    items: Items = []
    for part, own in OWN_NAMES.items():
        listed = (data / "bccd" / "ImageSets" / "Main" / f"{own}.txt").read_text().split()
        for stem in some(listed, part):
            root = ElementTree.parse(data / "bccd" / "Annotations" / f"{stem}.xml").getroot()
            shutil.copy(data / "bccd" / "JPEGImages" / f"{stem}.jpg", folder / "images")
            boxes = [[thing.findtext("name"), *edges(thing)] for thing in root.iter("object")]
            kept = [one for one in boxes if one[3] > one[1] and one[4] > one[2]]
            size = list(Image.open(folder / "images" / f"{stem}.jpg").size)
            items.append({"name": f"{stem}.jpg", "part": part, "size": size, "objects": kept})
    return CELLS, items


def edges(thing: ElementTree.Element) -> Iterator[int]:
    """The edges of a box."""
    return (int(thing.findtext(f"bndbox/{side}") or 0) for side in ("xmin", "ymin", "xmax", "ymax"))


def road(folder: Path, data: Path) -> tuple[tuple[str, ...], Items]:
    """CamVid at half its size, and weights that know photographs."""
    share_weights(folder, data)
    (folder / "masks").mkdir()
    items: Items = []
    for part, own in OWN_NAMES.items():
        lines = [line for line in (data / "camvid" / f"{own}.txt").read_text().splitlines() if line]
        for line in some(lines, part):
            image, annotation = line.split()
            name = f"{Path(image).stem}.jpg"
            Image.open(data / "camvid" / image).resize((240, 180), Image.Resampling.BOX).save(
                folder / "images" / name, quality=92
            )
            mask = np.asarray(Image.open(data / "camvid" / annotation))[::2, ::2]
            values = np.where(mask == UNLABELLED, 255, mask).astype(np.uint8)
            Image.fromarray(values).save(folder / "masks" / f"{Path(image).stem}.png")
            items.append({"name": name, "part": part, "mask": f"masks/{Path(image).stem}.png"})
    return ROAD, items


SETS: dict[str, Callable[[Path, Path], tuple[tuple[str, ...], Items]]] = {
    "shapes": shapes,
    "cells": cells,
    "digits": digits,
    "road": road,
}
