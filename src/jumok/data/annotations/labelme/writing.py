"""Writes labelme: a JSON file beside each image."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from jumok.data.annotations.annotated import OBJECT_FLAGS, AnnotatedImage, AnnotatedSet, Annotation
from jumok.data.annotations.coco.writing import int_if_whole
from jumok.data.annotations.segmentation import RunLengths, covered
from jumok.data.annotations.shapes import painted_bounds, polygons_of

LABELME_VERSION = "5.5.0"  # of labelme, whose form of files is written


def write_labelme(data: AnnotatedSet, folder: Path) -> None:
    """Write the files of a set, beside where its images are put.

    Args:
        data: The set.
        folder: The folder of its images.
    """
    for image in data.images:
        file = folder / f"{image.stem}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(labelme_text(image), encoding="utf-8")


def labelme_text(image: AnnotatedImage, path: str | None = None) -> str:
    """The annotations of an image as labelme writes them, with its path from the file; beside it by default."""
    size = image.known_size()
    document: dict[str, Any] = {
        "version": LABELME_VERSION,
        "flags": {},
        "shapes": list(labelme_shapes(image)),
        "imagePath": Path(image.name).name if path is None else path,
        "imageData": None,
        "imageHeight": size.height,
        "imageWidth": size.width,
    }
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)


def labelme_shapes(image: AnnotatedImage) -> Iterator[dict[str, Any]]:
    """The shapes of an image; parts of one object are a group."""
    groups = 0
    for one in image.annotations:
        groups += len(polygons_of(one)) > 1
        yield from shapes_of_object(one, groups)


def shapes_of_object(one: Annotation, group: int) -> Iterator[dict[str, Any]]:
    """The shapes of an object: a mask, its polygons, or its box.

    Args:
        one: The object.
        group: The number of its group, if it has several parts.

    Yields:
        The shapes.
    """
    if isinstance(one.segmentation, RunLengths):
        yield mask_of_runs(one, one.segmentation)
        return
    parts = polygons_of(one)
    for part in parts:
        points = [list(point) for point in zip(part[::2], part[1::2], strict=True)]
        yield labelme_record(one, points, "polygon", group if len(parts) > 1 else None)
    if not parts:
        x1, y1, x2, y2 = one.box
        yield labelme_record(one, [[x1, y1], [x2, y2]], "rectangle")


def mask_of_runs(one: Annotation, runs: RunLengths) -> dict[str, Any]:
    """The painted mask of an object, or its box if nothing is painted."""
    mask = covered(runs, runs.width, runs.height)
    bounds = painted_bounds(mask)
    if bounds is None:
        return labelme_record(one, [[*one.box[:2]], [*one.box[2:]]], "rectangle")
    left, top, right, bottom = bounds
    file = io.BytesIO()
    Image.fromarray(mask[top:bottom, left:right].astype(np.uint8)).save(file, format="PNG")
    points = [[float(left), float(top)], [float(right - 1), float(bottom - 1)]]  # the last pixels, included
    return {**labelme_record(one, points, "mask"), "mask": base64.b64encode(file.getvalue()).decode()}


def labelme_record(
    one: Annotation, points: list[list[float]], kind: str, group: int | None = None
) -> dict[str, Any]:
    """A shape as labelme has it.

    Args:
        one: The object.
        points: Its points.
        kind: The shape_type.
        group: The number of its group, if it is one of several parts.

    Returns:
        The JSON object.
    """
    return {
        "label": one.name,
        "points": [[int_if_whole(value) for value in point] for point in points],
        "group_id": group,
        "description": "",
        "shape_type": kind,
        "flags": {flag: True for flag in OBJECT_FLAGS if getattr(one, flag)},
        "mask": None,
    }
