"""YOLO: a data.yaml, images in images/, and for each a text file in labels/ with a line for each object.

A line is `class centre-x centre-y width height` or, for an outline, `class x1 y1 x2 y2 x3 y3 …`, all relative to the
image's width and height. An image without a label file has no objects.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from jumok.classes import Class
from jumok.data.annotations.annotated import (
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    Box,
    SourceLocation,
    header_size,
    hidden_remarks,
    nothing_but,
    of_one_image,
    parse_finite,
    pixels,
    utf8_names,
    where_listed,
)
from jumok.data.annotations.segmentation import polygon_bounds
from jumok.data.annotations.yolo.file import YoloFile, read_yolo_file
from jumok.data.annotations.yolo.labels import LabelFiles, label_remarks, loose
from jumok.data.annotations.yolo.places import Places
from jumok.data.images.reading import SUFFIXES, Size
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.listing import files_below, forward_slashes, printable
from jumok.data.tables.open_text import (
    is_file,
    is_folder,
    nearest_file,
    read_fault,
)
from jumok.data.tables.text_form import plain_lines
from jumok.errors import did_you_mean
from jumok.wording import quantity


@dataclass
class YoloReader:
    """Reads a split and collects faults."""

    names: tuple[str, ...]
    places: Places
    labels: LabelFiles = field(default_factory=LabelFiles)
    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)
    looked_at: list[Path] = field(default_factory=list)

    def read_split(self, file: YoloFile, split: str) -> list[AnnotatedImage]:
        """The images of a split with their boxes and outlines."""
        found: list[AnnotatedImage] = []
        for text in file.splits[split]:
            place = self.places.folder_or_list(text)
            if place is None:
                self.faults.append(self.missing_place(file, split, text))
                continue
            self.looked_at.append(place)
            in_folder = is_folder(place)
            images = self.folder_images(place) if in_folder else list(self.listed(place, split))
            found.extend(self.annotated_image(image) for image in images)
            if in_folder:
                found = self.without_strays(place, found)
        return self.without_twins(found)

    def missing_place(self, file: YoloFile, split: str, text: str) -> Fault:
        """The fault of a folder or list that does not exist.

        Args:
            file: The data.yaml.
            split: The split that names it.
            text: How it is named.

        Returns:
            The fault.
        """
        stated = forward_slashes(text)
        path = file.root / stated
        nowhere = f", nor is it in {file.path.parent}" if file.root != file.path.parent else ""
        remedy = nearest_file(path) if is_folder(path.parent) else "correct path: or the split"
        if "*" in stated:
            remedy = "name the folder itself; all images in it and below are taken"
        problem = f"{split} names {path}, which does not exist{nowhere}"
        return Fault(str(file.path), None, problem, remedy, "missing_file")

    def folder_images(self, folder: Path) -> list[AnnotatedImage]:
        """The images in a folder and below."""
        below = files_below(folder, SUFFIXES)
        self.looked_at.extend(below.folders)
        self.remarks.extend(hidden_remarks(folder, below))
        good, faults = utf8_names(below.files)
        self.faults.extend(faults)
        return [
            AnnotatedImage(path, path.relative_to(folder).as_posix(), SourceLocation(str(path), None))
            for path in good
        ]

    def listed(self, lists: Path, split: str) -> Iterator[AnnotatedImage]:
        """The images in a list, one per line; ./ is the folder of the list."""
        fault = read_fault(lists)
        if fault:
            self.faults.append(fault)
            return
        for number, text in plain_lines(lists):
            if isinstance(text, Fault):
                self.faults.append(text)
            elif name := forward_slashes(text):
                if Path(name).suffix.lower() not in SUFFIXES:
                    problem = f"{name!r} names no image of a kind that is read"
                    remedy = f"name files that end in {', '.join(SUFFIXES)}"
                    self.faults.append(Fault(str(lists), number, problem, remedy, "bad_value"))
                    continue
                path = self.places.image(name, lists.parent)
                yield AnnotatedImage(path, below_images(path, split), SourceLocation(str(lists), number))

    def annotated_image(self, image: AnnotatedImage) -> AnnotatedImage:
        """An image with the objects of its label file."""
        found = self.labels.find(image.path)
        lines = list(self.lines(found[0])) if found else []
        for other in found[1:]:
            self.faults.extend(rival_labels(found[0], other))
        size = header_size(image.path) if lines else None
        if isinstance(size, Fault):
            self.faults.append(where_listed(size, image.path, image.place))
        if size is None or isinstance(size, Fault):
            return image
        annotations = [self.annotation(numbers, place, size) for numbers, place in lines]
        return replace(image, annotations=tuple(one for one in annotations if one is not None))

    def without_strays(self, folder: Path, annotated: list[AnnotatedImage]) -> list[AnnotatedImage]:
        """Report label files without an image; leave out images that such a file is probably meant for."""
        bare = [image for image in self.labels.without if image.is_relative_to(folder)]
        by_loose: dict[str, list[Path]] = {}
        for image in bare:
            by_loose.setdefault(loose(image.stem), []).append(image)
        meant: set[Path] = set()
        for file in self.labels.unclaimed(folder):
            near = by_loose.get(loose(file.stem), [])
            problem, remedy = f"there is no image for it in {folder}", "add the image or remove this"
            if len(near) == 1:
                meant.add(near[0])
                problem += f", but {printable(near[0].name)!r} has no labels and a similar name"
                remedy = "give both the same name"
            self.faults.append(Fault(printable(file), None, problem, remedy, "unknown_image"))
        self.labels.meant.update(meant)
        return [one for one in annotated if one.path not in meant]

    def without_twins(self, annotated: list[AnnotatedImage]) -> list[AnnotatedImage]:
        """Leave out images that share one label file, because it can belong to one of them only."""
        twins: set[Path] = set()
        for file, images in self.labels.used.items():
            distinct = list(dict.fromkeys(images))
            if len(distinct) > 1 and file.stat().st_size:
                twins.update(distinct)
                names = " and ".join(image.name for image in distinct)
                problem = f"{names} in {distinct[0].parent} share these labels, which can belong to only one of them"
                remedy = "remove or rename the others"
                self.faults.append(Fault(str(file), None, problem, remedy, "shared_labels"))
        return [one for one in annotated if one.path not in twins]

    def lines(self, labels: Path) -> Iterator[tuple[list[float], SourceLocation]]:
        """The numbers of each line, with its location."""
        try:
            for number, text in plain_lines(labels):
                place = SourceLocation(str(labels), number)
                if isinstance(text, Fault):
                    self.faults.append(of_one_image(text, "bad_labels"))
                elif text.strip():
                    fault = count_fault(text.split(), place)
                    numbers = None if fault else finite_numbers(text.split())
                    if numbers is None:
                        problem = f"{text.strip()!r:.60} are not all numbers"
                        unlike = place.fault(problem, "write numbers, with a point as in 0.5", "bad_value")
                        self.faults.append(fault or unlike)
                    else:
                        yield numbers, place
        except UnreadableFile as unreadable:
            self.faults.append(of_one_image(unreadable.fault, "bad_labels"))

    def annotation(self, numbers: list[float], place: SourceLocation, size: Size) -> Annotation | None:
        """The object of a line: a box from 4 numbers, an outline from more; None for unknown classes.

        Args:
            numbers: The number of the class, then shares of width and height.
            place: File and line.
            size: Width and height of the image in pixels.

        Returns:
            The object in pixels, or None.
        """
        number, shares = numbers[0], numbers[1:]
        if number != int(number) or not 0 <= number < len(self.names):
            known = f"names has 0 to {len(self.names) - 1}"
            self.faults.append(place.fault(f"there is no class {number:g}", known, "unknown_class"))
            return None
        name = self.names[int(number)]
        if len(shares) == 4:
            return Annotation(box_of_shares(shares, size), name, place)
        polygon = tuple(pixels(share * size[i % 2]) for i, share in enumerate(shares))
        return Annotation(polygon_bounds(polygon), name, place, segmentation=(polygon,))


def read_yolo(file: Path, split: str) -> AnnotatedSet:
    """The images of a split of a data.yaml or of darknet's obj.data."""
    try:
        found = read_yolo_file(file)
    except UnreadableFile as unreadable:
        return nothing_but(unreadable.fault, file)
    if split not in found.splits:
        hint = did_you_mean(split, found.splits).removeprefix("; ")
        fault = Fault(str(found.path), None, f"has no split {split!r}", hint or "add it", "missing_split")
        return nothing_but(fault, file, found.path)
    reading = YoloReader(found.names, Places(found.path.parent, found.root))
    images: list[AnnotatedImage] = []
    try:
        images.extend(reading.read_split(found, split))
    except UnreadableFile as unreadable:
        reading.faults.append(unreadable.fault)
    reading.faults.extend(no_labels_at_all(found.path, split, reading.labels))
    places, labels = reading.places, reading.labels
    remarks = [
        *places.remarks(found.path),
        *label_remarks(found.path, labels),
        *reading.remarks,
    ]
    looked_at = (file, found.path, *reading.looked_at, *places.tried, *places.listings.folders)
    return AnnotatedSet(
        tuple(map(Class, found.names)),
        tuple(images),
        tuple(reading.faults),
        remarks=tuple(remarks),
        looked_at=(*looked_at, *labels.used, *labels.looked_at),
    )


def no_labels_at_all(file: Path, split: str, labels: LabelFiles) -> Iterator[Fault]:
    """The fault of a split without any label file: they are probably somewhere else."""
    images = labels.images
    if images and len(labels.without) == images and is_file(labels.without[0]):
        image = labels.without[0]
        looked = " or ".join(
            str(one.folder / f"{image.stem}.txt") for one in labels.candidates(image.parent)[:3]
        )
        problem = (
            f"none of the {quantity(images, 'image')} of {split} has a file of labels; "
            f"the first would be {looked}"
        )
        yield Fault(str(file), None, problem, "put the labels there", "missing_labels")


def rival_labels(used: Path, other: Path) -> Iterator[Fault]:
    """The fault of a second label file for one image with other content."""
    try:
        if used.read_bytes().split() == other.read_bytes().split():
            return
        words = [line.split() for line in other.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        return
    if all(count_fault(line, SourceLocation("", None)) is None and finite_numbers(line) for line in words):
        problem = f"says something else than {used}, and both are labels of the same image"
        yield Fault(str(other), None, problem, "remove one of them", "two_labels")


def below_images(path: Path, split: str) -> str:
    """The name of a listed image: what follows the last images/ or images/SPLIT/, or the file name."""
    parts = path.parts
    at = [i for i, part in enumerate(parts[:-1]) if part == "images"]
    if not at or ".." in parts[at[-1] :]:
        return path.name
    start = at[-1] + 1
    return "/".join(parts[start + (parts[start] == split and len(parts) > start + 1) :])


def count_fault(words: list[str], place: SourceLocation) -> Fault | None:
    """The fault of a line that is neither a box nor an outline."""
    count = len(words)
    if count == 5 or (count >= 7 and count % 2):
        return None
    wanted = "expected 5 (class, box) or an odd number from 7 on (class, outline)"
    problem = f"has {quantity(count, 'value')}, {wanted}"
    remedy = "remove the confidence at the end" if count == 6 else "fix or remove the line"
    return place.fault(problem, remedy, "value_count")


def finite_numbers(words: list[str]) -> list[float] | None:
    """The numbers of a line; None if a word is no finite number."""
    numbers = [number for word in words if (number := parse_finite(word)) is not None]
    return numbers if len(numbers) == len(words) else None


def box_of_shares(shares: list[float], size: Size) -> Box:
    """The box in pixels of a relative centre, width and height."""
    x, y, width, height = shares
    x1, x2 = (x - width / 2) * size.width, (x + width / 2) * size.width
    y1, y2 = (y - height / 2) * size.height, (y + height / 2) * size.height
    return pixels(x1), pixels(y1), pixels(x2), pixels(y2)
