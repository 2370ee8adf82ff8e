"""Finds the images that an annotation file names: beside it, in images/, or in other folders than it says."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from jumok.data.images.reading import SUFFIXES
from jumok.data.tables.faults import Fault
from jumok.data.tables.listing import Listings, composed, entries, is_hidden
from jumok.data.tables.open_text import is_file, is_folder
from jumok.wording import quantity

IMAGE_FOLDERS = ("JPEGImages", "images", "Images", "image", "imgs", "img")
USUAL_SPLITS = ("train", "val", "valid", "test")
TRIED = 50  # names by which the folder is chosen


@dataclass(frozen=True)
class FoundImages:
    """The path of each image, existing or not, and the folders that were searched."""

    folder: Path
    paths: tuple[Path, ...]
    looked_at: tuple[Path, ...]
    remarks: tuple[Fault, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the images relative to their folder."""
        return tuple(safe_name(path, self.folder) for path in self.paths)


def find_images(file: Path, names: Sequence[str], images: Path | None) -> FoundImages:
    """Find the images that a file names.

    Args:
        file: The annotation file.
        names: The names in it.
        images: The folder where names start; searched for by default.

    Returns:
        A path for each name.
    """
    stems = ImagesByStem()
    listings = stems.listings
    usual = [images] if images is not None else folders_beside(file)
    tried = names[:: max(1, len(names) // TRIED)][:TRIED]
    folder, missed = best_folder(usual, tried, stems)
    if images is None and not any(found_loosely(folder, name, stems) for name in tried):
        others = [file.parent / name for name in entries(file.parent) if not is_hidden([name])]
        folder, more = best_folder([*usual[:1], *filter(is_folder, others)], tried, stems)
        missed += [file.parent, *more]
    counts = Counter(map(last_name, names))
    paths = []
    elsewhere = []
    for name in names:
        path = (
            listings.find(folder / name)
            or without_suffix(folder, name, stems)
            or decoded_name(folder, name, stems)
        )
        if path is None and counts[last_name(name)] == 1 and last_name(name) != name:
            path = listings.find(folder / last_name(name))
            elsewhere += [name] if path else []
        paths.append(path or folder / (last_name(name) if "://" in name else name))
    remarks = list(found_elsewhere(file, elsewhere, folder))
    if images is None and folder not in usual:
        problem, remedy = (
            f"the images were found in {folder}",
            "name another folder under images: if it is wrong",
        )
        remarks.append(Fault(str(file), None, problem, remedy, "found_elsewhere"))
    return FoundImages(folder, tuple(paths), (*missed, *stems.folders), tuple(remarks))


def decoded_name(folder: Path, name: str, stems: "ImagesByStem") -> Path | None:
    """The image of a percent-encoded name, such as a%20b.jpg; None if there is none."""
    return stems.listings.find(folder / unquote(name)) if "%" in name else None


def without_suffix(folder: Path, name: str, stems: "ImagesByStem") -> Path | None:
    """The image of a name without suffix, as tables of ids have them; None if there is none."""
    return None if PurePosixPath(name).suffix.lower() in SUFFIXES else stems.find(folder, name, "")


def folders_beside(file: Path) -> list[Path]:
    """The folders to search: beside the file, images/, one named like the file, and the same one level up."""
    parent = file.parent
    words = [word for word in re.split(r"[\W_]+", file.stem.lower()) if word in USUAL_SPLITS]
    splits = list(dict.fromkeys((file.stem, file.stem.removeprefix("instances_"), *words)))
    folders = [parent, parent / "images", *(parent / "images" / split for split in splits)]
    folders += [above / split for split in splits for above in (parent, parent.parent)]
    folders += [*(parent.parent / "images" / split for split in splits), parent.parent / "images"]
    return folders + [parent / name for name in IMAGE_FOLDERS if name != "images"]


def best_folder(
    folders: Sequence[Path], names: Sequence[str], stems: "ImagesByStem"
) -> tuple[Path, list[Path]]:
    """The folder that has most of the names, ties go to the first; and the files that other folders have."""
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
        found = [sum(found_loosely(folder, name, stems) for name in names) for folder in folders]
        best = folders[found.index(max(found))]
    return best, missed


def found_loosely(folder: Path, name: str, stems: "ImagesByStem") -> bool:
    """Whether the image is in the folder under its own or a similar name."""
    ways = (folder / name, folder / last_name(name))
    return any(map(stems.listings.find, ways)) or without_suffix(folder, name, stems) is not None


def last_name(name: str) -> str:
    """The last component of a path or address: C:/x/a.jpg and https://host/x/a.jpg?v=1 give a.jpg."""
    if "://" in name:
        name = unquote(urlsplit(name).path)
    elif "?d=" in name:  # as Label Studio names files of its disk
        name = unquote(name.split("?d=", 1)[1])
    return PurePosixPath(name).name


def found_elsewhere(file: Path, names: Sequence[str], folder: Path) -> list[Fault]:
    """A remark about images that are not where the file says."""
    if not names:
        return []
    problem = f"names {quantity(len(names), 'image')} in folders that are not here, like {names[0]!r}"
    remedy = f"they were found by their own names in {folder}"
    return [Fault(str(file), None, problem, remedy, "found_elsewhere")]


def safe_name(path: Path, folder: Path) -> str:
    """The name of an image relative to its folder, or its file name if it is elsewhere."""
    below = path.is_relative_to(folder) and ".." not in path.relative_to(folder).parts
    return path.relative_to(folder).as_posix() if below else path.name


class ImagesByStem:
    """Finds images by their names without suffix, whatever their form of Unicode and case."""

    def __init__(self) -> None:
        self.listings = Listings()
        self._known: dict[Path, dict[str, list[Path]]] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders that were read."""
        return (*self._known, *self.listings.folders)

    def seen(self) -> list[Path]:
        """All images in the folders that were listed."""
        return sorted(path for known in self._known.values() for paths in known.values() for path in paths)

    def find(self, folder: Path, name: str, stated: str) -> Path | None:
        """The image of a name without suffix; of several, the one with the stated or else the usual suffix.

        Args:
            folder: The folder.
            name: The name without suffix.
            stated: The name with its stated suffix.

        Returns:
            The path; None if there is none.
        """
        place, stem = folder / PurePosixPath(name).parent, PurePosixPath(name).name
        known = self._listed(place).get(composed(stem).casefold(), [])
        same = [path for path in known if composed(path.stem) == composed(stem)] or known
        suffix = PurePosixPath(stated).suffix.lower()
        order = [suffix, *SUFFIXES]
        ranked = sorted(same, key=lambda path: order.index(path.suffix.lower()))
        return ranked[0] if ranked else None

    def _listed(self, folder: Path) -> dict[str, list[Path]]:
        if folder not in self._known:
            found: dict[str, list[Path]] = {}
            for name in entries(folder):
                path = folder / name
                if path.suffix.lower() in SUFFIXES and not is_hidden([name]) and is_file(path):
                    found.setdefault(composed(path.stem).casefold(), []).append(path)
            self._known[folder] = found
        return self._known[folder]


def stem_of(name: str) -> str:
    """A name without its suffix, folders included."""
    return str(PurePosixPath(name).with_suffix(""))
