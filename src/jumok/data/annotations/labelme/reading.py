"""labelme: beside each image a JSON file with its shapes, in a folder and the folders below.

A rectangle is a box, without an outline; polygons, circles and painted masks have one. Shapes of one label and one
group are parts of one object. Points and lines have no area and are left out.
"""

import base64
import binascii
import io
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from jumok.data.annotations.annotated import (
    OBJECT_FLAGS,
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    SourceLocation,
    classes_in,
    hidden_remarks,
    nothing_but,
    of_one_image,
    utf8_names,
)
from jumok.data.annotations.coco.fields import Wrong, is_finite_number, record_fault, record_size, text_of
from jumok.data.annotations.documents.json_kinds import why_no_labelme
from jumok.data.annotations.documents.located_json import LocatedJson, Record
from jumok.data.annotations.finding import IMAGE_FOLDERS, ImagesByStem, safe_name
from jumok.data.annotations.shapes import (
    Shape,
    bounding_box,
    check_room,
    circle,
    polygon,
    shape_of_pixels,
    united,
)
from jumok.data.images.reading import BROKEN, SUFFIXES, Size
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.listing import composed, files_below, forward_slashes, printable
from jumok.data.tables.open_text import is_file, is_folder, nearest_file
from jumok.wording import quantity, with_article

LINE_TYPES = ("point", "points", "line", "linestrip")


def read_labelme(
    folder: Path, images: Path | None = None, classes: Sequence[str] | None = None
) -> AnnotatedSet:
    """Read the labelme files of a folder and below.

    Args:
        folder: The folder.
        images: The folder of the images, if it is another one.
        classes: Names of the classes; by default the labels that occur, sorted.

    Returns:
        The images with their annotations and the faults.
    """
    if not is_folder(folder):
        what = "is no folder" if is_file(folder) else "does not exist"
        remedy = "name the folder of the JSON files" if is_file(folder) else nearest_file(folder)
        return nothing_but(Fault(str(folder), None, what, remedy, "missing_file"), folder)
    below = files_below(folder, (".json",))
    if not below.files:
        return nothing_but(
            Fault(str(folder), None, "holds no JSON files", "name their folder", "missing_file"),
            *below.folders,
        )
    reading = LabelmeReader(folder, images)
    files, faults = utf8_names(below.files)
    annotated = [image for file in files for image in reading.read_file(file)]
    return AnnotatedSet(
        classes_in(annotated, classes),
        tuple(annotated),
        (*faults, *reading.faults),
        dropped_fields=reading.without_area + reading.left_out,
        remarks=(*hidden_remarks(folder, below), *reading.remarks(annotated)),
        looked_at=(*below.folders, *files, *reading.images.folders),
    )


class LabelmeReader:
    """Reads files and collects faults."""

    def __init__(self, folder: Path, images: Path | None) -> None:
        self.folder = folder
        self.given = images
        self.images = ImagesByStem()
        self.faults: list[Fault] = []
        self.without_area: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    def read_file(self, file: Path) -> Iterator[AnnotatedImage]:
        """The image of a file; nothing when it cannot be read."""
        try:
            found = LocatedJson(file)
        except UnreadableFile as unreadable:
            self.faults.append(of_one_image(unreadable.fault, "bad_json"))
            return
        if "shapes" not in found.lists:
            self.faults.append(why_no_labelme(file))
            return
        try:
            size = record_size(found.values, "imageWidth", "imageHeight")
        except (Wrong, OverflowError) as wrong:
            self.faults.append(record_fault(SourceLocation(str(file), None), "image", wrong))
            size = None
        path, name = self.image(file, found.values.get("imagePath"))
        of_image = found.values.get("flags")
        on = of_image.values() if isinstance(of_image, dict) else ()
        self.left_out["flags of images"] += sum(state is True for state in on)
        keyed = [item for record in found.lists["shapes"] for item in self.annotation(record, size)]
        yield AnnotatedImage(path, name, SourceLocation(str(file), None), size, tuple(united(keyed)))

    def image(self, file: Path, stated: Any) -> tuple[Path, str]:
        """The image of a JSON file and its name: as stated, or else with the name of the file."""
        said = forward_slashes(stated) if isinstance(stated, str) else ""
        folders = [self.given] if self.given is not None else []
        folders += [
            file.parent,
            *(above / name for above in (file.parent, self.folder.parent) for name in IMAGE_FOLDERS),
        ]
        for folder in folders:
            for way in (said, PurePosixPath(said).name):
                found = self.images.listings.find(folder / way) if way else None
                if found:
                    return found, safe_name(found, self.given or self.folder)
        there = (self.images.find(folder, file.stem, said) for folder in folders)
        path = next(filter(None, there), None) or folders[0] / (said or f"{file.stem}.jpg")
        return path, safe_name(path, self.given or self.folder)

    def annotation(self, record: Record, size: Size | None) -> Iterator[tuple[Any, Annotation]]:
        """The object of a shape, with a key that is equal for shapes of one object."""
        value, place = record
        try:
            if not isinstance(value, dict):
                raise Wrong("expected a shape {…}", "write one", "bad_value")
            kind = value.get("shape_type") or "polygon"
            label = composed(text_of(value, "label")).strip()
            if kind in LINE_TYPES:
                self.without_area[f"shapes of the kind {kind}"] += 1
                return
            shape = labelme_shape(kind, value, size)
        except (Wrong, OverflowError) as wrong:
            self.faults.append(record_fault(place, "shape", wrong))
            return
        group = value.get("group_id")
        key = (label, group) if isinstance(group, int | str) else None
        yield key, Annotation(shape.box, label, place, segmentation=shape.outline, **self.flags(value))

    def flags(self, value: dict[str, Any]) -> dict[str, bool]:
        """The flags of a shape that are kept; others and descriptions are counted."""
        given = value.get("flags")
        on = [name for name, state in given.items() if state is True] if isinstance(given, dict) else []
        kept = [name for name in on if name in OBJECT_FLAGS]
        self.left_out["flags of shapes"] += len(on) - len(kept)
        self.left_out["descriptions"] += bool(value.get("description"))
        return dict.fromkeys(kept, True)

    def remarks(self, images: Sequence[AnnotatedImage]) -> Iterator[Fault]:
        """Remarks about shapes that were left out."""
        for what, count in self.without_area.items():
            problem = f"left out, because they have no area: {count:,} {what}"
            yield Fault(str(self.folder), None, problem, "nothing needs to be done", "left_out")
        taken = {image.path for image in images}
        below = files_below(self.given or self.folder, SUFFIXES)
        bare = [path for path in below.files if path not in taken]
        if bare:
            problem = (
                f"{quantity(len(bare), 'image')} without a JSON file left out, like {printable(bare[0])}"
            )
            remedy = "save one without shapes for an image without objects"
            yield Fault(str(self.folder), None, problem, remedy, "no_labels")


def labelme_shape(kind: str, value: dict[str, Any], size: Size | None) -> Shape:
    """The shape with these points.

    Args:
        kind: The shape_type of labelme.
        value: The JSON object of the shape.
        size: Size of the image, if it is known.

    Returns:
        Box and outline.
    """
    points = value.get("points")
    if not isinstance(points, list) or not all(
        isinstance(point, list) and len(point) == 2 and all(map(is_finite_number, point)) for point in points
    ):
        raise Wrong(f"points are {points!r:.60}, expected [[x, y], …]", "draw it again", "bad_value")
    numbers = [float(number) for point in points for number in point]
    least = {"polygon": 3, "circle": 2, "rectangle": 2, "mask": 2}.get(kind)
    if least is None:
        raise Wrong(
            f"is of the kind {kind!r}, which is not known", "draw a rectangle or a polygon", "bad_value"
        )
    if len(points) < least or (kind in ("circle", "mask") and len(points) != 2):
        raise Wrong(
            f"{with_article(kind)} of {quantity(len(points), 'point')}, expected {least}",
            "draw it again",
            "bad_value",
        )
    if kind == "polygon":
        return polygon(numbers)
    if kind == "circle":
        return circle(*numbers)
    return Shape(bounding_box(numbers)) if kind == "rectangle" else mask_shape(value, numbers, size)


def mask_shape(value: dict[str, Any], corners: Sequence[float], size: Size | None) -> Shape:
    """A painted mask: a PNG, as base64, of the rectangle between two corners.

    Args:
        value: The JSON object of the shape.
        corners: x1, y1, x2, y2 of the rectangle.
        size: Size of the image, if it is known.

    Returns:
        Box and outline.
    """
    try:
        data = base64.b64decode(value.get("mask") or "", validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # said below
            with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
                check_room(*image.size)
                part = np.asarray(image.convert("L")) > 0
    except (*BROKEN, binascii.Error, Image.DecompressionBombError):
        raise Wrong("its mask is no PNG as base64", "draw it again", "bad_value") from None
    left, top = round(min(corners[::2])), round(min(corners[1::2]))
    size = size or Size(left + part.shape[1], top + part.shape[0])
    shape = shape_of_pixels(part, left, top, size.width, size.height)
    if shape is None:
        raise Wrong("its mask has no pixel in the image", "draw it again", "bad_value")
    return shape
