"""Summaries of the images of a source, small enough to be stored beside its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from jumok.data.annotations.annotated import Annotation, SourceLocation
from jumok.data.images.looks import Seen
from jumok.data.images.reading import UPRIGHT, Size
from jumok.data.tables.faults import Fault


class Sight(NamedTuple):
    """An image file, where it is listed, and a digest of its content."""

    digest: str
    path: str
    place: SourceLocation


TURN_REMEDY = "if boxes were drawn on the image before rotation, remove the EXIF orientation from the file"
OF_IMAGES = ("exif_rotation", "used_bits")  # kinds of remarks about one image


@dataclass
class Summary:
    """Counts of the images of a source and of their annotations."""

    has_images: bool = False  # there may be none, though the rows should name some
    images: int = 0
    smallest: Size | None = None
    largest: Size | None = None
    objects: dict[str, int] = field(default_factory=dict)  # by class
    pixels: dict[str, int] = field(default_factory=dict)  # of masks, by class
    ignored: int = 0  # pixels of masks that are of no class
    usual_ignore: bool = False  # the user did not ask to ignore them
    marks: str = ""  # what is marked in them: boxes, mask or nothing
    # of 16-bit images: how many, and the first
    depths: dict[int, tuple[int, str]] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)

    def see(self, sight: Sight, size: Size) -> None:
        """Add an image that was read, with its size."""
        self.sights.append(sight)
        area = size.width * size.height
        if self.smallest is None or area < self.smallest.width * self.smallest.height:
            self.smallest = size
        if self.largest is None or area > self.largest.width * self.largest.height:
            self.largest = size

    def remark_on(self, path: Path, seen: Seen) -> None:
        """Note what is unusual about an image but no fault."""
        if seen.header.orientation != UPRIGHT:
            problem = f"EXIF turns it (orientation {seen.header.orientation}), and it is read as it is shown"
            problem += f", {seen.header.size}"
            self.remarks.append(Fault(str(path), None, problem, TURN_REMEDY, "exif_rotation"))
        if seen.bits:
            count, first = self.depths.get(seen.bits, (0, str(path)))
            self.depths[seen.bits] = (count + 1, first)
        if 0 < seen.bits < 16:
            problem = (
                f"has 16 bits a pixel but values of {seen.bits} at most, and is read as {seen.bits} bits"
            )
            remedy = "scale its values to 16 bits if it is only dark"
            self.remarks.append(Fault(str(path), None, problem, remedy, "used_bits"))

    def count_objects(self, objects: Iterable[Annotation]) -> None:
        """Count objects by class."""
        for one in objects:
            self.objects[one.name] = self.objects.get(one.name, 0) + 1

    def count_mask(self, pixels: Mapping[str, int], whole: int) -> None:
        """Count the pixels of a mask by class; of `whole` pixels, the rest is ignored."""
        for name, count in pixels.items():
            self.pixels[name] = self.pixels.get(name, 0) + count
        self.ignored += whole - sum(pixels.values())

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON; `of` reads it."""
        return {
            **vars(self),
            "sights": [[*sight] for sight in self.sights],
            "remarks": [[*one] for one in self.remarks],
        }

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> "Summary":
        """The summary from its JSON form."""
        sizes = {name: known[name] and Size(*known[name]) for name in ("smallest", "largest")}
        sights = [Sight(digest, path, SourceLocation(*place)) for digest, path, place in known["sights"]]
        remarks = [Fault(*one) for one in known["remarks"]]
        depths = {int(bits): (count, first) for bits, (count, first) in known["depths"].items()}
        return cls(**{**known, **sizes, "depths": depths, "sights": sights, "remarks": remarks})


def reading_remarks(splits: Iterable[Summary]) -> list[Fault]:
    """Remarks about how data were read, once for all splits."""
    once: dict[tuple[str, str], Fault] = {}
    for one in (remark for summary in splits for remark in summary.remarks):
        once.setdefault((one.kind, one.problem), one)
    return [one for one in once.values() if one.kind not in OF_IMAGES]


def image_remarks(splits: Iterable[Summary]) -> list[Fault]:
    """Remarks about single images."""
    told = dict.fromkeys(one for summary in splits for one in summary.remarks)
    return [one for one in told if one.kind in OF_IMAGES]


def twin_remarks(splits: Mapping[str, Summary]) -> list[Fault]:
    """Remarks about images whose content occurs twice, in one split or in two."""
    first: dict[str, tuple[str, Sight]] = {}
    remarks = []
    for split, summary in splits.items():
        for sight in summary.sights:
            other, twin = first.setdefault(sight.digest, (split, sight))
            if twin is not sight:
                remarks.append(twin_remark(split, sight, other, twin))
    return remarks


def twin_remark(split: str, sight: Sight, other: str, twin: Sight) -> Fault:
    """The remark about an image that occurs twice, in one split or in two."""
    problem = f"the same image as {twin.path} in {other}"
    if other == split:
        return sight.place.fault(f"{sight.path} is {problem} too", "remove one", "duplicate_image")
    remedy = "remove it from one of them, or scores will be too high"
    return sight.place.fault(f"{sight.path} in {split} is {problem}", remedy, "leak")
