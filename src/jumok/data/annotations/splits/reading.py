"""Reads data sets, split by split, in any format."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from jumok.classes import Class
from jumok.data.annotations.annotated import AnnotatedSet, header_size
from jumok.data.annotations.box_tables.reading import read_box_table
from jumok.data.annotations.coco.reading import read_coco
from jumok.data.annotations.cvat.reading import read_cvat
from jumok.data.annotations.finding import USUAL_SPLITS
from jumok.data.annotations.labelme.reading import read_labelme
from jumok.data.annotations.labelstudio.reading import read_labelstudio
from jumok.data.annotations.masks.object_masks import read_object_masks
from jumok.data.annotations.splits.detecting import DetectedSource, detect_format, split_names
from jumok.data.annotations.voc.reading import read_voc
from jumok.data.annotations.yolo.reading import read_yolo
from jumok.data.tables.faults import Fault
from jumok.errors import DataError, did_you_mean

Format = Literal["coco", "voc", "yolo", "masks", "labelme", "cvat", "labelstudio"]  # that can be written
ImageTransfer = Literal["copy", "link", "none"]
Splits = dict[str, AnnotatedSet]


def read_splits(source: Path, images: Path | None = None, wanted: Sequence[str] = ()) -> Splits:
    """Read the splits of a data set.

    Args:
        source: The path of the data set.
        images: The folder where names of images start; searched for by default.
        wanted: Names of splits; by default train, valid and test, or all.

    Returns:
        The sets by name.

    Raises:
        DataError: If a split does not exist.
    """
    found = detect_format(source)
    names = split_names(found)
    for name in wanted:
        if name not in names:
            raise DataError(f"{source} has no split {name!r}{did_you_mean(name, names)}")
    usual = [name for name in USUAL_SPLITS if name in names]
    return {name: read_split(found, name, images) for name in wanted or usual or names}


def read_split(source: DetectedSource, name: str, images: Path | None) -> AnnotatedSet:
    """Read one split of a source with the reader of its format.

    Args:
        source: The source, whose format is known.
        name: The split.
        images: The folder of the images; None looks near the annotations.

    Returns:
        The images with their annotations, and the faults.
    """
    split = name if source.has_splits else None
    if source.format == "voc":
        return read_voc(source.path, split, images=images)
    if source.format == "yolo":
        return read_yolo(source.path, name)
    if source.format == "labelme":
        return read_labelme(source.path / name if split else source.path, images)
    if source.format == "object_masks":
        return read_object_masks(source.path / name if split else source.path, images)
    if source.format == "cvat":
        return read_cvat(source.path, images, split)
    file = source.files.get(name, source.path)
    if source.format == "labelstudio":
        return read_labelstudio(file, images)
    return read_coco(file, images) if source.format == "coco" else read_box_table(file, images)


def unify_classes(splits: Splits) -> Splits:
    """The splits with one common list of classes, for formats that have one list per data set."""
    lists = [data.classes for data in splits.values()]
    if all(classes == lists[0] for classes in lists):
        return splits
    by_name: dict[str, Class] = {}
    for classes in lists:
        for one in classes:
            by_name.setdefault(one.name, one)
    union = tuple(by_name.values())
    if all(one.id is None for one in union):  # formats that know no order
        union = tuple(sorted(union, key=lambda one: one.name))
    return {name: replace(data, classes=union) for name, data in splits.items()}


def without_unreadable(splits: Splits, needed: bool) -> tuple[Splits, list[Path]]:
    """The splits without unreadable images, if the images or their sizes are `needed`; and those images."""
    left: list[Path] = []
    kept: Splits = {}
    for name, data in splits.items():
        good = []
        for image in data.images:
            wanted = needed or image.size is None
            if wanted and isinstance(header_size(image.path), Fault):
                left.append(image.path)
            else:
                good.append(image)
        kept[name] = replace(data, images=tuple(good))
    return kept, left
