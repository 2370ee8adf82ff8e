"""Annotated images as rows of text, like those of every other source.

The column of an image holds its path below `root`; that of boxes or of a mask holds a JSON object, which `objects_of`
and `MaskText` parse. Faulty images are reported and left out, or corrected if only one correction is possible.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jumok.classes import Class
from jumok.data.annotations.annotated import BACKGROUND, AnnotatedImage, AnnotatedSet, Annotation, Box
from jumok.data.annotations.checking.examining import Examined, examine
from jumok.data.annotations.checking.summary import Summary
from jumok.data.annotations.segmentation import RunLengths, Segmentation
from jumok.data.images.looks import Looks
from jumok.data.images.reading import Size
from jumok.data.row import Row
from jumok.data.tables.faults import Fault

JSON_DECIMALS = 4
MARKS = ("boxes", "mask")
MOST_IDS = 256  # of the classes of a mask, whose pixels are bytes


@dataclass(frozen=True)
class MarkedObject:
    """One object in a row."""

    box: Box
    name: str
    crowd: bool = False
    difficult: bool = False
    area: float | None = None


class AnnotationSource:
    """The images of one split of a data set.

    `kinds` gives the kind of each column: image, boxes or mask, and of others the texts that images have beside them.
    """

    remarks: tuple[Fault, ...] = ()  # whoever checks the images has them

    def __init__(
        self, read: Callable[[], AnnotatedSet], place: Path, kinds: Mapping[str, str], how: str
    ) -> None:
        self._read = read
        self._looks = Looks()
        self.columns = tuple(kinds)
        self.kinds = tuple(kinds.values())
        self.how = how
        self.files = (place,)
        self.root = place if place.is_dir() else place.parent

    def remember(self, looks: Looks) -> None:
        """Use these looks, which may know the images and masks already."""
        self._looks = looks

    @property
    def watched(self) -> tuple[Path, ...]:
        """All files that decide the rows, once the rows were read."""
        return tuple(dict.fromkeys((*self.files, *self._found.data.files)))

    @cached_property
    def _found(self) -> Examined:
        found = examine(self._read(), self._looks, self.kinds)
        if not found.data.images and not found.faults:
            problem, remedy = "holds no images", "name one that lists some"
            found.faults.append(Fault(str(self.files[0]), None, problem, remedy, "empty_file"))
        found.summary.has_images = True
        found.summary.images = len({image.path for image in found.data.images})
        found.summary.usual_ignore = found.data.usual_ignore
        marks = [kind for kind in self.kinds if kind in MARKS]
        found.summary.marks = "mask" if "mask" in marks else next(iter(marks), "")
        return found

    @property
    def summary(self) -> Summary:
        """The summary of the images."""
        return self._found.summary

    @property
    def classes(self) -> tuple[Class, ...]:
        """The classes, with a background in front where masks are drawn from outlines."""
        data = self._found.data
        if "mask" not in self.kinds or any(image.mask for image in data.images):
            return data.classes
        named = [one for one in data.classes if one.name.lower() != BACKGROUND]
        if "boxes" in self.kinds and all(one.id in range(1, MOST_IDS) for one in named):
            return (Class(BACKGROUND, 0), *named)  # boxes keep the numbers of the file
        return (Class(BACKGROUND, 0), *(Class(one.name, number) for number, one in enumerate(named, 1)))

    def rows(self) -> Iterator[Row | Fault]:
        """A row for each usable image, after all faults."""
        yield from self._found.faults
        for number, image, size in self._found.usable:
            yield Row(
                self._line(image) or number,
                tuple(
                    self._text(name, kind, image, size)
                    for name, kind in zip(self.columns, self.kinds, strict=True)
                ),
            )

    def _line(self, image: AnnotatedImage) -> int | None:
        """The line of an image in the one file that lists them all, if there is one."""
        return image.place.line if image.place.file == str(self.files[0]) else None

    def _text(self, name: str, kind: str, image: AnnotatedImage, size: Size) -> str:
        if kind == "image":
            return Path(os.path.relpath(image.path, self.root)).as_posix()
        if kind not in MARKS:
            return dict(image.texts).get(name, "")
        return text_of_boxes(image) if kind == "boxes" else self._text_of_mask(image, size)

    def _text_of_mask(self, image: AnnotatedImage, size: Size) -> str:
        data = self._found.data
        if image.mask is not None:
            file = Path(os.path.relpath(image.mask, self.root)).as_posix()
            said: dict[str, Any] = {"file": file, "ignore": data.ignore}
            return json.dumps(said | ({"instances": True} if data.instances else {}), ensure_ascii=False)
        outlines = [
            [BACKGROUND if one.name.lower() == BACKGROUND else one.name, segmentation_json(one.segmentation)]
            for one in image.annotations
            if one.segmentation and one.name in data.names
        ]
        return json.dumps({"size": list(size), "outlines": outlines}, ensure_ascii=False)


def text_of_boxes(image: AnnotatedImage) -> str:
    """The objects of an image as one line of JSON."""
    return json.dumps(
        {"id": image.id, "objects": [object_json(one) for one in image.annotations]}, ensure_ascii=False
    )


def object_json(one: Annotation) -> dict[str, Any]:
    """An object as JSON, without unset values."""
    box = [round(edge, JSON_DECIMALS) for edge in one.box]
    said: dict[str, Any] = {"box": box, "name": one.name}
    if one.crowd:
        said["crowd"] = True
    if one.difficult:
        said["difficult"] = True
    if one.area is not None:
        said["area"] = one.area
    return said


def objects_of(text: str) -> list[MarkedObject]:
    """The objects in the text of a boxes column."""
    return [MarkedObject(tuple(one.pop("box")), **one) for one in json.loads(text)["objects"]]


def segmentation_json(segmentation: Segmentation | None) -> Any:
    """An outline as JSON."""
    if isinstance(segmentation, RunLengths):
        return asdict(segmentation)
    return [list(polygon) for polygon in segmentation or ()]


def segmentation_from_json(value: Any) -> Segmentation:
    """An outline from its JSON."""
    if isinstance(value, dict):
        counts = value["counts"]
        counts = counts if isinstance(counts, str) else tuple(counts)
        return RunLengths(value["width"], value["height"], counts)
    return tuple(tuple(polygon) for polygon in value)
