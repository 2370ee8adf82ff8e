"""The images of a folder by their names below it, listed again only when a folder has changed."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from time import time_ns

from jumok.data.cache.states import FileState, is_settled, state_of
from jumok.data.images.reading import SUFFIXES, Size, read_header
from jumok.data.tables.faults import UnreadableFile
from jumok.data.tables.listing import files_below
from jumok.files import not_text
from jumok.labelling.contract import LabelItem
from jumok.labelling.refusals import readable


class ImageFolder:
    """The images in some folders and below, without those that belong elsewhere."""

    def __init__(self, folder: Path, excluded: Collection[Path] = ()) -> None:
        self.folder = folder
        self._excluded = frozenset(map(os.path.realpath, excluded))
        self._within: tuple[Path, ...] = (folder,)
        self._states: dict[Path, FileState] | None = None
        self._found: dict[str, Path] = {}

    def look_in(self, folder: Path, within: tuple[Path, ...]) -> None:
        """Name images by their places below a folder, and list only these folders of it."""
        if (folder, within) != (self.folder, self._within):
            self.folder, self._within, self._states = folder, within, None

    def images(self) -> Mapping[str, Path]:
        """The images by name, sorted; the same object while nothing has changed."""
        if self._states is None or any(state_of(place) != state for place, state in self._states.items()):
            self._list()
        return self._found

    def unlisted(self, listed: Collection[Path | None]) -> list[LabelItem]:
        """The images that are not listed elsewhere, as items that nobody has labelled."""
        return [LabelItem(name, name, path) for name, path in self.images().items() if path not in listed]

    def find(self, name: str) -> Path | None:
        """The image of a name; None if there is none."""
        return self._found.get(name) or self.images().get(name)

    def _list(self) -> None:
        states, began = dict[Path, FileState](), time_ns()
        found: dict[str, Path] = {}
        for start in self._within:
            below = files_below(start, SUFFIXES) if os.path.isdir(start) else None
            for place in (start, *(below.folders if below else ())):
                state = state_of(place)
                states[place] = state if is_settled(state, began) else []  # looked at again
            for path in below.files if below else ():
                if not not_text(str(path)) and not (
                    self._excluded and os.path.realpath(path) in self._excluded
                ):
                    found[path.relative_to(self.folder).as_posix()] = path
        self._states, self._found = states, found


def image_size(image: Path) -> Size:
    """The size of an image as it is shown; DataError if it cannot be read."""
    with readable():
        return read_header(image).size


def shown_size(image: Path) -> Size | None:
    """The size of an image as it is shown; None if it cannot be read."""
    try:
        return read_header(image).size
    except UnreadableFile:
        return None
