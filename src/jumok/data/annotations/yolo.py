"""YOLO: a data.yaml, images in images/, and for each a text file in labels/ with a line for each object.

A line is `class centre-x centre-y width height` or, for an outline, `class x1 y1 x2 y2 x3 y3 …`, all as shares of the
image's width and height. An image without a file of labels shows nothing of interest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jumok.data.annotations.picture import (
    AnnotatedSet,
    Annotation,
    Box,
    Class,
    Picture,
    Place,
    finite,
    header_size,
    nothing_but,
    pixels,
)
from jumok.data.annotations.segmentation import bounds, corners, joined
from jumok.data.annotations.yolo_file import YoloFile, read_yolo_file, yolo_file_text
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.images import SUFFIXES, Size
from jumok.data.listing import files_below
from jumok.data.reading import decoded, is_file, is_folder, raw_lines, why_unreadable
from jumok.errors import did_you_mean

SHARE_DECIMALS = 14  # so many that a box comes back with all decimals that are kept of it


@dataclass(frozen=True)
class Listed:
    """An image of a split, and where it is named."""

    path: Path
    name: str
    place: Place


@dataclass
class Reading:
    """Reads a split, and keeps the faults on the way."""

    names: tuple[str, ...]
    faults: list[Fault] = field(default_factory=list)
    looked_at: list[Path] = field(default_factory=list)

    def pictures(self, file: YoloFile, split: str) -> Iterator[Picture]:
        for place in file.places(split):
            self.looked_at.append(place)
            if place.suffix == ".txt":
                images = list(self.listed(file, place, split))
            elif is_folder(place):
                below = files_below(place, SUFFIXES)
                self.looked_at.extend(below.folders)
                images = [folder_image(path, place) for path in below.files]
                self.faults.extend(labels_without_image(place, images))
            else:
                problem = f"{split} names {place}, which does not exist"
                self.faults.append(
                    Fault(str(file.path), None, problem, "mend path: or the split", "missing_file")
                )
                continue
            for image in images:
                yield self.picture(image)

    def listed(self, file: YoloFile, lists: Path, split: str) -> Iterator[Listed]:
        """The images that a text file names, one on each line; ./ starts at its own folder."""
        fault = why_unreadable(lists)
        if fault:
            self.faults.append(fault)
            return
        for number, raw in enumerate(raw_lines(lists), start=1):
            text = decoded(lists, number, raw)
            if isinstance(text, Fault):
                self.faults.append(text)
            elif name := text.strip().replace("\\", "/"):
                if Path(name).suffix.lower() not in SUFFIXES:
                    problem = f"{name!r} names no image of a kind that is read"
                    remedy = f"name files that end in {', '.join(SUFFIXES)}"
                    self.faults.append(Fault(str(lists), number, problem, remedy, "bad_value"))
                    continue
                path = (lists.parent if name.startswith("./") else file.root) / name
                yield Listed(path, below_images(path, split), Place(str(lists), number))

    def picture(self, image: Listed) -> Picture:
        labels = label_file(image.path)
        self.looked_at.extend((labels, labels.parent))
        lines = list(self.lines(labels)) if is_file(labels) else []
        size = header_size(image.path) if lines else None
        if isinstance(size, Fault):
            self.faults.append(size)
        if size is None or isinstance(size, Fault):
            return Picture(image.path, image.name, image.place)
        annotations = [self.annotation(numbers, place, size) for numbers, place in lines]
        kept = tuple(one for one in annotations if one is not None)
        return Picture(image.path, image.name, image.place, annotations=kept)

    def lines(self, labels: Path) -> Iterator[tuple[list[float], Place]]:
        """The numbers of each line."""
        try:
            for number, raw in enumerate(raw_lines(labels), start=1):
                text, place = decoded(labels, number, raw), Place(str(labels), number)
                if isinstance(text, Fault):
                    self.faults.append(text)
                elif text.strip():
                    fault = miscounted(text.split(), place)
                    numbers = None if fault else finite_numbers(text.split())
                    if numbers is None:
                        unlike = place.fault(
                            f"{text.strip()!r:.60} are not all numbers", "write numbers", "bad_value"
                        )
                        self.faults.append(fault or unlike)
                    else:
                        yield numbers, place
        except UnreadableFile as unreadable:
            self.faults.append(unreadable.fault)

    def annotation(self, numbers: list[float], place: Place, size: Size) -> Annotation | None:
        number, shares = numbers[0], numbers[1:]
        if number != int(number) or not 0 <= number < len(self.names):
            known = f"names has 0 to {len(self.names) - 1}"
            self.faults.append(place.fault(f"there is no class {number:g}", known, "unknown_class"))
            return None
        name = self.names[int(number)]
        if len(shares) == 4:
            return Annotation(box_of_shares(shares, size), name, place)
        polygon = tuple(pixels(share * size[i % 2]) for i, share in enumerate(shares))
        return Annotation(bounds(polygon), name, place, segmentation=(polygon,))


def read_yolo(file: Path, split: str) -> AnnotatedSet:
    """The pictures of a split of a data.yaml."""
    try:
        found = read_yolo_file(file)
    except UnreadableFile as unreadable:
        return nothing_but(unreadable.fault, file)
    if split not in found.splits:
        hint = did_you_mean(split, found.splits).removeprefix("; ")
        return nothing_but(
            Fault(str(file), None, f"has no split {split!r}", hint or "add it", "missing_split"), file
        )
    reading = Reading(found.names)
    pictures: list[Picture] = []
    try:
        pictures.extend(reading.pictures(found, split))
    except UnreadableFile as unreadable:
        reading.faults.append(unreadable.fault)
    return AnnotatedSet(
        tuple(map(Class, found.names)),
        tuple(pictures),
        tuple(reading.faults),
        looked_at=(file, *reading.looked_at),
    )


def folder_image(path: Path, folder: Path) -> Listed:
    return Listed(path, path.relative_to(folder).as_posix(), Place(str(path), None))


def labels_without_image(folder: Path, images: list[Listed]) -> Iterator[Fault]:
    """Files of labels whose image is not there."""
    labels = label_file(folder / "x").parent
    if labels == folder:  # other texts may lie beside images
        return
    known = {label_file(image.path) for image in images}
    for path in sorted(labels.rglob("*.txt")):
        if path not in known and path.name != "classes.txt":
            problem = f"there is no image for it in {folder}"
            yield Fault(str(path), None, problem, "add the image or remove this", "unknown_image")


def label_file(image: Path) -> Path:
    """The last folder images/ becomes labels/, the suffix .txt."""
    parts = list(image.parts)
    at = [i for i, part in enumerate(parts[:-1]) if part == "images"]
    if at:
        parts[at[-1]] = "labels"
    return Path(*parts).with_suffix(".txt")


def below_images(path: Path, split: str) -> str:
    """The name of a listed image: what comes after the last images/ or images/SPLIT/, or the name of the file."""
    parts = path.parts
    at = [i for i, part in enumerate(parts[:-1]) if part == "images"]
    if not at or ".." in parts[at[-1] :]:
        return path.name
    start = at[-1] + 1
    return "/".join(parts[start + (parts[start] == split and len(parts) > start + 1) :])


def miscounted(words: list[str], place: Place) -> Fault | None:
    """The fault of a line that is neither a box nor an outline."""
    count = len(words)
    if count == 5 or (count >= 7 and count % 2):
        return None
    wanted = "expected 5 (class, box) or an odd number from 7 on (class, outline)"
    problem = f"has {count} value{'s' * (count != 1)}, {wanted}"
    remedy = "remove the confidence at the end" if count == 6 else "mend or remove the line"
    return place.fault(problem, remedy, "value_count")


def finite_numbers(words: list[str]) -> list[float] | None:
    numbers = [number for word in words if (number := finite(word)) is not None]
    return numbers if len(numbers) == len(words) else None


def box_of_shares(shares: list[float], size: Size) -> Box:
    x, y, width, height = shares
    x1, x2 = (x - width / 2) * size.width, (x + width / 2) * size.width
    y1, y2 = (y - height / 2) * size.height, (y + height / 2) * size.height
    return pixels(x1), pixels(y1), pixels(x2), pixels(y2)


def write_yolo(data: AnnotatedSet, folder: Path, split: str, outlines: bool) -> None:
    """Write labels/SPLIT/, all lines as outlines or all as boxes, for a data set may not hold both kinds."""
    numbers = {name: number for number, name in enumerate(data.names)}
    for picture in data.pictures:
        file = folder / "labels" / split / f"{picture.stem}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        size = picture.known_size() if picture.annotations else Size(1, 1)
        lines = (label_line(one, numbers[one.name], size, outlines) for one in picture.annotations)
        file.write_text("".join(lines), encoding="utf-8")


def write_yolo_file(names: tuple[str, ...], folder: Path, splits: list[str], file: str = "data.yaml") -> None:
    """Write the data.yaml over the folders images/SPLIT."""
    text = yolo_file_text(names, {split: f"images/{split}" for split in splits})
    (folder / file).write_text(text, encoding="utf-8")


def has_polygons(data: AnnotatedSet) -> bool:
    return any(isinstance(one.segmentation, tuple) for p in data.pictures for one in p.annotations)


def label_line(one: Annotation, number: int, size: Size, outline: bool) -> str:
    x1, y1, x2, y2 = one.box
    if outline:
        polygon = joined(one.segmentation) if isinstance(one.segmentation, tuple) else corners(one.box)
        shares = [value / size[i % 2] for i, value in enumerate(polygon)]
    else:
        width, height = size
        shares = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]
    return " ".join((str(number), *map(plain_share, shares))) + "\n"


def plain_share(value: float) -> str:
    """A share without needless zeros, 6 decimals at least, as everybody writes them."""
    text = f"{value:.{SHARE_DECIMALS}f}"
    whole, decimals = text.split(".")
    return f"{whole}.{decimals.rstrip('0').ljust(6, '0')}"
