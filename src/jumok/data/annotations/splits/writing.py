"""Writes data sets, split by split: completely or not at all, and never two images to one place."""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet
from jumok.data.annotations.coco.writing import coco_text
from jumok.data.annotations.cvat.writing import write_cvat
from jumok.data.annotations.finding import USUAL_SPLITS
from jumok.data.annotations.labelme.writing import write_labelme
from jumok.data.annotations.labelstudio.writing import write_labelstudio
from jumok.data.annotations.masks.class_masks import mask_names, write_masks
from jumok.data.annotations.splits.detecting import ALL
from jumok.data.annotations.splits.reading import Format, ImageTransfer, Splits
from jumok.data.annotations.voc.writing import write_voc
from jumok.data.annotations.yolo.writing import has_polygons, write_yolo, write_yolo_file
from jumok.data.cache.place import hidden_name
from jumok.data.tables.faults import UnreadableFile
from jumok.data.tables.listing import composed
from jumok.data.tables.open_text import is_file
from jumok.errors import DataError, JumokError
from jumok.files import unwritable, write_file_atomically

YOLO_SPLITS = ("train", "val", "test")


def write_splits(splits: Splits, target: Path, kind: Format, images: ImageTransfer) -> None:
    """Write a data set to a new folder, or to one COCO file, completely or not at all.

    A target that ends in .json is the COCO file of the only split; one that ends in .yaml is the data.yaml.

    Args:
        splits: The sets by name.
        target: The path to write.
        kind: The format.
        images: Whether images are copied, linked or left.

    Raises:
        DataError: If the target exists, or the data cannot be written.
    """
    folder = target if target.suffix not in (".json", ".yaml", ".yml") else target.parent
    if kind in ("labelme", "cvat", "labelstudio") and folder != target:
        raise DataError(f"{target}: name a new folder, into which the files are written")
    if kind == "coco" and folder != target:
        write_coco_file(splits, target, images)
        return
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty; name a folder that does not exist yet")
    temporary = hidden_name(folder.absolute())
    try:
        temporary.mkdir(parents=True)
        write_folder(splits, temporary, kind, images, "data.yaml" if folder == target else target.name)
        with suppress(FileNotFoundError):
            folder.rmdir()  # an empty one gives way
        os.rename(temporary, folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable)) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_coco_file(splits: Splits, target: Path, images: ImageTransfer) -> None:
    """Write the one split into a COCO file; raises DataError if there are several."""
    if len(splits) > 1:
        raise DataError(
            f"{target} holds one split, but there are {', '.join(splits)}; choose one with --split, or name a folder"
        )
    if images != "none":
        raise DataError(f"{target} is a file; to have images beside it name a folder, or say --images none")
    if target.exists():
        raise DataError(f"{target} exists already; choose another name")
    (data,) = splits.values()
    try:
        text = coco_text(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file_atomically(target, text.encode())
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable)) from None
    except OSError as error:
        raise unwritable(target, error) from error


def yolo_names(splits: Splits) -> Splits:
    """The splits renamed to train, val and test, which YOLO's trainers expect, if that is clear."""
    told = [next((usual for usual in YOLO_SPLITS if usual in name.lower()), name) for name in splits]
    if len(told) == 1 and told[0] not in YOLO_SPLITS:
        told = ["train"]
    return dict(zip(told, splits.values(), strict=True)) if len(set(told)) == len(told) else splits


def write_folder(splits: Splits, folder: Path, kind: Format, images: ImageTransfer, yolo_file: str) -> None:
    """Write all splits into a folder.

    Args:
        splits: The sets by name.
        folder: The folder.
        kind: The format.
        images: Whether images are copied, linked or left.
        yolo_file: Name of the data.yaml.
    """
    check_names(splits, kind)
    splits = yolo_names(splits) if kind == "yolo" or kind == "labelme" and len(splits) > 1 else splits
    outlines = any(has_polygons(data) for data in splits.values())
    for name, data in splits.items():
        below = image_folder(folder, name, kind, alone=len(splits) == 1)
        if kind == "coco":
            (folder / f"{name}.json").write_text(coco_text(data), encoding="utf-8")
        elif kind == "voc":
            write_voc(data, folder, name)
        elif kind == "yolo":
            write_yolo(data, folder, name, outlines)
        elif kind == "masks":
            write_masks(data, folder, name)
        elif kind == "labelme":
            write_labelme(data, below)
        below.mkdir(parents=True, exist_ok=True)
        for image in data.images:
            place_image(image, below / image.name, images)
    names = next(iter(splits.values())).names
    if kind == "cvat":
        write_cvat(splits, folder, ALL)
    if kind == "labelstudio":
        write_labelstudio(splits, folder)
    if kind == "yolo":
        write_yolo_file(names, folder, list(splits), yolo_file)
    if kind == "masks":
        text = json.dumps(mask_names(names), ensure_ascii=False)
        (folder / "classes.json").write_text(text + "\n", encoding="utf-8")


def image_folder(folder: Path, split: str, kind: Format, alone: bool) -> Path:
    """The folder of the images of a split.

    Args:
        folder: The folder of the data set.
        split: Name of the split.
        kind: The format.
        alone: Whether there is no other split.

    Returns:
        The folder.
    """
    if kind == "voc":
        return folder / "JPEGImages"
    if kind == "labelme":  # whose files stand beside the images
        return folder if alone and split not in USUAL_SPLITS else folder / split
    return folder / "images" if kind == "cvat" and split == ALL else folder / "images" / split


def check_names(splits: Splits, kind: Format) -> None:
    """Refuse two images with one target, and names that lead out of the folder; raises DataError.

    Names are compared without case and form of Unicode, because Windows and macOS do not distinguish them.
    """
    taken: dict[str, tuple[str, AnnotatedImage]] = {}
    for name, data in splits.items():
        for image in data.images:
            if ".." in Path(name, image.name).parts or Path(image.name).is_absolute():
                raise DataError(f"{image.place.file}: {image.name!r} leads out of the folder; rename it")
            own = image.name if kind in ("coco", "cvat", "labelstudio") else image.stem
            key = composed(own if kind == "voc" else f"{name}/{own}").casefold()
            split, first = taken.setdefault(key, (name, image))
            if first is image:
                continue
            if first.path == image.path and split == name:
                raise DataError(
                    f"{image.path} occurs twice in {name}; remove one, or pass --skip to merge them"
                )
            if kind != "voc" or first.path != image.path or first.annotations != image.annotations:
                raise collision(first, image)


def collision(one: AnnotatedImage, other: AnnotatedImage) -> JumokError:
    """The error for two images that would be written under one name."""
    ways = "rename one" if one.name == other.name else "rename one, or convert to COCO"
    return DataError(f"{one.path} and {other.path} would both be written as {other.stem}; {ways}")


def place_image(image: AnnotatedImage, target: Path, images: ImageTransfer) -> None:
    """Copy or link an image; on another disk the link is symbolic.

    Args:
        image: The image.
        target: The path to write.
        images: Whether to copy or to link.
    """
    if images == "none" or target.exists():
        return
    if not is_file(image.path):
        place = image.place.fault(
            f"lists {image.path}, which does not exist", "fix it, or pass --images none", "missing_file"
        )
        raise DataError(str(place))
    target.parent.mkdir(parents=True, exist_ok=True)
    if images == "copy":
        shutil.copyfile(image.path, target)
        return
    try:
        os.link(image.path, target)
    except OSError:
        os.symlink(image.path.absolute(), target)


def count_splits(splits: Mapping[str, AnnotatedSet]) -> dict[str, dict[str, int]]:
    """The number of images and annotations of each split."""
    return {
        name: {"images": len(data.images), "annotations": data.annotation_count}
        for name, data in splits.items()
    }
