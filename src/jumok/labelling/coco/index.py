"""Which records of a COCO file belong to which image on the disk."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jumok.data.annotations.annotated import AnnotatedImage
from jumok.data.annotations.coco.fields import Id
from jumok.data.annotations.finding import find_images, folders_beside
from jumok.data.images.reading import SUFFIXES
from jumok.data.tables.listing import files_below
from jumok.labelling.coco.document import CocoDocument, ListedImage
from jumok.labelling.objects.record_list import TextRecord


@dataclass(slots=True)
class CocoItem:
    """An image that the file lists, with its records."""

    key: str
    image: AnnotatedImage
    owner: Id  # the id of its record
    images: list[TextRecord]  # more than one, if it is listed several times
    annotations: list[TextRecord] = field(default_factory=list)
    fault: str = ""  # why its record cannot be used

    @property
    def texts(self) -> list[str]:
        """The texts of all its records."""
        return [record.text for record in (*self.images, *self.annotations)]


@dataclass(frozen=True, slots=True)
class CocoIndex:
    """The images of a file by their keys, and where others like them would be."""

    items: dict[str, CocoItem]
    folder: Path  # that names start at
    within: tuple[Path, ...]  # folders of it that hold the images


def index_of(document: CocoDocument, images: Path | None) -> CocoIndex:
    """Find the images of a file on the disk.

    Args:
        document: The file.
        images: The folder that names start at; searched for by default.

    Returns:
        The index.
    """
    listed = [one for one in document.images() if one.name]
    found = find_images(document.path, [one.name for one in listed], images)
    by_path: dict[Path, CocoItem] = {}
    by_id: dict[Id, CocoItem] = {}
    keys: set[str] = set()
    for one, path, name in zip(listed, found.paths, found.names, strict=True):
        key = name if name not in keys else str(path)
        item = by_path.get(path)
        if item is None or (item.fault and not one.fault):
            item = by_path[path] = item_of(one, path, key, item)
        elif not one.fault:
            item.images.append(one.record)
        keys.add(item.key)
        if one.image is not None and one.image.id is not None:
            by_id[one.image.id] = item
    for record in document.lists["annotations"].records:
        if record.owner in by_id:
            by_id[record.owner].annotations.append(record)
    items = {item.key: item for item in by_path.values()}
    if images is None and not listed:
        folder = folder_with_images(document.path)
        return CocoIndex(items, folder, (folder,))
    within = (found.folder,) if images is not None else places_below(found.folder, found.names)
    return CocoIndex(items, found.folder, within)


def folder_with_images(file: Path) -> Path:
    """The folder of images that a file without any is about: its own, or else the first beside it that has some."""
    if files_below(file.parent, SUFFIXES).files:
        return file.parent
    beside = (folder for folder in folders_beside(file) if files_below(folder, SUFFIXES).files)
    return next(beside, file.parent)


def item_of(one: ListedImage, path: Path, key: str, other: CocoItem | None) -> CocoItem:
    """The item of an image record.

    Args:
        one: The record.
        path: The image on the disk.
        key: The name of the item.
        other: The item of a faulty record of the same image.

    Returns:
        The item.
    """
    image = one.image
    known = image if image is not None else AnnotatedImage(path, key, one.place)
    named = replace(known, path=path, name=key)
    owner = image.id if image is not None and image.id is not None else 0
    return CocoItem(other.key if other else key, named, owner, [one.record], fault=one.fault)


def places_below(folder: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """The sub-folders that all names are in, or the folder itself if some are not."""
    tops = list(dict.fromkeys(name.split("/")[0] for name in names if "/" in name))
    return (folder,) if any("/" not in name for name in names) else tuple(folder / top for top in tops)
