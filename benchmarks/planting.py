"""Plants mistakes into copies of data sets: 5 % of the annotations, drawn by a seed, the same on every machine.

Each function copies a data set into a folder, changes annotations there, and gives the list of what it has changed, by
split. `key` names the image or row as jumok's splits do.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from scipy import ndimage

SHARE = 0.05  # of all annotations
Corners = tuple[float, float, float, float]
SIDES = ("xmin", "ymin", "xmax", "ymax")
CELLS = ("RBC", "WBC", "Platelets")
ROAD = (
    *("Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian"),
    "Bicyclist",
)
UNKNOWN = 11  # the value of pixels without a class
LEAST_REGION = 0.003  # of an image: the smallest region that is changed


@dataclass(frozen=True)
class Planted:
    """One mistake that was planted."""

    key: str
    kind: str
    box: Corners | None = None  # as annotated now; of a removed object, where it was
    before: Corners | None = None  # of a shifted box
    given: str = ""  # the class that is annotated now; of a removed object its class
    right: str = ""  # the class that was annotated


def iou(one: Corners, others: np.ndarray) -> np.ndarray:
    """IoU of a box with others (N, 4)."""
    low, high = np.maximum(one[:2], others[:, :2]), np.minimum(one[2:], others[:, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return both / ((one[2] - one[0]) * (one[3] - one[1]) + areas - both)


# ---------------------------------------------------------------- boxes: BCCD


def plant_boxes(source: Path, folder: Path, seed: int) -> dict[str, list[Planted]]:
    """Remove, rename, shift and add boxes of BCCD, each as often.

    Args:
        source: The folder of BCCD.
        folder: The copy.
        seed: Draws what is changed.

    Returns:
        What was changed, by split.
    """
    (folder / "Annotations").mkdir(parents=True)
    shutil.copytree(source / "ImageSets", folder / "ImageSets")
    os.symlink((source / "JPEGImages").resolve(), folder / "JPEGImages")
    planted = {}
    for number, split in enumerate(("train", "val", "test")):
        stems = (source / "ImageSets" / "Main" / f"{split}.txt").read_text().split()
        trees = {stem: ElementTree.parse(source / "Annotations" / f"{stem}.xml") for stem in stems}
        planted[split] = plant_in_split(trees, np.random.default_rng([seed, number]))
        for stem, tree in trees.items():
            tree.write(folder / "Annotations" / f"{stem}.xml")
    return planted


def plant_in_split(trees: dict[str, ElementTree.ElementTree], rng: np.random.Generator) -> list[Planted]:
    """Change 5 % of the boxes of some images."""
    boxes = [
        (stem, thing)
        for stem, tree in trees.items()
        for thing in root_of(tree).findall("object")
        if real(thing)
    ]
    sizes: dict[str, list[tuple[float, float]]] = {name: [] for name in CELLS}
    for _, thing in boxes:
        x1, y1, x2, y2 = corners_of(thing)
        sizes[name_of(thing)].append((x2 - x1, y2 - y1))
    chosen = rng.choice(len(boxes), round(SHARE * len(boxes)), replace=False).tolist()
    found = []
    for place, number in enumerate(chosen):
        stem, thing = boxes[number]
        how = (removed, renamed, shifted, added)[place % 4]
        if (one := how(stem, root_of(trees[stem]), thing, sizes, rng)) is not None:
            found.append(one)
    return found


Sizes = dict[str, list[tuple[float, float]]]


def removed(
    stem: str, root: ElementTree.Element, thing: ElementTree.Element, sizes: Sizes, rng: np.random.Generator
) -> Planted:
    """An object that is not annotated any more."""
    root.remove(thing)
    return Planted(stem, "removed", corners_of(thing), given=name_of(thing))


def renamed(
    stem: str, root: ElementTree.Element, thing: ElementTree.Element, sizes: Sizes, rng: np.random.Generator
) -> Planted:
    """An object of another class."""
    before = name_of(thing)
    after = str(rng.choice([name for name in CELLS if name != before]))
    set_text(thing, "name", after)
    return Planted(stem, "renamed", corners_of(thing), given=after, right=before)


def shifted(
    stem: str, root: ElementTree.Element, thing: ElementTree.Element, sizes: Sizes, rng: np.random.Generator
) -> Planted:
    """A box that is moved by 15 to 40 % of its width and of its height; where it would leave the image, back."""
    before = corners_of(thing)
    width, height = image_size(root)
    wide, high = before[2] - before[0], before[3] - before[1]
    steps = rng.uniform(0.15, 0.4, 2) * rng.choice([-1, 1], 2)
    x, y = round(before[0] + steps[0] * wide), round(before[1] + steps[1] * high)
    if not 0 <= x <= width - wide:
        x = round(before[0] - steps[0] * wide)
    if not 0 <= y <= height - high:
        y = round(before[1] - steps[1] * high)
    after = (x, y, x + wide, y + high)
    place_at(thing, after)
    return Planted(stem, "shifted", after, before, name_of(thing), name_of(thing))


def added(
    stem: str, root: ElementTree.Element, thing: ElementTree.Element, sizes: Sizes, rng: np.random.Generator
) -> Planted | None:
    """A box of the chosen object's class and another one's size, where hardly anything is; None if there is no room."""
    others = np.array([corners_of(one) for one in root.findall("object")])
    width, height = image_size(root)
    name = name_of(thing)
    for _ in range(500):
        wide, high = sizes[name][int(rng.integers(len(sizes[name])))]
        if wide >= width or high >= height:
            continue
        x, y = float(rng.integers(int(width - wide))), float(rng.integers(int(height - high)))
        box = (x, y, x + wide, y + high)
        if iou(box, others).max(initial=0.0) < 0.1:
            made = ElementTree.fromstring(ElementTree.tostring(thing))
            place_at(made, box)
            root.append(made)
            return Planted(stem, "added", box, given=name)
    return None


def root_of(tree: ElementTree.ElementTree) -> ElementTree.Element:
    """The root of a file."""
    return cast(ElementTree.Element, tree.getroot())


def real(thing: ElementTree.Element) -> bool:
    """Whether a box has an area."""
    x1, y1, x2, y2 = corners_of(thing)
    return x2 > x1 and y2 > y1


def name_of(thing: ElementTree.Element) -> str:
    """The class of an object."""
    return str(thing.findtext("name"))


def corners_of(thing: ElementTree.Element) -> Corners:
    """The corners as the file has them."""
    x1, y1, x2, y2 = (float(thing.findtext(f"bndbox/{side}") or 0) for side in SIDES)
    return x1, y1, x2, y2


def place_at(thing: ElementTree.Element, box: Corners) -> None:
    """Write whole corners."""
    for side, edge in zip(SIDES, box, strict=True):
        set_text(thing, f"bndbox/{side}", str(round(edge)))


def set_text(thing: ElementTree.Element, path: str, text: str) -> None:
    """Write a text into an element that is there."""
    cast(ElementTree.Element, thing.find(path)).text = text


def image_size(root: ElementTree.Element) -> tuple[int, int]:
    """Width and height."""
    return int(root.findtext("size/width") or 0), int(root.findtext("size/height") or 0)


# ---------------------------------------------------------------- labels: UCI HAR


def plant_labels(source: Path, folder: Path, seed: int) -> dict[str, list[Planted]]:
    """Give 5 % of the windows of UCI HAR another label, each of the others as probable.

    Args:
        source: The folder of HAR.
        folder: The copy.
        seed: Draws what is changed.

    Returns:
        What was changed, by split; a key is the number of the row in its array.
    """
    folder.mkdir(parents=True)
    arrays = dict(np.load(source / "har.npz"))
    planted = {}
    for number, split in enumerate(("train", "test")):
        rng = np.random.default_rng([seed, number])
        labels, names = arrays[f"y_{split}"], arrays["classes"].tolist()
        rows = np.sort(rng.choice(len(labels), round(SHARE * len(labels)), replace=False))
        shifts = rng.integers(1, len(names), len(rows))
        found = []
        for row, shift in zip(rows.tolist(), shifts.tolist(), strict=True):
            before, after = int(labels[row]), (int(labels[row]) + shift) % len(names)
            labels[row] = after
            found.append(Planted(str(row), "label", given=names[after], right=names[before]))
        planted[split] = found
    np.savez(folder / "har.npz", **arrays)
    return planted


# ---------------------------------------------------------------- masks: CamVid


def plant_masks(source: Path, folder: Path, seed: int) -> dict[str, list[Planted]]:
    """Let regions of CamVid leak, paint them as another class, or paint them over, each as often.

    Args:
        source: The folder of CamVid.
        folder: The copy.
        seed: Draws what is changed.

    Returns:
        What was changed, by split: 5 % of the regions of 0.3 % of an image and more.
    """
    planted = {}
    for number, split in enumerate(("train", "val", "test")):
        rng = np.random.default_rng([seed, number])
        pairs = [line.split() for line in (source / f"{split}.txt").read_text().splitlines() if line]
        masks = {image: np.array(Image.open(source / mask)) for image, mask in pairs}
        regions = [(image, *one) for image, mask in masks.items() for one in regions_of(mask)]
        chosen = rng.choice(len(regions), round(SHARE * len(regions)), replace=False).tolist()
        found = []
        for place, i in enumerate(chosen):
            image, value, inside = regions[i]
            how = (leaked, repainted, painted_over)[place % 3]
            one = how(masks[image], value, inside, rng)
            if one is not None:
                found.append(Planted(image, how.__name__, *one))
        planted[split] = found
        write_masks(source, folder, split, pairs, masks)
    return planted


def write_masks(
    source: Path, folder: Path, split: str, pairs: Sequence[Sequence[str]], masks: dict[str, np.ndarray]
) -> None:
    """Write the masks of a split; images are linked."""
    lines = []
    for image, mask in pairs:
        (folder / mask).parent.mkdir(parents=True, exist_ok=True)
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(masks[image]).save(folder / mask)
        os.symlink((source / image).resolve(), folder / image)
        lines.append(f"{image} {mask}\n")
    (folder / f"{split}.txt").write_text("".join(lines))


def regions_of(mask: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """The connected regions of a mask that are large enough: class and pixels (Y, X)."""
    found = []
    for value in range(len(ROAD)):
        numbers, count = ndimage.label(mask == value)
        sizes = np.bincount(numbers.ravel(), minlength=count + 1)
        found += [(value, numbers == n) for n in range(1, count + 1) if sizes[n] >= LEAST_REGION * mask.size]
    return found


Change = tuple[Corners, None, str, str]


def changed(mask: np.ndarray, inside: np.ndarray, value: int) -> Change | None:
    """Paint pixels with a class; None if too few would change."""
    inside = inside & (mask != value) & (mask != UNKNOWN)
    if inside.sum() < LEAST_REGION * mask.size / 2:
        return None
    before = int(np.bincount(mask[inside], minlength=len(ROAD)).argmax())
    mask[inside] = value
    rows, columns = np.nonzero(inside)
    box = (float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
    return box, None, ROAD[value], ROAD[before]


def leaked(mask: np.ndarray, value: int, inside: np.ndarray, rng: np.random.Generator) -> Change | None:
    """A region that runs over its border to one side, by 15 to 40 pixels, around one point of the border."""
    border = np.argwhere(ndimage.binary_dilation(inside) & ~inside & (mask != UNKNOWN))
    if not len(border):
        return None
    row, column = border[int(rng.integers(len(border)))].tolist()
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    radius = float(rng.uniform(15, 40))
    return changed(mask, (rows - row) ** 2 + (columns - column) ** 2 <= radius**2, value)


def repainted(mask: np.ndarray, value: int, inside: np.ndarray, rng: np.random.Generator) -> Change | None:
    """A region of another class."""
    others = [other for other in range(len(ROAD)) if other != value]
    return changed(mask, inside, int(rng.choice(others)))


def painted_over(mask: np.ndarray, value: int, inside: np.ndarray, rng: np.random.Generator) -> Change | None:
    """A region that is painted with the class around it, as if it had been overlooked."""
    around = mask[ndimage.binary_dilation(inside, iterations=3) & ~inside]
    around = around[around != UNKNOWN]
    if not len(around):
        return None
    return changed(mask, inside, int(np.bincount(around).argmax()))


PLANTERS: dict[str, Callable[[Path, Path, int], dict[str, list[Planted]]]] = {
    "bccd": plant_boxes,
    "har": plant_labels,
    "camvid": plant_masks,
}


def plant(name: str, source: Path, folder: Path, seed: int) -> dict[str, list[Planted]]:
    """Plant mistakes into a copy of a data set and keep a list of them beside it; the same list if it is there.

    Args:
        name: bccd, har or camvid.
        source: The folder of the data set.
        folder: The copy.
        seed: Draws what is changed.

    Returns:
        What was changed, by split.
    """
    listed = folder / "planted.json"
    if listed.exists():
        known = json.loads(listed.read_text())
        return {split: [Planted(**one) for one in those] for split, those in known.items()}
    shutil.rmtree(folder, ignore_errors=True)
    planted = PLANTERS[name](source, folder, seed)
    written = {split: [asdict(one) for one in those] for split, those in planted.items()}
    listed.write_text(json.dumps(written))
    return planted
