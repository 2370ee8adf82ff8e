"""Writes COCO: one record of an image, an object or a category on each line."""

import json
from typing import Any

from jumok.classes import Class
from jumok.data.annotations.annotated import FLAGS, AnnotatedImage, AnnotatedSet, Annotation, pixels
from jumok.data.annotations.coco.fields import Id
from jumok.data.annotations.segmentation import RunLengths, Segmentation, segmentation_area


def coco_text(data: AnnotatedSet) -> str:
    """The set as a COCO file, one record per line; ids are kept if every record has its own."""
    categories = ids_or_range([one.id for one in data.classes])
    category_ids = dict(zip(data.names, categories, strict=True))
    image_ids = ids_or_range([one.id for one in data.images])
    objects = [(i, one) for i, p in zip(image_ids, data.images, strict=True) for one in p.annotations]
    ids = ids_or_range([one.id for _, one in objects])
    lists = {
        "images": [image_record(p, i) for p, i in zip(data.images, image_ids, strict=True)],
        "annotations": [
            object_record(one, number, image, category_ids[one.name])
            for (image, one), number in zip(objects, ids, strict=True)
        ],
        "categories": [category_record(one, i) for one, i in zip(data.classes, categories, strict=True)],
    }
    parts = (f"{json.dumps(name)}: [\n{json_lines(records)}\n]" for name, records in lists.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def json_lines(records: list[dict[str, Any]]) -> str:
    """JSON records, one on each line."""
    return ",\n".join(json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records)


def ids_or_range(ids: list[Any]) -> list[Any]:
    """The ids if all are given and distinct; otherwise 1, 2, 3, …"""
    return ids if None not in ids and len(set(ids)) == len(ids) else list(range(1, len(ids) + 1))


def image_record(image: AnnotatedImage, number: Id) -> dict[str, Any]:
    """An image as a record of a COCO file."""
    size = image.known_size()
    return {"id": number, "file_name": image.name, "width": size.width, "height": size.height}


def object_record(one: Annotation, number: Id, image: Id, category: int) -> dict[str, Any]:
    """An annotation as a record of a COCO file.

    Args:
        one: The annotation.
        number: Id of the record.
        image: Id of its image.
        category: Id of its class.

    Returns:
        The record.
    """
    x1, y1, x2, y2 = one.box
    size = [int_if_whole(pixels(x2 - x1)), int_if_whole(pixels(y2 - y1))]
    stated = one.area if one.area is not None else outline_area(one)
    record = {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": [int_if_whole(x1), int_if_whole(y1), *size],
        "area": int_if_whole(pixels(stated)),
        "iscrowd": int(one.crowd),
        "segmentation": segmentation_value(one.segmentation),
    }
    flags = {name: True for name in FLAGS if getattr(one, name)}
    return {**record, "attributes": flags} if flags else record


def outline_area(one: Annotation) -> float:
    """The area of an object in pixels: of its outline if it has one, else of its box."""
    x1, y1, x2, y2 = one.box
    return segmentation_area(one.segmentation) if one.segmentation else (x2 - x1) * (y2 - y1)


def segmentation_value(segmentation: Segmentation | None) -> Any:
    """A segmentation as JSON."""
    if isinstance(segmentation, RunLengths):
        counts = segmentation.counts
        return {
            "size": [segmentation.height, segmentation.width],
            "counts": counts if isinstance(counts, str) else list(counts),
        }
    return [[int_if_whole(value) for value in polygon] for polygon in segmentation or ()]


def category_record(one: Class, number: int) -> dict[str, Any]:
    """A class as a record of a COCO file."""
    record: dict[str, Any] = {"id": number, "name": one.name}
    return {**record, "supercategory": one.group} if one.group else record


def int_if_whole(value: float) -> float | int:
    """17 rather than 17.0."""
    return int(value) if value == int(value) else value
