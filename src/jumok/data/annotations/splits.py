"""Data sets, split by split: what format lies somewhere, and reading and writing it."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from jumok.data.annotations.coco import coco_text, read_coco
from jumok.data.annotations.masks import write_masks
from jumok.data.annotations.picture import AnnotatedSet, Class, Picture
from jumok.data.annotations.voc import read_voc
from jumok.data.annotations.voc_layout import voc_splits
from jumok.data.annotations.voc_writing import write_voc
from jumok.data.annotations.yolo import read_yolo
from jumok.data.annotations.yolo_file import read_yolo_file
from jumok.data.annotations.yolo_writing import has_polygons, write_yolo, write_yolo_file
from jumok.data.faults import UnreadableFile
from jumok.data.folder import hidden_name
from jumok.data.reading import is_file
from jumok.errors import DataError, JumokError, did_you_mean
from jumok.files import unwritable, write_file_atomically

Format = Literal["coco", "voc", "yolo", "masks"]
Images = Literal["copy", "link", "none"]
Splits = dict[str, AnnotatedSet]
YOLO_SPLITS = ("train", "val", "test")
USUAL = ("train", "val", "valid", "test")  # of many lists, those that share no image


def recognized(source: Path) -> Format:
    """The format that lies at a path."""
    if not source.exists():
        raise DataError(f"{source}: does not exist; name a COCO .json, a VOC folder or a YOLO data.yaml")
    if source.suffix.lower() in (".yaml", ".yml"):
        return "yolo"
    if source.suffix.lower() in (".json", ".gz"):
        return "coco"
    if (source / "ImageSets").is_dir() or (source / "Annotations").is_dir():
        return "voc"
    if source.is_dir() and any(source.glob("*.json")):
        return "coco"
    if source.is_dir() and (source / "data.yaml").is_file():
        return "yolo"
    return "masks"


def read_splits(source: Path, images: Path | None = None, wanted: Sequence[str] = ()) -> Splits:
    """The splits of a data set: those that are wanted, or all that share no images."""
    kind = recognized(source)
    if kind == "masks":
        raise DataError(
            f"{source} holds masks, which say the class of each pixel but not where one object ends and the next "
            "begins; boxes cannot be made of them; name a COCO .json, a VOC folder or a YOLO data.yaml"
        )
    if kind == "yolo" and source.is_dir():
        source = source / "data.yaml"
    found = split_names(source, kind)
    for name in wanted:
        if name not in found:
            raise DataError(f"{source} has no split {name!r}{did_you_mean(name, found)}")
    usual = [name for name in USUAL if name in found]
    return {name: read_split(source, kind, name, images) for name in wanted or usual or found}


def split_names(source: Path, kind: Format) -> list[str]:
    if kind == "voc":
        names = voc_splits(source)
    elif kind == "yolo":
        try:
            names = list(read_yolo_file(source).splits)
        except UnreadableFile as unreadable:
            raise DataError(str(unreadable)) from None
    else:
        names = [file.stem for file in sorted(source.glob("*.json"))] if source.is_dir() else [source.stem]
    if not names:
        raise DataError(
            f"{source} has no splits; expected ImageSets/Main/train.txt, or train: in a data.yaml"
        )
    return names


def read_split(source: Path, kind: Format, name: str, images: Path | None) -> AnnotatedSet:
    if kind == "voc":
        return read_voc(source, name)
    if kind == "yolo":
        return read_yolo(source, name)
    return read_coco(source / f"{name}.json" if source.is_dir() else source, images)


def same_classes(splits: Splits) -> Splits:
    """The splits with the classes of all of them, for formats that have one list for a data set."""
    lists = [data.classes for data in splits.values()]
    if all(classes == lists[0] for classes in lists):
        return splits
    by_name: dict[str, Class] = {}
    for classes in lists:
        for one in classes:
            by_name.setdefault(one.name, one)
    union = tuple(by_name.values())
    if all(one.id is None for one in union):  # VOC, which knows no order
        union = tuple(sorted(union, key=lambda one: one.name))
    return {name: replace(data, classes=union) for name, data in splits.items()}


def write_splits(splits: Splits, target: Path, kind: Format, images: Images) -> None:
    """Write a data set to a folder that is not there yet, or to one COCO file; whole or not at all.

    A path that ends in .json is the COCO file of the only split; one that ends in .yaml is the data.yaml.
    """
    folder = target if target.suffix not in (".json", ".yaml", ".yml") else target.parent
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


def write_coco_file(splits: Splits, target: Path, images: Images) -> None:
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
    """The splits under the names train, val and test, which YOLO's trainers look for, where they can be told."""
    told = [next((usual for usual in YOLO_SPLITS if usual in name.lower()), name) for name in splits]
    if len(told) == 1 and told[0] not in YOLO_SPLITS:
        told = ["train"]
    return dict(zip(told, splits.values(), strict=True)) if len(set(told)) == len(told) else splits


def write_folder(splits: Splits, folder: Path, kind: Format, images: Images, yolo_file: str) -> None:
    """Write all splits into a folder."""
    check_names(splits, kind)
    splits = yolo_names(splits) if kind == "yolo" else splits
    outlines = any(has_polygons(data) for data in splits.values())
    for name, data in splits.items():
        if kind == "coco":
            (folder / f"{name}.json").write_text(coco_text(data), encoding="utf-8")
        elif kind == "voc":
            write_voc(data, folder, name)
        elif kind == "yolo":
            write_yolo(data, folder, name, outlines)
        else:
            write_masks(data, folder, name)
        below = folder / "JPEGImages" if kind == "voc" else folder / "images" / name
        below.mkdir(parents=True, exist_ok=True)
        for picture in data.pictures:
            place_image(picture, below / picture.name, images)
    names = next(iter(splits.values())).names
    if kind == "yolo":
        write_yolo_file(names, folder, list(splits), yolo_file)
    if kind == "masks":
        text = json.dumps(["outside", *names], ensure_ascii=False)
        (folder / "classes.json").write_text(text + "\n", encoding="utf-8")


def check_names(splits: Splits, kind: Format) -> None:
    """Refuse two images that would be written to one place, and names that lead out of the folder."""
    taken: dict[str, Picture] = {}
    for name, data in splits.items():
        for picture in data.pictures:
            if ".." in Path(name, picture.name).parts or Path(picture.name).is_absolute():
                raise DataError(f"{picture.place.file}: {picture.name!r} leads out of the folder; rename it")
            key = (
                picture.stem
                if kind == "voc"
                else f"{name}/{picture.name if kind == 'coco' else picture.stem}"
            )
            if key in taken and (kind != "voc" or taken[key].path != picture.path):
                raise collision(taken[key], picture)
            taken[key] = picture


def collision(one: Picture, other: Picture) -> JumokError:
    return DataError(
        f"{one.path} and {other.path} would both be written as {other.stem}; rename one, or convert to COCO"
    )


def place_image(picture: Picture, target: Path, images: Images) -> None:
    """Copy an image, or give it a second name; one on another disk gets a symbolic link."""
    if images == "none" or target.exists():
        return
    if not is_file(picture.path):
        place = picture.place.fault(
            f"lists {picture.path}, which does not exist", "mend it, or pass --images none", "missing_file"
        )
        raise DataError(str(place))
    target.parent.mkdir(parents=True, exist_ok=True)
    if images == "copy":
        shutil.copyfile(picture.path, target)
        return
    try:
        os.link(picture.path, target)
    except OSError:
        os.symlink(picture.path.absolute(), target)


def counts(splits: Mapping[str, AnnotatedSet]) -> dict[str, dict[str, int]]:
    """How many pictures and annotations each split has."""
    return {
        name: {"pictures": len(data.pictures), "annotations": data.annotation_count}
        for name, data in splits.items()
    }
