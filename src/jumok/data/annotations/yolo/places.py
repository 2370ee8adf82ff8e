"""Finds the folders and images that a data.yaml and its lists name, also if it was written on another machine."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from jumok.data.tables.faults import Fault
from jumok.data.tables.listing import Listings, forward_slashes
from jumok.data.tables.open_text import is_folder
from jumok.wording import quantity


@dataclass
class Places:
    """Finds paths of a data set, and notes once what was found elsewhere."""

    own: Path  # the folder of the data.yaml
    root: Path  # the value of `path:`; often a folder of another machine
    listings: Listings = field(default_factory=Listings)
    tried: list[Path] = field(default_factory=list)  # that were not there
    # how often, by what was said and found
    elsewhere: dict[tuple[str, Path], int] = field(default_factory=dict)

    def folder_or_list(self, text: str) -> Path | None:
        """The place of a split; ../train/images, which some tools write, may mean train/images."""
        stated = forward_slashes(text)
        return self._first(self._ways(stated, [self.root], is_absolute(stated)), stated, os.path.exists)

    def image(self, name: str, folder: Path) -> Path:
        """An image that a list in `folder` names; if it does not exist, the path as stated."""
        starts = [folder] if name.startswith("./") else [self.root, folder]
        ways = [start / name for start in starts]
        for path in ways:
            found = self.listings.find(path)
            if found:
                return found
        found = self._first(self._ways(name, [*starts, folder], True), name, os.path.isfile)
        return found or ways[0]

    def _first(
        self, ways: Iterator[tuple[Path, bool]], said: str, there: Callable[[Path], bool]
    ) -> Path | None:
        for path, as_said in ways:
            if there(path):
                if not as_said:
                    key = (said.removesuffix(PurePosixPath(said).name) or said, path.parent)
                    self.elsewhere[key] = self.elsewhere.get(key, 0) + 1
                return path
            self.tried.append(path)
        return None

    def _ways(self, text: str, starts: list[Path], shorten: bool) -> Iterator[tuple[Path, bool]]:
        """Paths that a text may mean, and whether it says so; `shorten` tries its end alone, too."""
        for start in starts:
            yield start / text, True
            yield start / text.removeprefix("../"), True
        parts = [part for part in PurePosixPath(text).parts if part not in ("/", "..")]
        for start in dict.fromkeys((self.own, *starts)):
            for begin in range(len(parts) if shorten else 1):
                yield start.joinpath(*parts[begin:]), False

    def remarks(self, source: Path) -> Iterator[Fault]:
        """Remarks about what was found elsewhere."""
        if self.elsewhere and not is_folder(self.root):
            problem = f"path: names {self.root}, which does not exist here"
            yield Fault(str(source), None, problem, f"{self.own} is taken instead", "found_elsewhere")
            return
        for (said, found), count in self.elsewhere.items():
            problem = f"names {said}, which is not there"
            remedy = f"found in {found} instead: {quantity(count, 'path')}"
            yield Fault(str(source), None, problem, remedy, "found_elsewhere")


def is_absolute(text: str) -> bool:
    """Whether a path is absolute on any system."""
    return text.startswith("/") or text[1:3] == ":/"
