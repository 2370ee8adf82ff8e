"""Images in one folder, and one mask for each of their objects in another; thousands of names are listed once."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from time import time_ns

from jumok.data.annotations.masks.object_masks import (
    ObjectMasks,
    folders_of_images,
    mask_owner,
    masks_and_images,
    of_two_folders,
)
from jumok.data.cache.states import state_of
from jumok.data.images.reading import SUFFIXES
from jumok.data.tables.listing import composed, is_hidden
from jumok.data.tables.open_text import is_folder
from jumok.errors import DataError
from jumok.labelling.object_masks.places import (
    FoldersOfImages,
    FolderStates,
    MaskedImage,
    ObjectMaskPlaces,
    named_masks,
    stem_key,
)


class TwoFolders(ObjectMaskPlaces):
    """A folder of images, and one of all masks."""

    def __init__(self, masks: Path, images: Path, excluded: Collection[Path] = ()) -> None:
        self._masks, self._images = masks, images
        self._excluded = frozenset(map(os.path.realpath, excluded))
        self._states = FolderStates()
        self._image_folders: list[Path] = []
        self._names: dict[Path, set[str]] = {}  # in each folder of masks
        self._found: dict[str, MaskedImage] = {}
        self._keys: dict[str, str] = {}  # of images by their names without suffix
        self._stems: dict[str, ObjectMasks] = {}

    def images(self) -> Mapping[str, MaskedImage]:
        """The images by their names below their folder."""
        if self._states.changed:
            before = {path: state_of(path) for path in (self._masks, self._images, *self._states.known)}
            began = time_ns()
            if not self._found or not self._update(before):
                before |= {path: state_of(path) for path in self._list_all() if path not in before}
            self._states.take([self._images, *self._names, *self._image_folders], before, began)
        return self._found

    def find(self, key: str) -> MaskedImage | None:
        """One of the images."""
        return self.images().get(key)

    def names(self, image: MaskedImage, name: str | None, number: int) -> Sequence[str]:
        """The name of the image with a number, in a folder of its own if there is one, or with the class."""
        stem = stem_key(image.key)
        last = stem.rpartition("/")[2]
        if name is not None:
            return [f"{name}/{last}_{number}", f"{stem}_{name}_{number}"]
        own = [f"{stem}/{number}"] if any(one.startswith(f"{stem}/") for one in image.masks) else []
        return [*own, f"{stem}_{number}", f"{stem}/{number}"]

    def is_named(self, image: MaskedImage, name: str | None, path: str) -> bool:
        """Whether the name of a mask leads to its image and class.

        Args:
            image: The image.
            name: The class, None for the usual one.
            path: The name, without suffix.

        Returns:
            Whether it does.
        """
        said = mask_owner(composed(path), self._stems)
        return said == (stem_key(image.key), name) and not is_hidden(PurePosixPath(path).parts)

    def _list_all(self) -> list[Path]:
        """List both folders anew; gives all folders."""
        listed = of_two_folders(self._masks, self._images)
        self._stems = {stem_key(one.name): one for one in listed.images}
        self._found = {}
        for one in listed.images:
            if os.path.realpath(one.image) not in self._excluded:
                answer = self._masks / PurePosixPath(one.name).with_suffix("")
                masks = named_masks(one, self._masks)
                self._found[one.name] = MaskedImage(
                    one.name, one.image, self._masks, answer, masks, one.is_empty
                )
        self._keys = {stem_key(key): key for key in self._found}
        below = [path for path in listed.looked_at if path == self._masks or self._masks in path.parents]
        self._image_folders = [path for path in listed.looked_at if path not in below]
        self._names = {path: entry_names(path) for path in below}
        return [*below, *self._image_folders]

    def _update(self, before: Mapping[Path, object]) -> bool:
        """Take the masks that came and went in folders that have changed; False where more has changed than those.

        Args:
            before: The states of the folders now.

        Returns:
            Whether all is listed.
        """
        if any(
            state_of(path) != self._states.known.get(path) for path in (self._images, *self._image_folders)
        ):
            return False
        for folder in [path for path in self._names if before.get(path) != self._states.known.get(path)]:
            if before.get(folder) is None:
                return False
            names = entry_names(folder)
            came, went = names - self._names[folder], self._names[folder] - names
            if not all(self._take(folder, name, name in came) for name in sorted(came | went)):
                return False
            self._names[folder] = names
        return True

    def _take(self, folder: Path, name: str, is_new: bool) -> bool:
        """Add or remove a mask; False if that is not all there is to do.

        Args:
            folder: Its folder.
            name: Its name there.
            is_new: Whether it has come.

        Returns:
            Whether it is done.
        """
        path = folder / name
        if path in self._names or is_folder(path):
            return is_new and path not in self._names and self._take_folder(path)
        if path.suffix.lower() not in SUFFIXES or is_hidden([name]):
            return True
        below = path.relative_to(self._masks)
        said = mask_owner(composed(below.with_suffix("").as_posix()), self._stems)
        key = None if said is None else self._keys.get(said[0])
        if said is not None and key is not None:
            masks = {**self._found[key].masks, below.as_posix(): said[1]}
            if not is_new:
                del masks[below.as_posix()]
            self._found[key] = replace(self._found[key], masks=masks)
        return True

    def _take_folder(self, path: Path) -> bool:
        """Add an empty folder, which may say that an image has no objects; False if it is not empty."""
        if entry_names(path):
            return False
        self._names[path] = set()
        key = self._keys.get(composed(path.relative_to(self._masks).as_posix()))
        if key is not None:
            self._found[key] = replace(self._found[key], is_empty=True)
        return True


def entry_names(folder: Path) -> set[str]:
    """All names in a folder, none where there is no folder."""
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


def mask_places(folder: Path, images: Path | None, excluded: Collection[Path]) -> ObjectMaskPlaces:
    """The images of a folder, whichever way it is ordered; DataError if it holds none.

    Args:
        folder: The folder.
        images: The folder of images, if it is another one.
        excluded: Images that belong to other splits.

    Returns:
        The images with their masks.
    """
    if folders_of_images(folder):
        return FoldersOfImages(folder, excluded)
    masks, beside = masks_and_images(folder)
    place = images or next((one for one in beside if is_folder(one) and one != masks), None)
    found = None if place is None else TwoFolders(masks, place, excluded)
    if found is None or not found.images():
        raise DataError(
            f"{folder}: holds no images with masks of their objects; name the folder that holds images/ and masks/, or "
            "a folder of those for each image"
        )
    return found
