"""Which masks belong to which image in a folder of one mask for each object, and what new masks are called."""

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from time import time_ns

from jumok.data.annotations.annotated import utf8_names
from jumok.data.annotations.masks.object_masks import (
    MASKS_FOLDER,
    ObjectMasks,
    class_folder,
    folders_of_images,
    of_image_folders,
)
from jumok.data.cache.states import FileState, is_settled, state_of
from jumok.data.tables.listing import composed, is_hidden
from jumok.errors import DataError
from jumok.labelling.refusals import no_place_for_class

MOST_NEW = 10_000  # numbers that are tried for the name of a new mask


@dataclass(frozen=True, slots=True)
class MaskedImage:
    """An image with the names of its masks below a folder, and their classes where names say them."""

    key: str
    path: Path
    folder: Path  # that names of masks start at
    answer: Path  # the folder that says, where there are no masks, that there are no objects
    masks: Mapping[str, str | None]
    is_empty: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether there are masks, or a folder for them."""
        return bool(self.masks) or self.is_empty


@dataclass
class FolderStates:
    """The states of folders when they were listed."""

    known: dict[Path, FileState] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether one of them must be listed again."""
        return not self.known or any(state_of(path) != state for path, state in self.known.items())

    def take(self, paths: Collection[Path], before: Mapping[Path, FileState], began: int) -> None:
        """Keep the states that folders had before they were listed.

        Args:
            paths: The folders.
            before: States of some of them before that; others are looked at again next time.
            began: When they were listed.
        """
        self.known = {
            path: before[path] if path in before and is_settled(before[path], began) else [] for path in paths
        }


class ObjectMaskPlaces(ABC):
    """The images of a folder with their masks, listed again where a folder has changed."""

    @abstractmethod
    def images(self) -> Mapping[str, MaskedImage]:
        """The images by their keys, in their order; the same objects while nothing has changed."""

    @abstractmethod
    def find(self, key: str) -> MaskedImage | None:
        """One of them, as it stands on the disk now."""

    @abstractmethod
    def names(self, image: MaskedImage, name: str | None, number: int) -> Sequence[str]:
        """What a mask could be called, without suffix.

        Args:
            image: Its image.
            name: Its class, None for the usual one.
            number: A number for it.

        Returns:
            Names below the folder of masks, the best first.
        """

    @abstractmethod
    def is_named(self, image: MaskedImage, name: str | None, path: str) -> bool:
        """Whether a mask of this name, without suffix, would be read as one of this image and class."""

    def new_name(self, image: MaskedImage, name: str | None, taken: Collection[str]) -> str:
        """The name of a new mask; DataError if none would say its class.

        Args:
            image: Its image.
            name: Its class, None for the usual one.
            taken: Names that cannot be had.

        Returns:
            The name.
        """
        for number in range(1, MOST_NEW):
            fitting = [one for one in self.names(image, name, number) if self.is_named(image, name, one)]
            if not fitting:
                break
            one = f"{fitting[0]}.png"
            if one not in taken and not os.path.lexists(image.folder / one):
                return one
        raise no_place_for_class(image.folder, name or "")


class FoldersOfImages(ObjectMaskPlaces):
    """A folder for each image, with images/ and masks/ in it."""

    def __init__(self, folder: Path, excluded: Collection[Path] = ()) -> None:
        self._folder, self._excluded = folder, frozenset(map(os.path.realpath, excluded))
        self._whole = FolderStates()
        self._places: dict[Path, tuple[FolderStates, MaskedImage | None]] = {}
        self._keys: dict[str, Path] = {}

    def images(self) -> Mapping[str, MaskedImage]:
        """The images by their keys, in the order of their folders."""
        if self._whole.changed:
            before, began = {self._folder: state_of(self._folder)}, time_ns()
            own = folders_of_images(self._folder)
            self._places = {place: self._places.get(place, (FolderStates(), None)) for place in own}
            self._whole.take([self._folder], before, began)
        found = [image for place in self._places if (image := self._listed(place)) is not None]
        counts: dict[str, int] = {}
        for one in found:
            counts[one.path.name] = counts.get(one.path.name, 0) + 1
        images = {}
        for one in found:
            key = one.path.name if counts[one.path.name] == 1 else one.key
            images[key] = replace(one, key=key)
        self._keys = {key: one.answer.parent for key, one in images.items()}
        return images

    def find(self, key: str) -> MaskedImage | None:
        """One of the images; only its own folder is looked at."""
        place = self._keys.get(key)
        one = None if place is None or place not in self._places else self._listed(place)
        if one is None:
            return self.images().get(key)
        return replace(one, key=key)

    def names(self, image: MaskedImage, name: str | None, number: int) -> Sequence[str]:
        """A number, in the folder of the class unless it is the usual one."""
        return [str(number) if name is None else f"{name}/{number}"]

    def is_named(self, image: MaskedImage, name: str | None, path: str) -> bool:
        """Whether the folder of a mask says its class."""
        parts = PurePosixPath(path).parts
        return (
            len(parts) == (1 if name is None else 2)
            and class_folder(Path(path)) == name
            and not is_hidden(parts)
        )

    def _listed(self, place: Path) -> MaskedImage | None:
        """The image of a folder; None if it holds none, or one of another split."""
        states, known = self._places[place]
        if not states.changed:
            return known
        within = [place, place / "images", place / MASKS_FOLDER]
        before, began = {path: state_of(path) for path in (*within, *states.known)}, time_ns()
        found = of_image_folders(self._folder, [place])
        image = None
        for one in found.images:
            if os.path.realpath(one.image) not in self._excluded:
                masks = place / MASKS_FOLDER
                key = one.image.relative_to(self._folder).as_posix()
                image = MaskedImage(key, one.image, masks, masks, named_masks(one, masks), one.is_empty)
        states.take([path for path in (*within, *found.looked_at) if path != self._folder], before, began)
        self._places[place] = states, image
        return image


def stem_key(name: str) -> str:
    """The name of an image without suffix, as masks are compared with it."""
    return composed(PurePosixPath(name).with_suffix("").as_posix())


def named_masks(one: ObjectMasks, folder: Path) -> dict[str, str | None]:
    """The classes of the masks of an image by their names below a folder; DataError for a name that is no UTF-8."""
    _, faults = utf8_names(path for path, _ in one.masks)
    if faults:
        raise DataError(str(faults[0]))
    return {path.relative_to(folder).as_posix(): name for path, name in one.masks}
