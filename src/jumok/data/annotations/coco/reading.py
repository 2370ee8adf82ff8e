"""COCO: one JSON file with lists of images, annotations and categories, which refer to each other by ids.

A box is `[left, top, width, height]` in pixels. Ids may have gaps; numbers and texts are ids. What COCO itself has no
field for (difficult, truncated, occluded) is read and written under `attributes`, as annotation tools do.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from jumok.classes import Class
from jumok.data.annotations.annotated import (
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    SourceLocation,
    nothing_but,
    utf8_names,
)
from jumok.data.annotations.coco.fields import (
    IMAGE_KEYS,
    OBJECT_KEYS,
    Id,
    Wrong,
    attributes_of,
    box_from_xywh,
    category_class,
    check_size,
    duplicate_id_fault,
    id_of,
    parse_segmentation,
    record_fault,
    record_size,
    text_of,
)
from jumok.data.annotations.documents.json_kinds import coco_fault, not_coco
from jumok.data.annotations.documents.located_json import LocatedJson, Record
from jumok.data.annotations.finding import find_images, last_name
from jumok.data.annotations.segmentation import RunLengths
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.rows import clean


def read_coco(
    file: Path, images: Path | None = None, texts: Mapping[str, str] = MappingProxyType({})
) -> AnnotatedSet:
    """The images of a file.

    Args:
        file: The JSON file.
        images: The folder that file names start at; searched for by default.
        texts: Fields of images that are read as texts, by their names in the experiment. Records of one image with
            different texts are then different examples, as in files of referring expressions.

    Returns:
        The images with their annotations, and faults.
    """
    try:
        found = LocatedJson(file)
    except UnreadableFile as unreadable:
        return nothing_but(coco_fault(file, unreadable.fault), file)
    wrong = not_coco(found)
    if wrong is not None:
        return nothing_but(wrong, file)
    return CocoReader(found, texts).result(images)


class CocoReader:
    """Resolves the references of a file and collects faults."""

    def __init__(self, found: LocatedJson, texts: Mapping[str, str] = MappingProxyType({})) -> None:
        self.found, self.texts = found, texts
        self.faults: list[Fault] = []
        self.left_out: Counter[str] = Counter()
        self.lost: set[Id] = set()  # ids of faulty images, whose annotations are lost with them

    def result(self, images: Path | None) -> AnnotatedSet:
        """The images of the file, found on the disk, with their annotations."""
        classes = dict(self.keyed(self.found.lists["categories"], "category", category_class))
        make = partial(record_image, texts=self.texts)
        records = dict(self.keyed(self.found.lists["images"], "image", make))
        found = find_images(self.found.path, [one.name for one in records.values()], images)
        places = zip(records.items(), found.paths, found.names, strict=True)
        listed = {number: replace(one, path=path, name=name) for (number, one), path, name in places}
        marked: dict[Id, list[Annotation]] = {number: [] for number in listed}
        for number, annotation in self.annotations(listed, classes):
            marked[number].append(annotation)
        complete = [replace(one, annotations=tuple(marked[number])) for number, one in listed.items()]
        return AnnotatedSet(
            tuple(one_of_each_name(classes.values())),
            tuple(self.united(complete)),
            tuple(self.faults),
            dropped_fields=self.left_out,
            remarks=found.remarks,
            looked_at=(self.found.path, *found.looked_at),
        )

    def united(self, images: list[AnnotatedImage]) -> list[AnnotatedImage]:
        """Merge records of the same file, and report them."""
        by_path: dict[tuple[Path, tuple[tuple[str, str], ...]], AnnotatedImage] = {}
        good, faults = utf8_names(image.path for image in images)
        self.faults.extend(faults)
        writable = set(good)
        for image in images:
            if image.path not in writable:
                continue
            first = by_path.setdefault((image.path, image.texts), image)
            if first is image:
                continue
            problem = f"image: {image.name!r} is already in line {first.place.line}, under another id"
            remedy = "merge the two records, for each has only a part of the annotations"
            self.faults.append(image.place.fault(problem, remedy, "duplicate_image"))
            known = {(one.box, one.name) for one in first.annotations}
            more = tuple(one for one in image.annotations if (one.box, one.name) not in known)
            by_path[image.path, image.texts] = replace(first, annotations=first.annotations + more)
        return list(by_path.values())

    def keyed(self, records: list[Record], what: str, make: Any) -> Iterator[tuple[Id, Any]]:
        """Records by id; of several with one id, the first.

        Args:
            records: The records.
            what: What a record is, for messages.
            make: Makes a value of a record.

        Yields:
            Id and value.
        """
        lines: dict[Id, int | None] = {}
        names: set[str] = set()
        for record in records:
            number: Id | None = None
            try:
                value = object_of(record)
                number = id_of(value, "id")
                if number in lines:
                    self.faults.append(duplicate_id_fault(record.place, what, number, lines[number]))
                    continue
                lines[number] = record.place.line
                made = make(value, record.place)
                if isinstance(made, Class) and value["name"] in names:
                    raise Wrong(f"the name {made.name!r} occurs twice", "rename one", "duplicate_class")
                names.add(value.get("name", ""))
                if what == "image":
                    self.left_out.update(value.keys() - IMAGE_KEYS - set(self.texts.values()))
                yield number, made
            except (Wrong, OverflowError) as wrong:
                self.faults.append(record_fault(record.place, what, wrong))
                self.lost.update([number] if what == "image" and number is not None else [])

    def annotations(
        self, images: Mapping[Id, AnnotatedImage], classes: dict[Id, Class]
    ) -> Iterator[tuple[Id, Annotation]]:
        """The annotations that can be read, each with the id of its image."""
        lines: dict[Id, int | None] = {}
        for value, place in self.found.lists["annotations"]:
            try:
                number, annotation = annotation_of(object_of(Record(value, place)), place, classes)
            except (Wrong, OverflowError) as wrong:
                self.faults.append(record_fault(place, "annotation", wrong))
                continue
            if number in self.lost:
                continue
            if number not in images:
                problem = f"annotation: there is no image with the id {number!r}"
                remedy = other_type(number, images) or "add the image or remove this"
                self.faults.append(place.fault(problem, remedy, "unknown_image"))
                continue
            annotation = with_outline(annotation, value, images[number], self.faults)
            if annotation.id is not None and annotation.id in lines:
                self.faults.append(
                    duplicate_id_fault(place, "annotation", annotation.id, lines[annotation.id])
                )
            if annotation.id is not None:
                lines[annotation.id] = place.line
            self.left_out.update(value.keys() - OBJECT_KEYS)
            yield number, annotation


def with_outline(
    one: Annotation, value: dict[str, Any], image: AnnotatedImage, faults: list[Fault]
) -> Annotation:
    """The annotation with its outline; without it, but with its box and one more fault, if the outline is faulty.

    Args:
        one: The annotation without outline.
        value: The JSON object.
        image: Its image.
        faults: Faults, to which one may be added.

    Returns:
        The annotation.
    """
    try:
        outline = parse_segmentation(value.get("segmentation"))
        if isinstance(outline, RunLengths):
            check_size(outline, image)
        return replace(one, segmentation=outline)
    except (Wrong, OverflowError) as wrong:
        faults.append(record_fault(one.place, "annotation", wrong))
        return one


def one_of_each_name(classes: Iterable[Class]) -> Iterator[Class]:
    """Classes without those whose name occurred before, perhaps in another form of Unicode."""
    names: set[str] = set()
    for one in classes:
        if one.name not in names:
            names.add(one.name)
            yield one


def other_type(number: Id, known: Iterable[Id]) -> str | None:
    """What to do if an id is a number in one place and a text in another."""
    other = next((one for one in known if one != number and str(one) == str(number)), None)
    if other is None:
        return None
    kinds = ("a text", "a number") if isinstance(number, str) else ("a number", "a text")
    return f"here it is {kinds[0]}, there {kinds[1]} ({other!r}): write both in the same way"


def object_of(record: Record) -> dict[str, Any]:
    """The JSON object of a record; raises Wrong if it is none."""
    if not isinstance(record.value, dict):
        raise Wrong("expected an object {…}", "write one", "bad_value")
    return record.value


def record_image(
    value: dict[str, Any], place: SourceLocation, texts: Mapping[str, str] = MappingProxyType({})
) -> AnnotatedImage:
    """The image of an image record, without annotations.

    Args:
        value: The JSON object.
        place: Its location.
        texts: Fields to be read as texts, by their names in the experiment.

    Returns:
        The image.

    Raises:
        Wrong: If the record is faulty.
    """
    if "file_name" in value or "coco_url" not in value:
        name = text_of(value, "file_name").replace("\\", "/")
    else:
        name = last_name(text_of(value, "coco_url"))  # as LVIS names its images
    if PurePosixPath(name).name in ("", ".."):
        raise Wrong(f"file_name {name!r} names no file", "correct it", "bad_value")
    beside = tuple((ours, clean(text_of(value, field))) for ours, field in texts.items() if value.get(field))
    return AnnotatedImage(Path(name), name, place, record_size(value), id=id_of(value, "id"), texts=beside)


def annotation_of(
    value: dict[str, Any], place: SourceLocation, classes: dict[Id, Class]
) -> tuple[Id, Annotation]:
    """The annotation of a record.

    Args:
        value: The JSON object.
        place: Its location.
        classes: The classes by id.

    Returns:
        The id of its image, and the annotation.

    Raises:
        Wrong: If the record is faulty.
    """
    category = id_of(value, "category_id")
    if category not in classes:
        known = ", ".join(map(repr, classes)) if len(classes) < 20 else "those of 'categories'"
        remedy = other_type(category, classes) or f"there are {known}"
        raise Wrong(f"there is no category with the id {category!r}", remedy, "unknown_class")
    stated = value.get("area")
    annotation = Annotation(
        box=box_from_xywh(value.get("bbox")),
        name=classes[category].name,
        place=place,
        crowd=value.get("iscrowd") in (1, True),
        segmentation=None,  # follows, for a faulty one does not spoil the box
        id=id_of(value, "id") if "id" in value else None,
        area=float(stated) if isinstance(stated, int | float) and not isinstance(stated, bool) else None,
        **attributes_of(value.get("attributes")),
    )
    return id_of(value, "image_id"), annotation
