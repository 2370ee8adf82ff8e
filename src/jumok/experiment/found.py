"""What data lie at a path, as an experiment file would name them: for a file to start from."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from jumok.data.annotations.splits import recognized, split_names
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.images import SUFFIXES
from jumok.data.mask_images import load_mask
from jumok.data.reading import decoded, raw_lines
from jumok.errors import DataError

Output = Literal["text", "boxes", "mask"]
Source = dict[str, Any]  # as under train:
PARTS = {"train": ("train", "training"), "valid": ("valid", "val", "validation", "dev"), "test": ("test",)}
TABLES = (".tsv", ".csv", ".jsonl", ".parquet")
MASK_FOLDERS = ("masks", "labels", "annotations", "annots", "SegmentationClass")
IMAGE_FOLDERS = ("images", "imgs", "JPEGImages")
LOOKED_INTO = 50  # masks, for the values of their pixels
MOST_CLASSES = 100  # that masks are believed to have
IGNORED = 255


@dataclass(frozen=True)
class Found:
    """The parts of some data, and what a model of them could be."""

    output: Output
    parts: Mapping[str, Source]  # train, and perhaps valid and test
    columns: tuple[str, ...] = ()  # of a table, as its first line names them


def find_data(path: Path) -> Found:
    """The data at a path; DataError where nothing is known to lie there."""
    if path.is_file() and is_table(path):
        return tables({"train": path})
    inside = {file.stem.removesuffix(Path(file.stem).suffix): file for file in tables_in(path)}
    if inside:
        return tables(parted(inside) or {"train": next(iter(inside.values()))})
    kind = recognized(path)
    if kind == "masks":
        return masks(path)
    if kind == "coco":
        return Found("boxes", {part: {"coco": file} for part, file in coco_files(path).items()})
    source = path / "data.yaml" if kind == "yolo" and path.is_dir() else path
    names = parted({name: name for name in split_names(source, kind)})
    return Found("boxes", {part: {kind: source, "split": name} for part, name in names.items()})


def parted(names: Mapping[str, Any]) -> dict[str, Any]:
    """Which of several names is train, valid and test: an equal one, or else the first that holds the word."""
    found: dict[str, Any] = {}
    for part, words in PARTS.items():
        equal = [names[word] for word in words if word in names]
        close = [value for name, value in names.items() if any(word in name.lower() for word in words)]
        if equal or close:
            found[part] = (equal or close)[0]
    if "train" not in found and names:
        rest = [value for value in names.values() if value not in found.values()]
        return {"train": rest[0], **found} if rest else {}
    return found


def is_table(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(TABLES)


def tables_in(path: Path) -> list[Path]:
    return sorted(file for file in path.iterdir() if is_table(file)) if path.is_dir() else []


def tables(files: Mapping[str, Path]) -> Found:
    columns = column_names(files["train"])
    return Found("text", {part: {"table": file} for part, file in files.items()}, columns)


def column_names(file: Path) -> tuple[str, ...]:
    """What the first line of a .tsv or .csv file says; nothing where it cannot be read."""
    name = file.name.lower().removesuffix(".gz")
    if not name.endswith((".tsv", ".csv")):
        return ()
    try:
        first = decoded(file, 1, next(iter(raw_lines(file)), b""))
    except UnreadableFile:
        return ()
    if isinstance(first, Fault):
        return ()
    line = first.rstrip("\r")
    return tuple(line.split("\t") if name.endswith(".tsv") else next(csv.reader([line]), []))


def coco_files(path: Path) -> dict[str, Path]:
    """The JSON file of each part."""
    files = {file.stem: file for file in sorted(path.glob("*.json"))} if path.is_dir() else {path.stem: path}
    return parted(files)


def masks(path: Path) -> Found:
    """Masks in folders, each part with its images, or in lists."""
    if not path.is_dir():
        return Found("mask", {"train": {"masks": path, "classes": ["background", "object"]}})
    lists = {file.stem: file for file in sorted(path.glob("*.txt"))}
    of_masks = inner_folder(path, MASK_FOLDERS) or path
    of_images = inner_folder(path, IMAGE_FOLDERS) or inner_folder(path.parent, IMAGE_FOLDERS)
    classes = class_names(of_masks)
    if "train" in parted(lists) and lists:
        return Found(
            "mask", {part: {"masks": file, "classes": classes} for part, file in parted(lists).items()}
        )
    folders = {one.name: one for one in sorted(of_masks.iterdir()) if one.is_dir()}
    parts = {part: one for part, one in parted(folders).items() if one.name.lower() in PARTS[part]}
    if "train" not in parts:
        parts = {"train": of_masks}
    if of_images is None:
        raise DataError(
            f"{path}: no images were found for these masks; name the folder that holds images/ and masks/"
        )
    return Found("mask", {part: pair(one, of_masks, of_images, classes) for part, one in parts.items()})


def pair(folder: Path, of_masks: Path, of_images: Path, classes: Any) -> Source:
    """A folder of masks with that of its images."""
    return {"masks": folder, "images": of_images / folder.relative_to(of_masks), "classes": classes}


def inner_folder(path: Path, names: tuple[str, ...]) -> Path | None:
    return next((path / name for name in names if (path / name).is_dir()), None)


def class_names(folder: Path) -> list[str] | dict[str, Any]:
    """Names to be replaced by a person: one for each value, or for each colour with it."""
    values: set[int] = set()
    colours: set[tuple[int, ...]] = set()
    for file in islice(images_below(folder), LOOKED_INTO):
        try:
            mask = load_mask(file)
        except DataError:
            continue
        if mask.ndim == 2:
            values.update(np.unique(mask).tolist())
        else:
            colours.update(map(tuple, np.unique(mask.reshape(-1, mask.shape[-1]), axis=0).tolist()))
    if colours and len(colours) <= MOST_CLASSES:
        return {name_of(number): list(colour) for number, colour in enumerate(sorted(colours))}
    if values == {0, IGNORED}:
        return {"background": 0, "object": IGNORED}
    highest = max(values - {IGNORED}, default=1)
    return [name_of(number) for number in range(max(1, highest if highest < MOST_CLASSES else 1) + 1)]


def name_of(number: int) -> str:
    return "background" if number == 0 else f"class{number}"


def images_below(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file())
