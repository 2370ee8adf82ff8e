"""Where the mask of each image is, and where that of an image without one will be."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from jumok.data.annotations.finding import safe_name
from jumok.data.annotations.masks.pairs import (
    Pairs,
    images_beside,
    list_images,
    located,
    pair_by_name,
    parted,
    two_paths,
)
from jumok.data.cache.states import FileState, states_of
from jumok.data.images.reading import SUFFIXES
from jumok.data.tables.faults import Fault
from jumok.data.tables.listing import entries, files_below, is_hidden
from jumok.data.tables.text_form import plain_lines
from jumok.errors import DataError
from jumok.labelling.files.guarded_file import GuardedFile


class MaskPlace(NamedTuple):
    """An image and its mask."""

    image: Path
    mask: Path
    is_listed: bool = True  # whether readers find the mask, once it is there


class Naming(NamedTuple):
    """What stands before and after the name of an image in that of its mask."""

    before: str = ""
    after: str = ""

    def mask_of(self, stem: str) -> str:
        """The name of the mask of an image, both below their folders."""
        path = PurePosixPath(stem)
        return (path.parent / f"{self.before}{path.name}{self.after}.png").as_posix()


def naming_of(image: str, mask: str) -> Naming:
    """How masks are called, by the names of one image and of its mask, both without suffix."""
    own, other = PurePosixPath(image).name, PurePosixPath(mask).name
    if other.startswith(own):
        return Naming(after=other.removeprefix(own))
    return Naming(before=other.removesuffix(own)) if other.endswith(own) else Naming()


class MaskPlaces(Protocol):
    """Finds masks, and makes room for new ones."""

    place: Path  # the folder of masks, or the list

    def found(self) -> Mapping[str, MaskPlace]:
        """The masks of all images by the names of the images."""
        ...

    def accept(self) -> None:
        """Folders have changed, but only by a mask that was written here."""
        ...

    def list_new(self, key: str) -> None:
        """Have a new mask found by readers; DataError or RunError if that cannot be."""
        ...

    def unlist(self, key: str) -> None:
        """Take back `list_new`."""
        ...


class FolderOfMasks:
    """A folder of masks and one of images, or one with both, paired by names."""

    def __init__(self, masks: Path, images: Path | None, excluded: Collection[Path] = ()) -> None:
        self.place, self._given, self._excluded = masks, images, frozenset(excluded)
        self._states: dict[str, FileState] = {}  # of the folders that were read
        self._places: dict[str, MaskPlace] = {}

    def found(self) -> Mapping[str, MaskPlace]:
        """Images with masks, and images without; read again when a folder changes."""
        if not self._states or states_of(map(Path, self._states)) != self._states:
            pairs = Pairs(looked_at=[self.place])
            images = self._given or images_beside(self.place, pairs)
            states = states_of(dict.fromkeys((*pairs.looked_at, images)))
            pair_by_name(self.place, images, pairs)
            self._places = dict(sorted(self._found_in(pairs, images)))
            self._states = states_of(map(Path, dict.fromkeys(map(str, pairs.looked_at)))) | states
        return self._places

    def accept(self) -> None:
        """Take the folders as they are now."""
        self._states = states_of(map(Path, self._states))

    def list_new(self, key: str) -> None:
        """Readers find masks by their names."""

    def unlist(self, key: str) -> None:
        """Readers find masks by their names."""

    def _found_in(self, pairs: Pairs, images: Path) -> Iterator[tuple[str, MaskPlace]]:
        own = {one.path: one.mask for one in pairs.images if one.mask is not None}
        first = next(iter(own.items()), None)
        naming = Naming() if first is None else naming_of(first[0].stem, first[1].stem)
        asked = list_images(images, pairs)
        if images.resolve() == self.place.resolve():
            masks = set(own.values())
            asked = [path for path in parted(asked)[1] if path not in masks]
        for image in asked:
            key = image.relative_to(images)
            mask = own.get(image) or self.place / naming.mask_of(key.with_suffix("").as_posix())
            if image not in self._excluded and mask != image:
                yield key.as_posix(), MaskPlace(image, mask)


class ListOfMasks:
    """A list with `image mask` on each line; other images in the folders of those that are listed may follow."""

    def __init__(
        self, place: Path, folder: Path, excluded: Collection[Path] = (), new: Path | None = None
    ) -> None:
        """Read a list.

        Args:
            place: The list, which need not exist.
            folder: Where paths start.
            excluded: Images that are not labelled here.
            new: The folder of new masks where the list has none yet.
        """
        self.place, self.folder, self.new = place, folder, new
        self._excluded = frozenset(excluded)
        self._file = GuardedFile(place)
        self._file.tidy()
        self._data: bytes | None = None
        self._appended: dict[str, bytes] = {}  # lines that were added here
        self._states: dict[str, FileState] = {}
        self._places: dict[str, MaskPlace] = {}

    def found(self) -> Mapping[str, MaskPlace]:
        """Images that are listed, then others; read again when the list or a folder changes."""
        data = self._file.read()
        if not self._states or data is not self._data or states_of(map(Path, self._states)) != self._states:
            listed = dict(self._listed()) if data else {}
            folders = {one.image.parent for one in listed.values()} or {self.folder}
            self._states, self._data = states_of(folders), data
            self._places = listed | dict(self._unlisted(listed))
        return self._places

    def accept(self) -> None:
        """Take the folders as they are now."""
        self._states = states_of(map(Path, self._states))

    def list_new(self, key: str) -> None:
        """Append a line with an image and its mask, in the style of the last one."""
        with self._file.lock() as data:
            one = self.found()[key]
            if one.is_listed:
                return
            text = (data or b"").decode()
            last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
            line, end = self._line(last, one), "\r\n" if "\r\n" in text else "\n"
            added = end + line if text and not text.endswith("\n") else line + end
            self._file.replace((data or b"") + added.encode(), data)
            self._appended[key] = added.encode()
            self._places = {**self._places, key: one._replace(is_listed=True)}
            self._data = self._file.read()

    def unlist(self, key: str) -> None:
        """Remove the line of an image that was appended here."""
        with self._file.lock() as data:
            line = self._appended.pop(key, b"")
            if line and data is not None and data.count(line) == 1:
                self._file.replace(data.replace(line, b""), data)

    def _listed(self) -> Iterator[tuple[str, MaskPlace]]:
        """The pairs of all lines that can be read; of two lines with one image the first counts."""
        known = set()
        for _, text in plain_lines(self.place):
            words = (
                None if isinstance(text, Fault) or not text.strip() else two_paths(text.strip(), self.folder)
            )
            if words is not None:
                image, mask = (located(word, self.folder) for word in words)
                name = safe_name(image, self.folder)
                if name not in known:
                    yield name, MaskPlace(image, mask)
                known.add(name)

    def _unlisted(self, listed: Mapping[str, MaskPlace]) -> Iterator[tuple[str, MaskPlace]]:
        """Images beside those that are listed, or all below the folder where none is."""
        pairs = list(listed.values())
        taken = {path for one in pairs for path in (one.image, one.mask)} | self._excluded
        naming = naming_of(pairs[-1].image.stem, pairs[-1].mask.stem) if pairs else Naming()
        into = {one.image.parent: one.mask.parent for one in pairs}
        for image in (
            images_of_folders(into) if self.new is None else files_below(self.folder, SUFFIXES).files
        ):
            inside = self.new is not None and image.is_relative_to(self.new)
            mask = (into.get(image.parent) or self._new_folder(image)) / naming.mask_of(image.stem)
            if image not in taken and not inside and mask != image:
                yield safe_name(image, self.folder), MaskPlace(image, mask, is_listed=False)

    def _new_folder(self, image: Path) -> Path:
        """Where the masks of a folder go: below that of masks as their images are below that of images."""
        parts = image.parent.relative_to(self.folder).parts
        return (self.new or self.folder).joinpath(*parts[parts[:1] == ("images",) :])

    def _line(self, last: str, one: MaskPlace) -> str:
        """The line of an image as the last line has it; DataError if a reader would read another name."""
        words = two_paths(last.strip(), self.folder)
        slash = "/" if words is not None and located(words[0], self.folder) != self.folder / words[0] else ""
        names = [slash + path_below(path, self.folder) for path in (one.image, one.mask)]
        mark = next((mark for mark in ("\t", ",", ";") if mark in last), " " if last else "\t")
        for line in (mark.join(names), "\t".join(names)):
            if two_paths(line, self.folder) == tuple(names) and "\n" not in line and "\r" not in line:
                return line
        raise DataError(f"{one.image}: has a name that a list of paths does not keep; rename it")


def path_below(path: Path, folder: Path) -> str:
    """A path from a folder on, as lists have it."""
    return Path(os.path.relpath(path, folder)).as_posix()


def images_of_folders(folders: Collection[Path]) -> Sequence[Path]:
    """The images in some folders, without those in folders below."""
    names = ((folder, name) for folder in sorted(folders) for name in entries(folder))
    return [
        folder / name
        for folder, name in names
        if Path(name).suffix.lower() in SUFFIXES and not is_hidden([name])
    ]
