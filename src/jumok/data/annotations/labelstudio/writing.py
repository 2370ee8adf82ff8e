"""Writes Label Studio: a JSON file of tasks for each split, and the configuration with the labels.

Images are named as the server names local files: by their paths below its document root, which is the folder.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jumok.data.annotations.annotated import OBJECT_FLAGS, AnnotatedImage, AnnotatedSet, Annotation
from jumok.data.annotations.coco.writing import ids_or_range, json_lines
from jumok.data.annotations.labelstudio.brush_rle import brush_code
from jumok.data.annotations.labelstudio.config import (
    CONFIG_NAME,
    CONTROL_NAMES,
    CONTROLS,
    IMAGE_CONTROL,
    config_text,
)
from jumok.data.annotations.labelstudio.regions import FLAG_CHOICES, WHOLE
from jumok.data.annotations.segmentation import RunLengths, covered, merge_polygons
from jumok.data.annotations.shapes import polygons_of
from jumok.data.images.reading import Size

LOCAL_FILES = "/data/local-files/?d="


def write_labelstudio(splits: Mapping[str, AnnotatedSet], folder: Path) -> None:
    """Write SPLIT.json over images/SPLIT/, and label_config.xml.

    Args:
        splits: The sets by name.
        folder: The folder of the data set.
    """
    for split, data in splits.items():
        text = labelstudio_text(data, f"images/{split}")
        (folder / f"{split}.json").write_text(text, encoding="utf-8")
    names = next(iter(splits.values())).names
    objects = [one for data in splits.values() for image in data.images for one in image.annotations]
    types = [kind for kind in CONTROLS if any(type_of_region(one) == kind for one in objects)] or list(
        CONTROLS
    )[:1]
    flags = any(getattr(one, flag) for one in objects for flag in OBJECT_FLAGS)
    (folder / CONFIG_NAME).write_text(config_text(names, types, flags), encoding="utf-8")


def labelstudio_text(data: AnnotatedSet, folder: str) -> str:
    """The tasks of a set, one on each line.

    Args:
        data: The set.
        folder: The folder of its images, below the document root.

    Returns:
        The JSON.
    """
    ids = ids_or_range([one.id if isinstance(one.id, int) else None for one in data.images])
    tasks = [studio_record(image, number, folder) for image, number in zip(data.images, ids, strict=True)]
    return f"[\n{json_lines(tasks)}\n]\n" if tasks else "[]\n"


def studio_record(image: AnnotatedImage, number: int, folder: str) -> dict[str, Any]:
    """An image as a task with one annotation.

    Args:
        image: The image.
        number: Number of the task.
        folder: The folder of the images, below the document root.

    Returns:
        The task.
    """
    size = image.known_size()
    results = [
        one for n, mark in enumerate(image.annotations, 1) for one in region_results(mark, f"r{n}", size)
    ]
    annotation = {"result": results, "was_cancelled": False, "ground_truth": False}
    address = f"{LOCAL_FILES}{quote(f'{folder}/{image.name}')}"
    return {"id": number, "data": {IMAGE_CONTROL: address}, "annotations": [annotation]}


def type_of_region(one: Annotation) -> str:
    """The type of result that an object becomes."""
    if isinstance(one.segmentation, RunLengths):
        return "brushlabels"
    return "polygonlabels" if one.segmentation else "rectanglelabels"


def region_results(one: Annotation, key: str, size: Size) -> Iterator[dict[str, Any]]:
    """The results of an object: its shape with the label, and its flags.

    Args:
        one: The object.
        key: The id of the region.
        size: Size of the image.

    Yields:
        The results.
    """
    kind = type_of_region(one)
    place = region_value(one, size)
    common = {
        "id": key,
        "to_name": IMAGE_CONTROL,
        "original_width": size.width,
        "original_height": size.height,
        "image_rotation": 0,
        "origin": "manual",
    }
    yield {**common, "type": kind, "from_name": CONTROL_NAMES[kind], "value": {**place, kind: [one.name]}}
    flags = [flag for flag in OBJECT_FLAGS if getattr(one, flag)]
    if flags:
        yield {**common, "type": "choices", "from_name": FLAG_CHOICES, "value": {**place, "choices": flags}}


def region_value(one: Annotation, size: Size) -> dict[str, Any]:
    """Where an object is, in percent of the image, or its pixels as a brush."""
    if isinstance(one.segmentation, RunLengths):
        runs = one.segmentation
        return {"format": "rle", "rle": brush_code(covered(runs, runs.width, runs.height))}
    if one.segmentation:
        line = merge_polygons(polygons_of(one))
        points = zip(line[::2], line[1::2], strict=True)
        return {
            "points": [[WHOLE * x / size.width, WHOLE * y / size.height] for x, y in points],
            "closed": True,
        }
    x1, y1, x2, y2 = one.box
    return {
        "x": WHOLE * x1 / size.width,
        "y": WHOLE * y1 / size.height,
        "width": WHOLE * (x2 - x1) / size.width,
        "height": WHOLE * (y2 - y1) / size.height,
        "rotation": 0,
    }
