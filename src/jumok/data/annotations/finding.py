"""Where the images are that an annotation file names: beside it, in images/, under other folders than it says."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from jumok.data.faults import Fault
from jumok.data.listing import Listings

TRIED = 50  # names by which the folder is chosen


@dataclass(frozen=True)
class FoundImages:
    """The file of each name, there or not, and what was looked at to find it."""

    folder: Path
    paths: tuple[Path, ...]
    looked_at: tuple[Path, ...]
    remarks: tuple[Fault, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the images are called below their folder."""
        return tuple(safe_name(path, self.folder) for path in self.paths)


def find_images(file: Path, names: Sequence[str], images: Path | None) -> FoundImages:
    """The files that `file` names; `images` is the folder where their names start (else it is looked for)."""
    listings = Listings()
    folders = [images] if images is not None else folders_beside(file)
    tried = names[:: max(1, len(names) // TRIED)][:TRIED]
    folder, missed = best_folder(folders, tried, listings)
    counts = Counter(map(last_name, names))
    paths = []
    elsewhere = []
    for name in names:
        path = listings.find(folder / name)
        if path is None and counts[last_name(name)] == 1 and last_name(name) != name:
            path = listings.find(folder / last_name(name))
            elsewhere += [name] if path else []
        paths.append(path or folder / name)
    looked_at = (*missed, *listings.folders)
    return FoundImages(folder, tuple(paths), looked_at, tuple(found_elsewhere(file, elsewhere, folder)))


def folders_beside(file: Path) -> list[Path]:
    """Beside the file, in images/ or in a folder named like the file, perhaps a level up."""
    parent = file.parent
    splits = list(dict.fromkeys((file.stem, file.stem.removeprefix("instances_"))))
    folders = [parent, parent / "images", *(parent / "images" / split for split in splits)]
    folders += [above / split for split in splits for above in (parent, parent.parent)]
    return [*folders, *(parent.parent / "images" / split for split in splits), parent.parent / "images"]


def best_folder(folders: Sequence[Path], names: Sequence[str], listings: Listings) -> tuple[Path, list[Path]]:
    """The folder that has most of the names, of equals the first; and the files that others did not have."""
    missed: list[Path] = []
    best, most = folders[0], 0
    for folder in folders:
        there = sum(os.path.isfile(folder / name) for name in names)
        if there > most:
            best, most = folder, there
        if there == len(names):
            break
        missed += [folder / name for name in names]
    if most == 0 and len(folders) > 1:
        found = [sum(found_loosely(folder, name, listings) for name in names) for folder in folders]
        best = folders[found.index(max(found))]
    return best, missed


def found_loosely(folder: Path, name: str, listings: Listings) -> bool:
    return bool(listings.find(folder / name) or listings.find(folder / last_name(name)))


def last_name(name: str) -> str:
    """The file's own name, whatever path or address it has: C:/x/a.jpg and https://host/x/a.jpg?v=1 are a.jpg."""
    if "://" in name:
        name = unquote(urlsplit(name).path)
    elif "?d=" in name:  # as Label Studio names files of its disk
        name = unquote(name.split("?d=", 1)[1])
    return PurePosixPath(name).name


def found_elsewhere(file: Path, names: Sequence[str], folder: Path) -> list[Fault]:
    """A remark about images that are not where the file says."""
    if not names:
        return []
    problem = f"names {len(names):,} images in folders that are not here, like {names[0]!r}"
    remedy = f"they were found by their own names in {folder}"
    return [Fault(str(file), None, problem, remedy, "found_elsewhere")]


def safe_name(path: Path, folder: Path) -> str:
    """The name of an image below its folder; one that lies elsewhere has its own name alone."""
    below = path.is_relative_to(folder) and ".." not in path.relative_to(folder).parts
    return path.relative_to(folder).as_posix() if below else path.name
