"""Finds the label file of an image in all usual layouts.

YOLO's own place comes first: the last folder images/ of the path becomes labels/. Then any other folder images/ of the
path, other spellings (Labels/, label/, annotations/), and beside the image. Suffixes may be .TXT, and names may differ
in their form of Unicode.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from jumok.data.tables.faults import Fault
from jumok.data.tables.listing import composed, entries, files_below, is_hidden
from jumok.data.tables.open_text import is_file, is_folder
from jumok.wording import quantity

YOLO_IMAGE_FOLDERS = ("images", "jpegimages", "image", "imgs", "img")
LABEL_FOLDERS = ("labels", "label", "annotations")  # in any case, the first is YOLO's own
NO_LABELS = (
    "classes.txt",
    "labels.txt",
    "obj.names",
    "readme.txt",
    "notes.txt",
)  # what tools put beside labels
BESIDE_IMAGES = "beside the images"


class Candidate(NamedTuple):
    """A folder that may hold the labels of the images of another one."""

    folder: Path
    usual: bool  # YOLO's own place
    beside: bool  # where other texts may be, too


@dataclass
class LabelFiles:
    """Finds the label files of images, and knows which files belong to no image."""

    looked_at: list[Path] = field(default_factory=list)
    used: dict[Path, list[Path]] = field(default_factory=dict)  # images by their label file
    without: list[Path] = field(default_factory=list)  # images that have none
    # of these, images that a file of nearly their name is meant for
    meant: set[Path] = field(default_factory=set)
    # images whose labels are elsewhere, by that folder
    unusual: Counter[Path] = field(default_factory=Counter)
    _listed: dict[Path, dict[str, Path]] = field(default_factory=dict)
    _candidates: dict[Path, tuple[Candidate, ...]] = field(default_factory=dict)

    def find(self, image: Path) -> list[Path]:
        """The label files of an image, the best one first; several only if tools left more than one."""
        found: list[Path] = []
        for candidate in self.candidates(image.parent):
            file = self._in(candidate.folder, image.stem)
            if file is None or file in found:
                continue
            if not found:
                self.used.setdefault(file, []).append(image)
                if not candidate.usual:
                    self.unusual[candidate.folder] += 1
            found.append(file)
        if not found:
            self.without.append(image)
        return found

    @property
    def images(self) -> int:
        """The number of images that labels were searched for."""
        return len(self.without) + sum(map(len, self.used.values()))

    def candidates(self, folder: Path) -> tuple[Candidate, ...]:
        """Where the labels of images in this folder may be, the most likely place first."""
        if folder not in self._candidates:
            self._candidates[folder] = candidates_for(folder)
        return self._candidates[folder]

    def _in(self, folder: Path, stem: str) -> Path | None:
        if folder not in self._listed:
            self.looked_at.append(folder)
            names = (name for name in entries(folder) if not is_hidden([name]))
            texts = (folder / name for name in names if name.lower().endswith(".txt"))
            self._listed[folder] = {composed(path.stem): path for path in texts}
        return self._listed[folder].get(composed(stem))

    def unclaimed(self, folder: Path) -> Iterator[Path]:
        """Label files for a folder of images that belong to none of them."""
        for candidate in self.candidates(folder):
            if candidate.beside or not is_folder(candidate.folder):
                continue
            below = files_below(candidate.folder, (".txt",))
            self.looked_at.extend(below.folders)
            yield from (
                path for path in below.files if path not in self.used and path.name.lower() not in NO_LABELS
            )


def candidates_for(folder: Path) -> tuple[Candidate, ...]:
    """Where the labels of images in this folder may be, the most likely place first."""
    parts = folder.parts
    at = [i for i, part in enumerate(parts) if part.lower() in YOLO_IMAGE_FOLDERS]
    found: list[Candidate] = []
    for chosen in [(i,) for i in reversed(at)] + ([tuple(at)] if len(at) > 1 else []):
        for number, names in enumerate(spellings(parts, chosen)):
            changed = list(parts)
            for i, name in zip(chosen, names, strict=True):
                changed[i] = name
            usual = chosen == (at[-1],) and number == 0
            found.append(Candidate(Path(*changed), usual, False))
    if not at:
        for name in spelled(folder):
            found.append(Candidate(folder / name, False, False))
        for name in spelled(folder.parent):
            found += [Candidate(folder.parent / name / folder.name, False, False)]
            found += [Candidate(folder.parent / name, False, True)]
    return (*dict.fromkeys(found), Candidate(folder, not at, True))


def spellings(parts: tuple[str, ...], chosen: tuple[int, ...]) -> Iterator[tuple[str, ...]]:
    """The names of label folders that may correspond to folders images/ of a path."""
    choices = [spelled(Path(*parts[:i])) for i in chosen]
    yield from product(*choices)


def spelled(folder: Path) -> list[str]:
    """The spellings of the label folder in a folder: the usual one, then those that exist."""
    there = [name for name in entries(folder) if name.lower() in LABEL_FOLDERS]
    there.sort(key=lambda name: LABEL_FOLDERS.index(name.lower()))
    return list(dict.fromkeys((LABEL_FOLDERS[0], *there)))


def loose(stem: str) -> str:
    """A name as tools garble it: percent signs decoded, lower case, all but letters and digits replaced by one mark."""
    plain = unicodedata.normalize("NFKC", unquote(stem)).casefold()
    return re.sub(r"[\W_]+", "_", plain)


def label_remarks(source: Path, labels: LabelFiles) -> Iterator[Fault]:
    """Remarks about where labels were found, and how many images have none."""
    for folder, count in labels.unusual.items():
        problem = f"the labels of {quantity(count, 'image')} were found in {folder}"
        yield Fault(
            str(source),
            None,
            problem,
            "YOLO's usual place is labels/ in place of images/",
            "labels_elsewhere",
        )
    bare = [image for image in labels.without if image not in labels.meant and is_file(image)]
    if 0 < len(bare) < labels.images:
        problem = f"no file of labels for {len(bare):,} of {quantity(labels.images, 'image')}, like {bare[0]}"
        yield Fault(str(source), None, problem, "they are used as images without objects", "no_labels")
