"""Pairs of images and masks: by name, from one folder or two, or by a list file."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jumok.data.annotations.annotated import AnnotatedImage, SourceLocation
from jumok.data.annotations.finding import safe_name
from jumok.data.images.reading import SUFFIXES
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.listing import composed, files_below
from jumok.data.tables.open_text import (
    is_file,
    is_folder,
    nearest_file,
    read_fault,
)
from jumok.data.tables.text_form import plain_lines
from jumok.wording import quantity

MASK_WORDS = re.compile(r"mask|label|seg|annot|gt|truth|instance|matte", re.IGNORECASE)
BEGINNINGS = ("_", "-", ".", " ")  # of the ending after the name of an image
FOLDERS = ("images", "imgs", "image", "JPEGImages")  # beside a folder of masks


@dataclass
class Pairs:
    """Images with their masks, the faults, how they were found, and the folders that were read."""

    images: list[AnnotatedImage] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)
    looked_at: list[Path] = field(default_factory=list)

    def remark(self, place: Path, found: str, remedy: str) -> None:
        """Add a remark about how images and masks were found.

        Args:
            place: The file or folder.
            found: How they were found.
            remedy: What to write to find them otherwise.
        """
        self.remarks.append(Fault(str(place), None, found, remedy, "found_by"))


def paired(masks: Path, images: Path | None) -> Pairs:
    """The pairs of a folder of masks and one of images, of one folder with both, or of a list file."""
    if not is_folder(masks):
        return paired_by_list(masks, images or masks.parent)
    pairs = Pairs(looked_at=[masks])
    images = images or images_beside(masks, pairs)
    if not is_folder(images):
        problem = f"holds masks, but {images} is no folder"
        pairs.faults.append(Fault(str(masks), None, problem, "name the folder under images:", "missing_file"))
        pairs.looked_at.append(images)
        return pairs
    pair_by_name(masks, images, pairs)
    return pairs


def images_beside(masks: Path, pairs: Pairs) -> Path:
    """The folder of images if none is given: beside the masks, or the same folder."""
    beside = [masks.parent / name for name in FOLDERS]
    pairs.looked_at.extend(beside)
    for folder in beside:
        if is_folder(folder) and folder != masks:
            pairs.remark(masks, f"the images are taken from {folder}", "name another folder under images:")
            return folder
    return masks


def pair_by_name(masks: Path, images: Path, pairs: Pairs) -> None:
    """Pair images and masks with the same name, except for the suffix or an ending such as _mask.

    Args:
        masks: The folder of masks.
        images: The folder of images.
        pairs: The pairs, extended in place.
    """
    found, asked = (list_images(folder, pairs) for folder in (masks, images))
    if masks.resolve() == images.resolve():
        found, asked = parted(found)
    masks_by, images_by = by_stem(found, masks, pairs), by_stem(asked, images, pairs)
    partners = {stem: stem for stem in images_by.keys() & masks_by.keys()}
    partners |= by_ending(images_by, masks_by, partners, masks, pairs)
    for stem, path in images_by.items():
        if stem in partners:
            name = path.relative_to(images).as_posix()
            pairs.images.append(
                AnnotatedImage(path, name, SourceLocation(str(path), None), mask=masks_by[partners[stem]])
            )
    alone = [(path, f"has no mask in {masks}") for stem, path in images_by.items() if stem not in partners]
    used = set(partners.values())
    alone += [(path, f"has no image in {images}") for stem, path in masks_by.items() if stem not in used]
    pairs.faults.extend(one_alone(path, problem) for path, problem in alone)
    if not pairs.images:
        pairs.faults[:] = [no_pair(masks, images, found, asked)]


def one_alone(path: Path, problem: str) -> Fault:
    """The fault of an image without a mask or a mask without an image."""
    return Fault(str(path), None, problem, "add it or remove this file", "unknown_image")


def no_pair(masks: Path, images: Path, found: Sequence[Path], asked: Sequence[Path]) -> Fault:
    """One fault if nothing can be paired: then the folders or the names are wrong."""
    if not found or not asked:
        empty, what = (masks, "masks") if not found else (images, "images")
        return Fault(str(empty), None, f"holds no {what}", "name the folder that holds them", "missing_file")
    problem = f"no mask has the name of an image in {images}; there are {found[0].name} and {asked[0].name}"
    remedy = "name the mask of a.jpg a.png or a_mask.png, or name a list file with `image mask` on each line"
    return Fault(str(masks), None, problem, remedy, "missing_file")


def list_images(folder: Path, pairs: Pairs) -> list[Path]:
    """The images in a folder and below."""
    below = files_below(folder, SUFFIXES)
    pairs.looked_at.extend(below.folders)
    return below.files


def parted(files: list[Path]) -> tuple[list[Path], list[Path]]:
    """Separate masks and images of one folder: a.jpg and a.png, or a.jpg and a_mask.png."""
    twins: dict[Path, list[Path]] = {}
    for path in files:
        twins.setdefault(path.with_suffix(""), []).append(path)
    if all(len(pair) == 2 and {one.suffix.lower() for one in pair} > {".png"} for pair in twins.values()):
        masks = [path for path in files if path.suffix.lower() == ".png"]
        return masks, [path for path in files if path.suffix.lower() != ".png"]
    stems = sorted(composed(str(path)) for path in twins)
    named = {path for path in files if is_named_after(composed(str(path.with_suffix(""))), stems)}
    return sorted(named), [path for path in files if path not in named]


def is_named_after(stem: str, stems: list[str]) -> bool:
    """Whether a name is that of another file followed by an ending such as _mask."""
    ends = (at for at in range(len(stem)) if stem[at] in BEGINNINGS and MASK_WORDS.search(stem[at:]))
    return any(stems[min(bisect_left(stems, stem[:at]), len(stems) - 1)] == stem[:at] for at in ends)


def by_stem(files: Sequence[Path], folder: Path, pairs: Pairs) -> dict[str, Path]:
    """Files by their relative names without suffix; two files with one name are a fault."""
    stems: dict[str, Path] = {}
    for path in files:
        stem = composed(path.relative_to(folder).with_suffix("").as_posix())
        if stem in stems:
            problem = f"has the name of {stems[stem].name} except for the suffix, so its partner is ambiguous"
            pairs.faults.append(Fault(str(path), None, problem, "rename or remove one", "duplicate_image"))
            continue
        stems[stem] = path
    return stems


def by_ending(
    images: dict[str, Path], masks: dict[str, Path], paired: dict[str, str], folder: Path, pairs: Pairs
) -> dict[str, str]:
    """Masks named like an image with an ending, the same one for all: a_mask for a."""
    used = set(paired.values())
    endings: dict[str, dict[str, str]] = {}
    for stem in masks.keys() - used:
        for at in range(1, len(stem)):
            if stem[at] in BEGINNINGS and stem[:at] in images and stem[:at] not in paired:
                endings.setdefault(stem[at:], {})[stem[:at]] = stem
    for stem in masks.keys() - used:
        name = stem.rpartition("/")
        inner = re.match(r"(?:mask|label|seg|gt)s?[_\-. ]", name[2], re.IGNORECASE)
        image = f"{name[0]}{name[1]}{name[2][inner.end() :]}" if inner else ""
        if inner and image in images and image not in paired:
            endings.setdefault(inner[0], {})[image] = stem
    if not endings:
        return {}
    ending, found = max(endings.items(), key=lambda pair: (len(pair[1]), bool(MASK_WORDS.search(pair[0]))))
    if not MASK_WORDS.search(ending) and (paired or len(found) < len(masks)):
        return {}  # a_2 is rather another image than the mask of a
    told = f"the mask of NAME is called {f'{ending}NAME' if ending[0] not in BEGINNINGS else f'NAME{ending}'}"
    pairs.remark(folder, f"{told} ({len(found):,} of them)", "name a list file where that is wrong")
    return found


def paired_by_list(file: Path, folder: Path) -> Pairs:
    """The pairs of a file with `image mask` on each line; paths start at `folder`."""
    pairs = Pairs(looked_at=[file])
    fault = read_fault(file)
    if fault:
        pairs.faults.append(fault)
        return pairs
    try:
        for item in list_items(file, folder, pairs):
            if isinstance(item, Fault):
                pairs.faults.append(item)
            else:
                pairs.images.append(item)
    except UnreadableFile as unreadable:
        pairs.faults.append(unreadable.fault)
    missing = [fault for fault in pairs.faults if fault.kind == "missing_mask"]
    if missing and not pairs.images:  # then the folder is wrong
        pairs.faults[pairs.faults.index(missing[0])] = missing[0]._replace(kind="missing_file")
    return pairs


def list_items(file: Path, folder: Path, pairs: Pairs) -> Iterator[AnnotatedImage | Fault]:
    """The pairs of a list of paths, or what is wrong with a line."""
    for number, text in plain_lines(file):
        place = SourceLocation(str(file), number)
        if isinstance(text, Fault):
            yield text
        elif text.strip():
            words = two_paths(text.strip(), folder)
            if words is None:
                count = len(text.split())
                problem = f"has {quantity(count, 'path')}, expected 2: image and mask"
                yield place.fault(problem, "separate paths with blanks by a tab", "value_count")
                continue
            image, mask = (located(word, folder) for word in words)
            pairs.looked_at.append(mask)
            if not is_file(mask):
                yield place.fault(f"lists {mask}, which does not exist", nearest_file(mask), "missing_mask")
                continue
            yield AnnotatedImage(image, safe_name(image, folder), place, mask=mask)


def two_paths(text: str, folder: Path) -> tuple[str, str] | None:
    """The two paths of a line, separated by a tab, a comma or blanks; paths may contain blanks if both exist."""
    for separator in ("\t", ",", ";"):
        words = [word.strip().strip('"') for word in text.split(separator) if word.strip()]
        if len(words) == 2:
            return words[0], words[1]
        if separator == "\t" and len(words) > 2:
            return None
    words = text.split()
    if len(words) == 2:
        return words[0], words[1]
    for blank in re.finditer(r"\s+", text):
        one, other = text[: blank.start()], text[blank.end() :]
        if is_file(located(one, folder)) and is_file(located(other, folder)):
            return one, other
    return None


def located(name: str, folder: Path) -> Path:
    """The file of a name in a list, also with \\ for /, or below the folder although it begins with /."""
    path = folder / name
    if is_file(path):
        return path
    plain = name.replace("\\", "/")
    inside = folder / plain.lstrip("/")
    return inside if plain.startswith("/") and is_file(inside) else folder / plain
