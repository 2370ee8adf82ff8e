"""Folders of one mask for each object, whose pixels above 0 are the object.

Either each image has a folder of its own, with images/ and masks/ in it (as the nuclei of the Data Science Bowl 2018),
or masks/ beside images/ holds a folder for each image, or masks named after their image: a_1.png and a_2.png, or
a_cat_1.png, of a.jpg. Folders in masks/ that are called otherwise are classes: masks/cat/a_1.png.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from jumok.data.annotations.annotated import (
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    SourceLocation,
    classes_in,
    header_size,
    nothing_but,
    utf8_names,
)
from jumok.data.annotations.masks.pairs import BEGINNINGS, FOLDERS, MASK_WORDS
from jumok.data.annotations.shapes import Shape, shape_of_pixels
from jumok.data.images.mask_images import read_mask
from jumok.data.images.reading import SUFFIXES, Size
from jumok.data.tables.faults import Fault, UnreadableFile, fail
from jumok.data.tables.listing import composed, entries, files_below, is_hidden, printable
from jumok.data.tables.open_text import is_folder, nearest_file
from jumok.wording import quantity

MASKS_FOLDER = "masks"
OBJECT = "object"  # the class where neither options nor names say one
PEEKED = 5  # folders that decide whether images have folders of their own
WORD = re.compile(r"[^\W\d_]{2,}")  # of a name, that may be a class


@dataclass
class ObjectMasks:
    """An image with the masks of its objects, and their classes where names say them."""

    image: Path
    name: str
    masks: list[tuple[Path, str | None]] = field(default_factory=list)
    is_empty: bool = False  # whether it has a folder of masks, with none in it


@dataclass
class MaskFolder:
    """What a folder of object masks holds."""

    images: list[ObjectMasks] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)  # masks of no image
    faults: list[Fault] = field(default_factory=list)
    looked_at: list[Path] = field(default_factory=list)


def read_object_masks(
    folder: Path, images: Path | None = None, classes: Sequence[str] | None = None
) -> AnnotatedSet:
    """Read images with one mask for each object.

    Args:
        folder: The folder of the folders of images, or that of masks/ and images/, or the folder of masks.
        images: The folder of images, if it is another one.
        classes: Names of the classes; by default those in names of files or folders, or else "object".

    Returns:
        The images with their objects and the faults.
    """
    if not is_folder(folder):
        problem = "is no folder" if folder.exists() else "does not exist"
        return nothing_but(Fault(str(folder), None, problem, nearest_file(folder), "missing_file"), folder)
    found = list_object_masks(folder, images)
    if not any(one.masks or one.is_empty for one in found.images):
        problem = "holds no images with masks of their objects"
        remedy = "name the folder that holds images/ and masks/, or a folder of those for each image"
        return nothing_but(Fault(str(folder), None, problem, remedy, "missing_file"), *found.looked_at)
    reading = ObjectMaskReader(folder, classes[0] if classes and len(classes) == 1 else OBJECT)
    bare = [one.image for one in found.images if not one.masks and not one.is_empty]
    read = [reading.annotated_image(one) for one in found.images if one.image not in bare]
    faults = [no_image(path) for path in found.unknown]
    return AnnotatedSet(
        classes_in(read, classes),
        tuple(read),
        (*found.faults, *faults, *reading.faults),
        remarks=tuple(bare_remarks(folder, bare)),
        looked_at=(*found.looked_at, *(mask for one in found.images for mask, _ in one.masks)),
    )


def bare_remarks(folder: Path, bare: Sequence[Path]) -> Iterator[Fault]:
    """A remark about images without masks."""
    if bare:
        problem = f"{quantity(len(bare), 'image')} without masks left out, like {printable(bare[0])}"
        yield Fault(
            str(folder),
            None,
            problem,
            "make an empty folder of masks for an image without objects",
            "no_labels",
        )


def no_image(path: Path) -> Fault:
    """The fault of a mask of no image."""
    return Fault(
        str(path),
        None,
        "is the mask of no image",
        "call it like its image: a_1.png of a.jpg",
        "unknown_image",
    )


class ObjectMaskReader:
    """Reads masks and collects faults."""

    def __init__(self, folder: Path, usual: str) -> None:
        self.folder, self.usual = folder, usual
        self.faults: list[Fault] = []

    def annotated_image(self, one: ObjectMasks) -> AnnotatedImage:
        """An image with the outlines of its objects."""
        size = header_size(one.image)
        objects = [] if isinstance(size, Fault) else list(self.objects(one, size))
        return AnnotatedImage(one.image, one.name, SourceLocation(str(one.image), None), None, tuple(objects))

    def objects(self, one: ObjectMasks, size: Size) -> Iterator[Annotation]:
        """The objects of an image whose masks can be read."""
        for path, name in one.masks:
            try:
                shape = object_shape(path, size)
            except UnreadableFile as unreadable:
                self.faults.append(unreadable.fault)
                continue
            place = SourceLocation(str(path), None)
            yield Annotation(shape.box, name or self.usual, place, segmentation=shape.outline)


def object_shape(path: Path, size: Size) -> Shape:
    """The object in a mask; raises UnreadableFile.

    Args:
        path: The mask.
        size: Size of the image.

    Returns:
        Box and outline.
    """
    painted = object_pixels(path, read_mask(path), size)
    shape = shape_of_pixels(painted, 0, 0, size.width, size.height)
    if shape is None:
        raise nothing_painted(path)
    return shape


def object_pixels(path: Path, values: np.ndarray, size: Size) -> np.ndarray:
    """The pixels of the object in a mask; raises UnreadableFile.

    Args:
        path: The mask, for messages.
        values: Its numbers (Y, X), or colours (Y, X, 3).
        size: Size of the image.

    Returns:
        True (Y, X) for pixels of the object.
    """
    if values.shape[:2] != (size.height, size.width):
        problem = f"is {Size(values.shape[1], values.shape[0])}, but its image is {size}"
        raise fail(path, None, problem, "save the mask for this image", "mask_size")
    painted = np.asarray(values.any(-1) if values.ndim == 3 else values > 0)
    kinds = len(np.unique(values[painted], axis=0))
    if kinds > 1:
        problem = f"holds {kinds} values above 0, expected the one object of a mask"
        remedy = "save a mask for each object; where each value is an object, say masks: and instances: true"
        raise fail(path, None, problem, remedy, "mask_value")
    if not kinds:
        raise nothing_painted(path)
    return painted


def nothing_painted(path: Path) -> UnreadableFile:
    """The error for a mask of no object."""
    return fail(path, None, "has no pixel above 0", "paint the object, or remove the file", "mask_value")


def list_object_masks(folder: Path, images: Path | None = None) -> MaskFolder:
    """The images of a folder with the masks of their objects, whichever way it is ordered."""
    own = folders_of_images(folder)
    if own:
        return of_image_folders(folder, own)
    masks, beside = masks_and_images(folder)
    place = images or next((one for one in beside if is_folder(one) and one != masks), None)
    if place is None:
        return MaskFolder(looked_at=[folder, *beside])
    return of_two_folders(masks, place)


def masks_and_images(folder: Path) -> tuple[Path, list[Path]]:
    """The folder of masks in or at a folder, and where the one of their images may be."""
    masks = folder / MASKS_FOLDER if is_folder(folder / MASKS_FOLDER) else folder
    return masks, [above / name for above in dict.fromkeys((masks.parent, folder)) for name in FOLDERS]


def folders_of_images(folder: Path) -> list[Path]:
    """The folders in a folder that hold images/, if any of them holds masks/, too."""
    inside = [folder / name for name in entries(folder) if not is_hidden([name]) and is_folder(folder / name)]
    own = [one for one in inside if is_folder(one / "images")]
    return own if any(is_folder(one / MASKS_FOLDER) for one in own) else []


def images_in(folder: Path) -> list[Path]:
    """The images in a folder and below."""
    return files_below(folder, SUFFIXES).files


def of_image_folders(folder: Path, own: Sequence[Path]) -> MaskFolder:
    """The images of folders that hold one each."""
    found = MaskFolder(looked_at=[folder])
    for place in own:
        images, faults = utf8_names(images_in(place / "images"))
        found.faults += faults
        found.looked_at += [place, place / "images", place / MASKS_FOLDER]
        if len(images) != 1:
            problem = f"holds {quantity(len(images), 'image')}, expected one"
            remedy = "put each image into a folder of its own"
            found.faults.append(Fault(str(place / "images"), None, problem, remedy, "missing_image"))
            continue
        below = files_below(place / MASKS_FOLDER, SUFFIXES) if is_folder(place / MASKS_FOLDER) else None
        masks = (
            [(path, class_folder(path.relative_to(place / MASKS_FOLDER))) for path in below.files]
            if below
            else []
        )
        found.looked_at += below.folders if below else []
        one = ObjectMasks(images[0], images[0].name, masks, is_empty=below is not None and not masks)
        found.images.append(one)
    return found


def class_folder(path: Path) -> str | None:
    """The class of a mask by the folder that it lies in; None if there is none."""
    return composed(path.parent.name) or None


def of_two_folders(masks: Path, images: Path) -> MaskFolder:
    """The images of one folder with the masks of another."""
    listed = files_below(images, SUFFIXES)
    below = files_below(masks, SUFFIXES)
    found = MaskFolder(looked_at=[*listed.folders, *below.folders])
    good, faults = utf8_names(listed.files)
    found.faults += faults
    by_stem: dict[str, ObjectMasks] = {}
    for path in good:
        name = path.relative_to(images).as_posix()
        stem = composed(str(Path(name).with_suffix("").as_posix()))
        is_empty = is_folder(masks / Path(name).with_suffix(""))
        by_stem.setdefault(stem, ObjectMasks(path, name, is_empty=is_empty))
    for path in below.files:
        said = mask_owner(composed(path.relative_to(masks).with_suffix("").as_posix()), by_stem)
        if said is None:
            found.unknown.append(path)
        else:
            by_stem[said[0]].masks.append((path, said[1]))
    found.images = list(by_stem.values())
    return found


def mask_owner(name: str, images: Mapping[str, ObjectMasks]) -> tuple[str, str | None] | None:
    """The image of a mask by its name without suffix, and its class if the name says one; None without image."""
    folder, _, last = name.rpartition("/")
    if folder in images:
        return folder, None
    for whole, kind in ((name, None), (last, folder.rpartition("/")[2] or None)):
        for end in range(len(whole), 0, -1):
            if whole[:end] in images and (end == len(whole) or whole[end] in BEGINNINGS):
                return whole[:end], kind or class_word(whole[end:])
    return None


def class_word(rest: str) -> str | None:
    """The class in what follows the name of an image: cat in _cat_1."""
    words = [word for word in WORD.findall(rest) if not MASK_WORDS.search(word)]
    return " ".join(words) or None


def is_object_masks(folder: Path) -> bool:
    """Whether a folder holds masks of single objects, by its names."""
    own = folders_of_images(folder)
    if own:
        return all(len(images_in(one / "images")) == 1 for one in own[:PEEKED])
    if not is_folder(folder / MASKS_FOLDER):
        return False
    found = list_object_masks(folder)
    return not found.unknown and any(len(one.masks) > 1 for one in found.images)
