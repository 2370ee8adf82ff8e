"""Detect which data are at a path, as an experiment file would name them."""

import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from jumok.data.annotations.box_tables.reading import is_box_table
from jumok.data.annotations.class_names import names_file_of_masks, numbered_names
from jumok.data.annotations.masks.pairs import paired
from jumok.data.annotations.splits.detecting import DetectedSource as Annotations
from jumok.data.annotations.splits.detecting import look_at, split_names
from jumok.data.annotations.yolo.labels import NO_LABELS
from jumok.data.images.mask_images import load_mask
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.open_text import decode_line, raw_lines
from jumok.errors import DataError
from jumok.experiment.found_arrays import find_arrays
from jumok.experiment.found_series import (
    MOST_LABELS,
    FoundSeries,
    SourceSettings,
    find_series_table,
    is_recording,
)
from jumok.wording import quantity

OutputName = Literal["text", "boxes", "mask", "series"]
MOST_TABLES = 50  # of a folder that are looked into
SPLIT_WORDS = {
    "train": ("train", "training"),
    "valid": ("valid", "val", "validation", "dev"),
    "test": ("test",),
}
TABLES = (".tsv", ".csv", ".jsonl", ".parquet")
PAIRED_MASK_FOLDERS = ("masks", "labels", "annotations", "annots", "SegmentationClass")
PAIRED_IMAGE_FOLDERS = ("images", "imgs", "JPEGImages")
LABEL_NAMES = (
    "label",
    "class",
    "category",
    "라벨",
    "레이블",
    "클래스",
)  # columns whose cells are surely labels
READ_ROWS = 2000  # of a table, for whether cells of a column repeat
FEWEST_ROWS = 4
LONGEST_LABEL = 40  # characters
LOOKED_INTO = 50  # masks, for the values of their pixels
MOST_CLASSES = 100  # that masks are believed to have
IGNORED = 255


@dataclass(frozen=True)
class Found:
    """Detected data by split, and the output they are for."""

    output: OutputName
    splits: Mapping[str, SourceSettings]  # train, and perhaps valid and test
    columns: tuple[str, ...] = ()  # of a table, as its first line names them
    labels: tuple[str, ...] = ()  # of these columns, those whose cells repeat, so that they are labels
    series: FoundSeries | None = None  # series with what is answered to them


def find_data(path: Path, wanted: str | None = None) -> Found:
    """Detect the data at a path, for an output of the kind `wanted`; raises DataError if nothing is recognized."""
    series = find_series(path)
    if series is not None:
        return series
    if path.is_file() and is_table(path) and not is_box_table(path):
        return tables({"train": path})
    inside = {table_stem(file): file for file in tables_in(path)}
    if inside:
        return tables(by_split(inside) or {"train": next(iter(inside.values()))})
    known = look_at(path)
    if known is not None:
        return annotations(known)
    return find_named_images(path) if wanted == "text" and path.is_dir() else masks(path)


def find_series(path: Path) -> Found | None:
    """Detect series: arrays, a table of them, or a folder with such tables; DataError where they have no answers."""
    arrays = path.is_file() and path.suffix.lower() == ".npz"
    if arrays or (path.is_dir() and any(path.glob("*.npy"))) and not tables_in(path):
        return series_of({"train": find_arrays(path)})
    if path.is_file() and path.suffix.lower() == ".npy":
        remedy = "put it into a folder with an array of answers, or save both in one .npz file"
        raise DataError(f"{path}: is one array, which says no answers; {remedy}")
    if path.is_file():
        one = find_series_table(path) if is_table(path) and not is_box_table(path) else None
        return None if one is None else series_of({"train": one})
    candidates = tables_in(path)
    found = {table_stem(file): find_series_table(file) for file in candidates[:MOST_TABLES]}
    known = {name: one for name, one in found.items() if one is not None}
    listing = {name: one for name, one in known.items() if "table" in one.source}
    if (
        not listing
        and len(candidates) > len(SPLIT_WORDS)
        and all(map(is_recording, candidates[:MOST_TABLES]))
    ):
        problem = (
            f"{path}: holds {quantity(len(candidates), 'recording')}, but no table of what to answer to each"
        )
        raise DataError(
            f"{problem}; write one beside them, with a column of their names and one of labels or values"
        )
    chosen = listing or known
    return series_of(by_split(chosen) or {"train": next(iter(chosen.values()))}) if chosen else None


def table_stem(file: Path) -> str:
    """The name of a file without suffixes: train of train.csv.gz."""
    return file.stem.removesuffix(Path(file.stem).suffix)


def series_of(parts: Mapping[str, FoundSeries]) -> Found:
    """Detected series by split; those of train say what the fields are."""
    train = parts["train"]
    splits = {name: dict(one.source) for name, one in parts.items() if one.inputs == train.inputs}
    if train.splits:
        splits = {name: {**train.source, **own} for name, own in train.splits.items()}
    return Found("series", splits, series=train)


def annotations(known: Annotations) -> Found:
    """The splits of annotated images: one file each, or named splits of one source, or a single one."""
    if known.files:
        files = by_split(known.files)
        return Found("boxes", {split: {known.format: file} for split, file in files.items()})
    if not known.has_splits:
        return Found("boxes", {"train": {known.format: known.path}})
    names = by_split({name: name for name in split_names(known)})
    if known.format in ("labelme", "object_masks"):
        return Found("boxes", {split: {known.format: known.path / name} for split, name in names.items()})
    return Found("boxes", {split: {known.format: known.path, "split": name} for split, name in names.items()})


def by_split(names: Mapping[str, Any]) -> dict[str, Any]:
    """Which names are train, valid and test: an equal name, or else the first that contains the word."""
    found: dict[str, Any] = {}
    for split, words in SPLIT_WORDS.items():
        equal = [names[word] for word in words if word in names]
        close = [value for name, value in names.items() if any(word in name.lower() for word in words)]
        if equal or close:
            found[split] = (equal or close)[0]
    if "train" not in found and names:
        rest = [value for value in names.values() if value not in found.values()]
        return {"train": rest[0], **found} if rest else {}
    return found


def is_table(path: Path) -> bool:
    """Whether the file name ends like a table, compressed or not."""
    return path.name.lower().removesuffix(".gz").endswith(TABLES)


def tables_in(path: Path) -> list[Path]:
    """The tables in a folder that are no tables of boxes, sorted by name."""
    found = sorted(file for file in path.iterdir() if is_table(file)) if path.is_dir() else []
    return [file for file in found if not is_box_table(file)]


def tables(files: Mapping[str, Path]) -> Found:
    """Detected tables of texts, one file per split."""
    columns = column_names(files["train"])
    sources = {split: {"table": file} for split, file in files.items()}
    return Found("text", sources, columns, label_columns(files["train"], columns))


def label_columns(file: Path, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns of a .tsv or .csv file that hold labels: by their names, or because few different cells repeat."""
    with suppress(UnreadableFile, csv.Error):
        lines = (decode_line(file, number, raw) for number, raw in enumerate(raw_lines(file), start=1))
        texts = (f"{line}\n" for line in islice(lines, READ_ROWS) if isinstance(line, str))
        is_tabbed = file.name.lower().removesuffix(".gz").endswith(".tsv")
        rows = [text.rstrip("\r\n").split("\t") for text in texts] if is_tabbed else list(csv.reader(texts))
        cells = [
            [row[place].strip() for row in rows[1:] if place < len(row)] for place in range(len(columns))
        ]
        pairs = zip(columns, cells, strict=True)
        return tuple(name for name, own in pairs if name.lower() in LABEL_NAMES or are_labels(own))
    return ()


def are_labels(cells: Sequence[str]) -> bool:
    """Whether the cells of a column are so few different ones, and so short, that they are believed to be classes."""
    filled = [cell for cell in cells if cell]
    different = set(filled)
    repeat = len(filled) >= FEWEST_ROWS and 2 * len(different) <= len(filled)
    few = len(different) <= MOST_LABELS or 10 * len(different) <= len(filled)
    return repeat and few and all(len(cell) <= LONGEST_LABEL for cell in different)


def column_names(file: Path) -> tuple[str, ...]:
    """The first line of a .tsv or .csv file; empty if it cannot be read."""
    name = file.name.lower().removesuffix(".gz")
    if not name.endswith((".tsv", ".csv")):
        return ()
    try:
        first = decode_line(file, 1, next(iter(raw_lines(file)), b""))
    except UnreadableFile:
        return ()
    if isinstance(first, Fault):
        return ()
    line = first.rstrip("\r")
    return tuple(line.split("\t") if name.endswith(".tsv") else next(csv.reader([line]), []))


def masks(path: Path) -> Found:
    """Detected masks in folders or lists, each split with its images; raises DataError if nothing can be paired."""
    texts = [path] if path.is_file() else sorted(path.glob("*.txt"))
    lists = {file.stem: file for file in texts if file.name not in NO_LABELS}
    if lists:
        sources: dict[str, SourceSettings] = {
            split: {"masks": file} for split, file in by_split(lists).items()
        }
    else:
        sources = mask_folders(path)
    pairs = paired(sources["train"]["masks"], sources["train"].get("images"))
    if not pairs.images:
        why = str(pairs.faults[0]) if pairs.faults else f"{path}: holds no images"
        raise DataError(f"{why}; where the names of images say what is written in them, add --kind text")
    values = [image.mask for image in pairs.images if image.mask is not None]
    classes = names_of_values(sources["train"]["masks"], placeholder_names(values))
    return Found("mask", {split: {**source, "classes": classes} for split, source in sources.items()})


def mask_folders(path: Path) -> dict[str, SourceSettings]:
    """The folder of masks of each split, and the folder of its images if it is another one."""
    of_masks = inner_folder(path, PAIRED_MASK_FOLDERS) or path
    of_images = inner_folder(path, PAIRED_IMAGE_FOLDERS) or inner_folder(path.parent, PAIRED_IMAGE_FOLDERS)
    splits = folders_by_split(of_masks) or {"train": of_masks}
    found: dict[str, SourceSettings] = {split: {"masks": folder} for split, folder in splits.items()}
    for source in found.values() if of_images is not None and of_images != of_masks else ():
        source["images"] = of_images / source["masks"].relative_to(of_masks)
    return found


def folders_by_split(path: Path) -> dict[str, Path]:
    """The sub-folders that are called train, valid or test; none without train."""
    folders = {one.name: one for one in sorted(path.iterdir()) if one.is_dir()}
    splits = {
        split: one for split, one in by_split(folders).items() if one.name.lower() in SPLIT_WORDS[split]
    }
    return splits if "train" in splits else {}


def find_named_images(path: Path) -> Found:
    """Detected images whose file names are their text."""
    splits = folders_by_split(path) or {"train": path}
    return Found("text", {split: {"files": folder} for split, folder in splits.items()}, ("image", "text"))


def inner_folder(path: Path, names: tuple[str, ...]) -> Path | None:
    """The first of these sub-folders that exists."""
    return next((path / name for name in names if (path / name).is_dir()), None)


def names_of_values(masks: Path, usual: list[str] | dict[str, Any]) -> list[str] | dict[str, Any]:
    """The names in the list beside masks, if it has one for each value; else the usual ones. Raises DataError."""
    file = names_file_of_masks(masks)
    try:
        names = numbered_names(file, file.read_bytes()) if file.is_file() else ()
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable)) from None
    return list(names) if isinstance(usual, list) and len(names) >= len(usual) else usual


def placeholder_names(masks: Sequence[Path]) -> list[str] | dict[str, Any]:
    """Placeholder names for the values or colours in masks, to be replaced by the user."""
    values: set[int] = set()
    colours: set[tuple[int, ...]] = set()
    for file in masks[:LOOKED_INTO]:
        try:
            mask = load_mask(file)
        except DataError:
            continue
        if mask.ndim == 2:
            values.update(np.unique(mask).tolist())
        else:
            colours.update(map(tuple, np.unique(mask.reshape(-1, mask.shape[-1]), axis=0).tolist()))
    if colours and len(colours) <= MOST_CLASSES:
        return {placeholder_name(number): list(colour) for number, colour in enumerate(sorted(colours))}
    if values == {0, IGNORED}:
        return {"background": 0, "object": IGNORED}
    highest = max(values - {IGNORED}, default=1)
    return [
        placeholder_name(number) for number in range(max(1, highest if highest < MOST_CLASSES else 1) + 1)
    ]


def placeholder_name(number: int) -> str:
    """A placeholder name for a class of which only the number is known."""
    return "background" if number == 0 else f"class{number}"
