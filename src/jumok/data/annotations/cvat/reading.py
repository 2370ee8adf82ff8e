"""CVAT's own XML ("CVAT for images 1.1"): one file for all images, with boxes, polygons, ellipses and painted masks.

Rotated boxes become an outline of their corners. Shapes of one label and one group of an image form one object, as in
CVAT's exports to COCO. Points, lines, cuboids and tags of whole images are left out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jumok.data.annotations.annotated import (
    OBJECT_FLAGS,
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    SourceLocation,
    classes_in,
    nothing_but,
    parse_finite,
    pixels,
    utf8_names,
)
from jumok.data.annotations.coco.fields import Wrong, record_fault, size_in_words
from jumok.data.annotations.documents.located_xml import Element, read_xml
from jumok.data.annotations.finding import find_images
from jumok.data.annotations.shapes import (
    Shape,
    check_room,
    ellipse,
    polygon,
    shape_of_pixels,
    turned_box,
    united,
)
from jumok.data.images.reading import Size
from jumok.data.tables.faults import Fault, UnreadableFile, fail
from jumok.data.tables.listing import composed, forward_slashes
from jumok.data.tables.open_text import is_file, is_folder
from jumok.errors import did_you_mean
from jumok.wording import quantity

TRUE = ("true", "1", "yes")  # of a checkbox
SHAPES = ("box", "polygon", "ellipse", "mask")
WITHOUT_AREA = {
    "polyline": "line",
    "points": "point",
    "cuboid": "cuboid",
    "skeleton": "skeleton",
    "tag": "tag",
}


def read_cvat(
    file: Path, images: Path | None = None, split: str | None = None, classes: Sequence[str] | None = None
) -> AnnotatedSet:
    """Read a CVAT file.

    Args:
        file: The file, or the folder of an annotations.xml.
        images: The folder where names of images start; searched for by default.
        split: One of CVAT's subsets, if there are any.
        classes: Names of the classes; by default the labels of the task, or else those that occur, sorted.

    Returns:
        The images with their annotations and the faults.
    """
    file = file / "annotations.xml" if is_folder(file) else file
    try:
        root = read_xml(file)
        check_root(file, root)
    except UnreadableFile as unreadable:
        return nothing_but(unreadable.fault, file)
    elements = [child for child in root.children if child.tag == "image"]
    subsets = subsets_of(root)
    if split is not None and split.lower() not in [subset.lower() for subset in subsets]:
        hint = did_you_mean(split, subsets).removeprefix("; ") or "leave split: out"
        return nothing_but(Fault(str(file), None, f"has no subset {split!r}", hint, "missing_split"), file)
    if split is not None:
        elements = [one for one in elements if one.attributes.get("subset", "").lower() == split.lower()]
    return CvatReader(file, split).result(elements, task_labels(root) if classes is None else classes, images)


def check_root(file: Path, root: Element) -> None:
    """Refuse other XML, and videos, whose frames are no files; raises UnreadableFile."""
    if root.tag != "annotations":
        remedy = (
            "name the folder of such files under voc:"
            if root.tag == "annotation"
            else "name CVAT's annotations.xml"
        )
        problem = f"begins with <{root.tag}>, expected CVAT's <annotations>"
        raise fail(file, root.line, problem, remedy, "bad_cvat")
    track = root.find("track")
    if track is not None and root.find("image") is None:
        problem = "is CVAT's format for videos, whose frames are no files"
        remedy = "export it as 'CVAT for images 1.1' with images, or as COCO"
        raise fail(file, track.line, problem, remedy, "bad_cvat")


def subsets_of(root: Element) -> list[str]:
    """CVAT's subsets, which are used as splits."""
    named = (one.attributes.get("subset", "") for one in root.children if one.tag == "image")
    return list(dict.fromkeys(name for name in named if name))


def task_labels(root: Element) -> list[str] | None:
    """The labels of the task, project or job in their order, without labels of whole images and sub-labels."""
    meta = root.find("meta")
    for name in ("task", "project", "job"):
        place = meta.find(name) if meta else None
        labels = place.find("labels") if place else None
        if labels and labels.children:
            named = [one.find_text("name") for one in labels.children if one.find_text("type") != "tag"]
            return list(dict.fromkeys(composed(name) for name in named if name))
    return None


class PlacedImages(NamedTuple):
    """Images with their paths, the folder where their names start, and how they were found."""

    images: tuple[AnnotatedImage, ...]
    folder: Path
    remarks: tuple[Fault, ...]
    looked_at: tuple[Path, ...]


class CvatReader:
    """Reads the images of a file and collects faults."""

    def __init__(self, file: Path, split: str | None = None) -> None:
        self.file, self.split = file, split
        self.faults: list[Fault] = []
        self.without_area: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()

    def result(
        self, elements: Sequence[Element], classes: Sequence[str] | None, images: Path | None
    ) -> AnnotatedSet:
        """The images of the file, found on the disk, with their annotations.

        Args:
            elements: The elements of the images.
            classes: The names of the classes; None takes those of the annotations.
            images: The folder of the images; None looks near the file.

        Returns:
            The images with their annotations, and the faults.
        """
        read = [one for element in elements for one in self.annotated_image(element)]
        found = self.placed(elements, read, images)
        good, faults = utf8_names(one.path for one in found.images)
        writable = set(good)
        placed = [one for one in found.images if one.path in writable]
        return AnnotatedSet(
            classes_in(placed, classes),
            tuple(self.distinct(placed)),
            (*faults, *self.faults),
            dropped_fields=self.without_area + self.left_out,
            remarks=(*found.remarks, *self.remarks()),
            looked_at=(self.file, *found.looked_at),
        )

    def placed(
        self, elements: Sequence[Element], read: Sequence[AnnotatedImage], images: Path | None
    ) -> PlacedImages:
        """Find images on the disk.

        Args:
            elements: The elements of the images.
            read: The images of the elements.
            images: Their folder; None looks near the file.

        Returns:
            The images with their paths, existing or not.
        """
        found = find_images(self.file, [one.name for one in read], images)
        subsets = [element.attributes.get("subset") for element in elements]
        if images is None and not any(map(is_file, found.paths)) and all(subsets):
            names = [
                f"{one.attributes['subset']}/{forward_slashes(one.attributes.get('name', ''))}"
                for one in elements
            ]
            found = find_images(self.file, names, None) if len(names) == len(read) else found
        placed = tuple(
            replace(one, path=path, name=self.own_name(one.name, name))
            for one, path, name in zip(read, found.paths, found.names, strict=True)
        )
        own = next((one for one, name in zip(placed, found.names, strict=True) if one.name != name), None)
        folder = found.folder if own is None else own.path.parents[own.name.count("/")]
        return PlacedImages(placed, folder, found.remarks, found.looked_at)

    def own_name(self, stated: str, found: str) -> str:
        """The name of an image: that of the subset's folder does not belong to it if one subset is read."""
        return (
            stated if self.split is not None and found.lower() == f"{self.split}/{stated}".lower() else found
        )

    def annotated_image(self, element: Element) -> Iterator[AnnotatedImage]:
        """The image of an element; nothing, but a fault, if it has no name."""
        place = SourceLocation(str(self.file), element.line)
        name = forward_slashes(element.attributes.get("name", ""))
        if not name:
            self.faults.append(place.fault("image: has no name", "give it one", "bad_value"))
            return
        try:
            size = element_size(element)
        except Wrong as wrong:
            self.faults.append(record_fault(place, "image", wrong))
            size = None
        keyed = [item for child in element.children for item in self.annotation(child, size)]
        yield AnnotatedImage(Path(name), name, place, size, tuple(united(keyed)))

    def annotation(self, element: Element, size: Size | None) -> Iterator[tuple[Any, Annotation]]:
        """The object of a shape, with a key that is equal for shapes of one object."""
        if element.tag in WITHOUT_AREA:
            self.without_area[WITHOUT_AREA[element.tag]] += 1
        if element.tag not in SHAPES:
            return
        place = SourceLocation(str(self.file), element.line)
        try:
            label = composed(element.attributes.get("label", "").strip())
            if not label:
                raise Wrong("has no label", "give it one", "bad_value")
            shape = cvat_shape(element, size)
        except (Wrong, OverflowError) as wrong:
            self.faults.append(record_fault(place, element.tag, wrong))
            return
        group = element.attributes.get("group_id")
        yield (
            (label, group) if group not in (None, "", "0") else None,
            Annotation(
                shape.box,
                label,
                place,
                segmentation=shape.outline,
                **self.flags(element),
            ),
        )

    def flags(self, element: Element) -> dict[str, bool]:
        """The flags of a shape, its own or those of attributes with their names; other attributes are counted."""
        on = {"occluded"} if element.attributes.get("occluded") == "1" else set()
        for child in element.children:
            name = child.attributes.get("name", "")
            if name in OBJECT_FLAGS:
                on |= {name} if child.text.strip().lower() in TRUE else set()
            elif child.text.strip():
                self.left_out[f"attribute {name}"] += 1
        self.left_out["z_order"] += element.attributes.get("z_order", "0") not in ("", "0")
        return dict.fromkeys(sorted(on), True)

    def distinct(self, images: Sequence[AnnotatedImage]) -> Iterator[AnnotatedImage]:
        """Each image once; a second record of a file is reported and left out."""
        lines: dict[Path, int | None] = {}
        for image in images:
            if image.path in lines:
                problem = f"image: {image.name!r} is already in line {lines[image.path]}"
                self.faults.append(image.place.fault(problem, "merge the two records", "duplicate_image"))
                continue
            lines[image.path] = image.place.line
            yield image

    def remarks(self) -> Iterator[Fault]:
        """What was left out because it is neither box nor outline."""
        for what, count in self.without_area.items():
            problem = f"left out, because they are neither boxes nor outlines: {quantity(count, what)}"
            yield Fault(str(self.file), None, problem, "nothing needs to be done", "left_out")


def element_size(element: Element) -> Size | None:
    """The stated size of an image."""
    texts = [element.attributes.get(side) for side in ("width", "height")]
    return None if None in texts else size_in_words(texts)


def cvat_shape(element: Element, size: Size | None) -> Shape:
    """A shape by the attributes of its element."""
    if element.tag == "box":
        x1, y1, x2, y2 = attribute_numbers(element, "xtl", "ytl", "xbr", "ybr")
        degrees = parse_finite(element.attributes.get("rotation")) or 0.0
        box = (pixels(x1), pixels(y1), pixels(x2), pixels(y2))
        return turned_box(*box, degrees) if degrees % 360 else Shape(box)
    if element.tag == "ellipse":
        x, y, across, down = attribute_numbers(element, "cx", "cy", "rx", "ry")
        return ellipse(x, y, abs(across), abs(down), parse_finite(element.attributes.get("rotation")) or 0.0)
    if element.tag == "mask":
        return cvat_mask_shape(element, size)
    text = element.attributes.get("points", "")
    points = [parse_finite(number) for pair in text.split(";") for number in pair.split(",")]
    if None in points or len(points) < 6 or len(points) % 2:
        raise Wrong(f"points are {text!r:.60}, expected x,y;x,y;x,y…", "draw it again", "bad_value")
    return polygon([point or 0.0 for point in points])


def attribute_numbers(element: Element, *names: str) -> list[float]:
    """The numbers in these attributes; raises Wrong if one is no number."""
    values = [parse_finite(element.attributes.get(name)) for name in names]
    if None in values:
        name = names[values.index(None)]
        given = element.attributes.get(name) or "missing"
        raise Wrong(f"{name} is {given}, expected a number", "write one", "bad_value")
    return [value or 0.0 for value in values]


def cvat_mask_shape(element: Element, size: Size | None) -> Shape:
    """A painted mask: run lengths outside and inside in turn, row by row, in a rectangle of the image."""
    left, top, width, height = (
        int(value) for value in attribute_numbers(element, "left", "top", "width", "height")
    )
    wrong = Wrong("its rle does not fill its width and height", "export it again", "bad_value")
    texts = element.attributes.get("rle", "").split(",")
    if not all(text.strip().isdecimal() for text in texts) or min(width, height) <= 0:
        raise wrong
    check_room(width, height)
    runs = [int(text) for text in texts]
    if sum(runs) != width * height:
        raise wrong
    part = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    size = size or Size(left + width, top + height)
    shape = shape_of_pixels(part, left, top, size.width, size.height)
    if shape is None:
        raise Wrong("has no pixel in the image", "draw it again", "bad_value")
    return shape
