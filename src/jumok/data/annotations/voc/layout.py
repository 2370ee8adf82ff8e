"""The layout of a Pascal VOC data set: with lists of its splits, or only images and XML files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jumok.data.annotations.finding import IMAGE_FOLDERS, USUAL_SPLITS
from jumok.data.tables.faults import Fault
from jumok.data.tables.listing import entries, is_hidden
from jumok.data.tables.open_text import is_file, is_folder
from jumok.errors import did_you_mean

SPLIT_NAMES = {"val": ("val", "valid"), "valid": ("valid", "val")}  # that mean the same
XML_FOLDERS = ("Annotations", "annotations", "xmls", "xml", "labels", "Labels")


@dataclass(frozen=True)
class Layout:
    """The folders and files of a split."""

    annotations: Path  # the folder that names of XML files start at
    images: tuple[Path, ...]  # folders that images may be in, the likeliest first
    lists: Path | None = None  # the names of the split; without it all XML files are taken


def find_layout(folder: Path, split: str | None, images: Path | None) -> Layout | Fault:
    """The layout of a split, or the fault of what is missing.

    Args:
        folder: The folder of the data set.
        split: The split; None if the folder has no lists of splits.
        images: The folder of the images; None looks where VOC has them.

    Returns:
        The layout or the fault.
    """
    if not is_folder(folder):
        what = "is no folder" if is_file(folder) else "does not exist"
        return Fault(str(folder), None, what, "name the folder of images and XML files", "missing_file")
    given = (images,) if images is not None else ()
    lists = voc_splits(folder)
    if split in lists:
        found = next((folder / name for name in XML_FOLDERS[:2] if is_folder(folder / name)), folder)
        near = given or (*(folder / name for name in IMAGE_FOLDERS), found, folder)
        return Layout(found, tuple(near), folder / "ImageSets" / "Main" / f"{split}.txt")
    if lists:
        where, told = folder / "ImageSets" / "Main", f"has no list {split}.txt"
        if split is None:
            where, told = folder, "has lists of its splits in ImageSets/Main"
        hint = did_you_mean(split or "", lists).removeprefix("; ")
        remedy = f"say which one, like split: {lists[0]}" if split is None else hint
        return Fault(str(where), None, told, remedy, "missing_file")
    return without_lists(folder, split, given)


def without_lists(folder: Path, split: str | None, given: tuple[Path, ...]) -> Layout | Fault:
    """The folders of images and XML files; those of a split if a folder has its name."""
    for place in xml_places(folder, split):
        if next(xml_below(place), None) is not None:
            below = place.relative_to(folder).parts
            rest = below[1:] if below and below[0] in XML_FOLDERS else below
            beside = [folder.joinpath(name, *rest) for name in IMAGE_FOLDERS]
            beside += [folder.parent / name for name in IMAGE_FOLDERS] if folder.name in XML_FOLDERS else []
            there = [other for other in beside if is_folder(other)]
            return Layout(place, given or (place, *there))
    if split is not None and next(xml_below(folder), None) is not None:
        problem = f"has neither a list ImageSets/Main/{split}.txt nor a folder {split} of XML files"
        remedy = "remove split: to read all XML files, and divide them by data.split"
        return Fault(str(folder), None, problem, remedy, "missing_file")
    problem = "is not a Pascal VOC folder: it has no ImageSets/Main and no XML files"
    return Fault(str(folder), None, problem, "name the folder of images and XML files", "missing_file")


def xml_places(folder: Path, split: str | None) -> list[Path]:
    """The folders that may hold the XML files of a split, or of all."""
    if split is None:
        named = [folder / name for name in XML_FOLDERS]
        return [*(place for place in named if is_folder(place)), folder]
    tops = [folder, *(folder / name for name in XML_FOLDERS)]
    names = SPLIT_NAMES.get(split, (split,))
    own = [folder] if folder.absolute().name.lower() in names else []
    return [*own, *(top / name for name in names for top in tops if is_folder(top / name))]


def xml_below(folder: Path) -> Iterator[Path]:
    """The XML files in a folder and below, unsorted, found one by one."""
    for name in entries(folder):
        path = folder / name
        if is_hidden([name]):
            continue
        if name.lower().endswith(".xml") and is_file(path):
            yield path
        elif is_folder(path) and not path.is_symlink():
            yield from xml_below(path)


def voc_splits(folder: Path) -> list[str]:
    """The names of the lists in ImageSets/Main/."""
    names = entries(folder / "ImageSets" / "Main")
    return [name.removesuffix(".txt") for name in names if name.endswith(".txt") and not is_hidden([name])]


def split_folders(folder: Path) -> list[str]:
    """The sub-folders train, valid and test with XML files, as Roboflow writes them."""
    tops = [folder, *(folder / name for name in XML_FOLDERS if is_folder(folder / name))]
    return [
        name
        for name in USUAL_SPLITS
        if any(next(xml_below(top / name), None) for top in tops if is_folder(top / name))
    ]


def watched_folders(folder: Path, split: str | None) -> list[Path]:
    """The folders that decide the layout."""
    lists = folder / "ImageSets" / "Main"
    return [lists, *([lists / f"{split}.txt"] if split else []), *xml_places(folder, split)]
