"""Annotated pictures as rows of texts, as every other source gives them.

The column of an image holds its path below `root`; that of boxes or of a mask holds a JSON object, which `objects_of`
and `MaskText` read again. What is faulty in a picture is told and left out, or mended where there is one way only.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from jumok.data.annotations.checking import box_faults, class_faults
from jumok.data.annotations.picture import AnnotatedSet, Annotation, Box, Class, Picture
from jumok.data.annotations.segmentation import RunLengths, Segmentation
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.images import Size, read_header
from jumok.data.rows import Row

BACKGROUND = "background"  # the class of what no outline holds
WATCHED = (".xml", ".txt", ".json", ".yaml", ".yml", ".png")  # files whose change makes other rows
DECIMALS = 4


@dataclass(frozen=True)
class MarkedObject:
    """One object of a picture, as a row says it."""

    box: Box
    name: str
    crowd: bool = False
    difficult: bool = False
    area: float | None = None


class AnnotationSource:
    """The pictures of one part of a data set; `kinds` says of each column whether it is image, boxes or mask."""

    remarks: tuple[Fault, ...] = ()  # whoever checks the images has them

    def __init__(
        self, read: Callable[[], AnnotatedSet], place: Path, kinds: Mapping[str, str], how: str
    ) -> None:
        self._read = read
        self.columns = tuple(kinds)
        self.kinds = tuple(kinds.values())
        self.how = how
        self.files = (place,)
        self.root = place if place.is_dir() else place.parent

    @property
    def watched(self) -> tuple[Path, ...]:
        if not self.files[0].is_dir():
            return self.files
        return tuple(sorted(path for path in self.root.rglob("*") if path.suffix.lower() in WATCHED))

    @cached_property
    def _data(self) -> AnnotatedSet:
        return self._read()

    @property
    def classes(self) -> tuple[Class, ...]:
        if "mask" not in self.kinds or any(picture.mask for picture in self._data.pictures):
            return self._data.classes
        named = enumerate(self._data.names, start=1)
        return (Class(BACKGROUND, 0), *(Class(name, number) for number, name in named))

    def rows(self) -> Iterator[Row | Fault]:
        """A row for each picture that is there; before it, its faults."""
        yield from self._data.faults
        yield from class_faults({"": self._data})
        for number, picture in enumerate(self._data.pictures, start=1):
            try:
                size = read_header(picture.path).size
            except UnreadableFile as unreadable:
                yield missing(picture, unreadable.fault)
                continue
            if "boxes" in self.kinds:
                yield from box_faults(picture, size)
                picture = mended(picture, size, self._data.names)
            yield Row(number, tuple(self._text(kind, picture, size) for kind in self.kinds))

    def _text(self, kind: str, picture: Picture, size: Size) -> str:
        if kind == "image":
            return Path(os.path.relpath(picture.path, self.root)).as_posix()
        if kind == "boxes":
            return text_of_boxes(picture)
        return self._text_of_mask(picture, size)

    def _text_of_mask(self, picture: Picture, size: Size) -> str:
        if picture.mask is not None:
            file = Path(os.path.relpath(picture.mask, self.root)).as_posix()
            return json.dumps({"file": file, "ignore": self._data.ignore}, ensure_ascii=False)
        numbers = {name: number for number, name in enumerate(self._data.names, start=1)}
        outlines = [
            [numbers[one.name], plain(one.segmentation)]
            for one in picture.annotations
            if one.segmentation and one.name in numbers
        ]
        return json.dumps({"size": list(size), "outlines": outlines})


def missing(picture: Picture, fault: Fault) -> Fault:
    """The fault of an image, told where it is listed when it is not there at all."""
    if fault.kind != "missing_file" or picture.place.file == str(picture.path):
        return fault
    return picture.place.fault(f"lists {picture.path}, which does not exist", fault.remedy, fault.kind)


def mended(picture: Picture, size: Size, names: tuple[str, ...]) -> Picture:
    """A picture without objects of unknown classes and boxes of no area; others clipped to the picture."""
    kept = []
    for one in picture.annotations:
        x1, y1, x2, y2 = one.box
        clipped = (max(x1, 0.0), max(y1, 0.0), min(x2, size.width), min(y2, size.height))
        width, height = clipped[2] - clipped[0], clipped[3] - clipped[1]
        if one.name in names and min(width, height) > 0 and max(width, height) > 1:
            kept.append(replace(one, box=clipped))
    return replace(picture, annotations=tuple(kept))


def text_of_boxes(picture: Picture) -> str:
    return json.dumps(
        {"id": picture.id, "objects": [brief(one) for one in picture.annotations]}, ensure_ascii=False
    )


def brief(one: Annotation) -> dict[str, Any]:
    """An object without what it has not."""
    box = [round(edge, DECIMALS) for edge in one.box]
    said: dict[str, Any] = {"box": box, "name": one.name}
    if one.crowd:
        said["crowd"] = True
    if one.difficult:
        said["difficult"] = True
    if one.area is not None:
        said["area"] = one.area
    return said


def objects_of(text: str) -> list[MarkedObject]:
    """What the text of a boxes column says."""
    return [MarkedObject(tuple(one.pop("box")), **one) for one in json.loads(text)["objects"]]


def plain(segmentation: Segmentation | None) -> Any:
    """An outline as JSON."""
    if isinstance(segmentation, RunLengths):
        return asdict(segmentation)
    return [list(polygon) for polygon in segmentation or ()]


def segmentation_of(value: Any) -> Segmentation:
    """An outline from its JSON."""
    if isinstance(value, dict):
        counts = value["counts"]
        counts = counts if isinstance(counts, str) else tuple(counts)
        return RunLengths(value["width"], value["height"], counts)
    return tuple(tuple(polygon) for polygon in value)
