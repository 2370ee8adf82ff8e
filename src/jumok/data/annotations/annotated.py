"""What all annotation formats share: images, their annotations, and the classes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from jumok.classes import Class
from jumok.data.annotations.segmentation import Segmentation
from jumok.data.images.reading import Size, read_header
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.listing import Below, composed, printable
from jumok.files import not_text
from jumok.wording import quantity

Box = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels, edges of an area
BACKGROUND = "background"  # the class of what no outline holds
CONDEMNING = (
    *("missing_file", "empty_file", "not_a_file", "unreadable_file", "damaged_gzip"),
    *("wrong_format", "wrong_encoding", "cr_line_ends", "odd_line_ends"),
)
FLAGS = ("difficult", "truncated", "occluded")  # of an object, as VOC names them
OBJECT_FLAGS = ("crowd", *FLAGS)  # all that are kept
DECIMALS = 8  # of a pixel; so many are kept, so that a box goes through every format and comes back equal


class SourceLocation(NamedTuple):
    """A file and a line in it."""

    file: str
    line: int | None

    def fault(self, problem: str, remedy: str, kind: str) -> Fault:
        """A fault at this location.

        Args:
            problem: What is wrong.
            remedy: What to do.
            kind: Kind of the fault, by which faults are counted.

        Returns:
            The fault.
        """
        return Fault(self.file, self.line, problem, remedy, kind)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotated object."""

    box: Box
    name: str  # of its class
    place: SourceLocation
    crowd: bool = False  # COCO: a group, not one object
    difficult: bool = False  # VOC: not counted when models are scored
    truncated: bool = False  # VOC: goes on outside the image
    occluded: bool = False  # VOC: partly hidden by something else
    segmentation: Segmentation | None = None
    id: int | str | None = None
    area: float | None = None  # as COCO states it, of the outline


@dataclass(frozen=True, slots=True)
class AnnotatedImage:
    """An image with its annotations."""

    path: Path
    name: str  # below the folder of images, with / between folders: "night/0001.jpg"
    place: SourceLocation  # where it is listed
    size: Size | None = None  # as the annotation states it; not every format does
    annotations: tuple[Annotation, ...] = ()
    mask: Path | None = None  # the class of each pixel
    id: int | str | None = None
    texts: tuple[tuple[str, str], ...] = ()  # what an experiment reads beside it: names and texts

    def known_size(self) -> Size:
        """The stated size, or else that of the file; raises UnreadableFile."""
        return self.size or read_header(self.path).size

    @property
    def stem(self) -> str:
        """The name without its suffix: "night/0001"."""
        return str(PurePosixPath(self.name).with_suffix(""))


@dataclass(frozen=True)
class AnnotatedSet:
    """One split of a data set (such as train), with the faults found when reading it."""

    classes: tuple[Class, ...]  # a model's class n is the n-th
    images: tuple[AnnotatedImage, ...]
    faults: tuple[Fault, ...] = ()
    ignore: int | None = None  # the value of mask pixels that belong to no class and do not count
    # what the file says and jumok does not keep
    dropped_fields: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[Fault, ...] = ()  # remarks that are no faults, such as how something was found
    looked_at: tuple[Path, ...] = ()  # label files and lists, there or not, and folders that were listed
    instances: bool = False  # masks number objects, not classes
    usual_ignore: bool = False  # the user gave no value, so that `ignore` is the usual one

    @property
    def files(self) -> tuple[Path, ...]:
        """All files and folders that were read: if one changes, the set must be read again."""
        images = (image.path for image in self.images)
        masks = (image.mask for image in self.images if image.mask is not None)
        return tuple(dict.fromkeys((*self.looked_at, *images, *masks)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(one.name for one in self.classes)

    @property
    def annotation_count(self) -> int:
        """The number of annotations in all images."""
        return sum(len(image.annotations) for image in self.images)


def classes_in(images: Iterable[AnnotatedImage], names: Iterable[str] | None) -> tuple[Class, ...]:
    """The classes of these names; by default those of the annotations, sorted."""
    used = sorted({one.name for image in images for one in image.annotations})
    return tuple(map(Class, used if names is None else map(composed, names)))


def nothing_but(fault: Fault, *looked_at: Path) -> AnnotatedSet:
    """The set of a file that cannot be read."""
    return AnnotatedSet((), (), (fault,), looked_at=looked_at)


def pixels(value: float) -> float:
    """A coordinate, rounded to the decimals that are kept."""
    return round(float(value), DECIMALS)


def parse_finite(text: str | None) -> float | None:
    """The number in a text; None if it is not a finite number."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if isfinite(value) else None


def plain_number(value: float) -> str:
    """A coordinate as text, without exponent and without needless decimals: 17, 17.25."""
    text = f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def header_size(path: Path) -> Size | Fault:
    """The size of an image as it is shown, or the fault of its file."""
    try:
        return read_header(path).size
    except UnreadableFile as unreadable:
        return unreadable.fault


def where_listed(fault: Fault, path: Path, place: SourceLocation) -> Fault:
    """The fault of an image; if the file is missing, at the location that lists it.

    Args:
        fault: The fault.
        path: The image.
        place: Where the image is listed.

    Returns:
        The fault, perhaps at another location.
    """
    if fault.kind != "missing_file":
        return fault
    if place.file == str(path):
        return fault._replace(kind="missing_image")
    return place.fault(f"lists {path}, which does not exist", fault.remedy, "missing_image")


def of_one_image(fault: Fault, kind: str) -> Fault:
    """A fault that affects one image only, which can be left out; it gets a kind that does not stop the reading."""
    return fault._replace(kind=kind) if fault.kind in CONDEMNING else fault


def utf8_names(paths: Iterable[Path]) -> tuple[list[Path], list[Fault]]:
    """Files whose names are valid UTF-8, and the faults of the others."""
    good, faults = [], []
    for path in paths:
        if not not_text(str(path)):
            good.append(path)
            continue
        problem = "has a name that is no UTF-8, as old archives of Windows leave them"
        remedy = "rename it (unpack the archive anew, or use convmv)"
        faults.append(Fault(printable(path), None, problem, remedy, "invalid_name"))
    return good, faults


def hidden_remarks(folder: Path, below: Below) -> Iterator[Fault]:
    """A remark about hidden files and files of the system, which are left out."""
    if below.hidden:
        problem = f"{quantity(len(below.hidden), 'hidden file')} left out, like {printable(below.hidden[0])}"
        yield Fault(printable(folder), None, problem, "nothing needs to be done", "hidden_files")
