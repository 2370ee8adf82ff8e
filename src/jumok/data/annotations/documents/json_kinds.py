"""Recognizes JSON files of annotation tools that are not COCO, and says what to do with them."""

import json
from pathlib import Path
from typing import Any

from jumok.data.annotations.documents.located_json import NO_OBJECT, LocatedJson, read_text
from jumok.data.tables.faults import Fault

COCO_LISTS = ("images", "annotations", "categories")
VIA = "is a file of VIA (VGG Image Annotator), which is not read"
LABEL_STUDIO = "is JSON of Label Studio"
LABEL_STUDIO_MARKS = {"rectanglelabels", "polygonlabels", "brushlabels", "ellipselabels", "keypointlabels"}


def coco_fault(file: Path, fault: Fault) -> Fault:
    """The fault of a file that is no JSON object, as one of COCO."""
    if fault.kind == "bad_json" and NO_OBJECT in fault.problem:
        fault = why_no_coco(file) or fault
    return fault if fault.kind == "missing_file" else fault._replace(kind="bad_coco")


def not_coco(found: LocatedJson) -> Fault | None:
    """Why a JSON object is no file of boxes and outlines; None if it is one."""
    file, lists = found.path, found.lists
    if any(name not in lists for name in COCO_LISTS):
        wrong = Fault(str(file), None, *missing_list({**lists, **found.values}), "bad_coco")
        return why_no_coco(file) or wrong
    if lists["annotations"] and is_panoptic(lists["annotations"][0].value):
        remedy = "name the file of instances, or its masks under masks:"
        return Fault(str(file), None, "is a panoptic file of COCO", remedy, "bad_coco")
    if lists["annotations"] and not lists["categories"]:
        problem, remedy = "has annotations, but its list 'categories' is empty", "write the classes into it"
        return Fault(str(file), None, problem, remedy, "bad_coco")
    return None


def why_no_coco(path: Path) -> Fault | None:
    """What a JSON file without the lists of COCO is; None if it is not JSON."""
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError):
        return None
    problem, remedy = kind_of_list(document) if isinstance(document, list) else kind_of_object(document)
    return Fault(str(path), None, problem, remedy, "bad_coco")


def why_no_labelme(path: Path) -> Fault:
    """What a JSON file without a list of shapes is."""
    fault = why_no_coco(path)
    if fault is None or "images" in fault.problem or "no object" in fault.problem:
        return Fault(
            str(path), None, "is not a labelme file: it has no list 'shapes'", "remove it", "bad_labelme"
        )
    return fault._replace(kind="bad_labelme")


def why_no_label_studio(path: Path, document: dict[str, Any]) -> Fault | None:
    """What a JSON object is that should be a task of Label Studio; None if it is one."""
    if is_label_studio(document) or "data" in document:
        return None
    problem, remedy = kind_of_object(document)
    if all(isinstance(document.get(name), list) for name in COCO_LISTS):
        problem, remedy = "is a file of COCO", "name it under coco:"
    elif problem.startswith("has no list"):
        problem = "is no export of Label Studio: it has neither data nor annotations"
        remedy = "export the project as JSON or JSON-MIN and name that"
    return Fault(str(path), None, problem, remedy, "bad_labelstudio")


def kind_of_list(document: list[Any]) -> tuple[str, str]:
    """What a list of records is, and what to do."""
    first = document[0] if document and isinstance(document[0], dict) else {}
    keys = set(first)
    if is_label_studio(first):
        return LABEL_STUDIO, export_label_studio()
    if {"image_id", "category_id"} <= keys:
        return "holds predictions of a model, not annotations", "name the file of annotations"
    if {"filename", "regions"} <= keys:
        return VIA, export_via()
    return "is a list, expected an object with images, annotations and categories", "name a COCO file"


def kind_of_object(document: Any) -> tuple[str, str]:
    """What an object is, and what to do."""
    if not isinstance(document, dict):
        return "is not an object {…}", "name a COCO file"
    values = [one for one in document.values() if isinstance(one, dict)]
    if "shapes" in document and ("imagePath" in document or "imageData" in document):
        return (
            "is a file of labelme, which annotates one image",
            "name the folder of all such files under labelme:",
        )
    if is_via(document, values):
        return VIA, export_via()
    if {"item", "dataset"} <= document.keys() or "categories" in document and "items" in document:
        return "is a file of Datumaro", "export it as COCO"
    if "annotations" in document and "objects" not in document and "images" in document:
        return kind_of_coco(document)
    if {"objects", "size"} <= document.keys():
        return "is a file of Supervisely, which annotates one image", "export the project as COCO"
    if is_label_studio(document):
        return LABEL_STUDIO, export_label_studio()
    return missing_list(document)


def kind_of_coco(document: dict[str, Any]) -> tuple[str, str]:
    """What is wrong with a file that looks like COCO."""
    marked = document["annotations"]
    first = marked[0] if isinstance(marked, list) and marked and isinstance(marked[0], dict) else {}
    if "caption" in first and "bbox" not in first:
        return "holds captions, not boxes", "name the file of instances; captions fit kind: text in a table"
    return missing_list(document)


def missing_list(document: dict[str, Any]) -> tuple[str, str]:
    """Which list is missing or is not a list."""
    name = next((name for name in COCO_LISTS if not isinstance(document.get(name), list)), "images")
    if name in document:
        return (
            f"{name!r} is {short_json(document[name])}, expected a list […]",
            "write a list of objects with ids",
        )
    other = next((key for key in document if key.lower().rstrip("s") == name.rstrip("s")), None)
    if other is not None:
        how = "in small letters" if other.lower() == name else "with this name"
        return f"has no list {name!r}, but {other!r}", f"write {name!r} {how}"
    return f"has no list {name!r}", "name a COCO file, with lists of images, annotations and categories"


def short_json(value: Any) -> str:
    """A JSON value in a message, shortened."""
    return "an object {…}" if isinstance(value, dict) else f"{value!r:.40}"


def is_via(document: dict[str, Any], values: list[dict[str, Any]]) -> bool:
    """Whether an object is a project or the annotations of VIA 1 and 2, or a project of VIA 3."""
    if any(str(key).startswith("_via_") for key in document) or {"project", "view"} <= document.keys():
        return True
    return bool(values) and all("regions" in one for one in values)


def is_label_studio(task: dict[str, Any]) -> bool:
    """Whether an object is a task of Label Studio, complete or minimal, or an annotation of one."""
    keys = task.keys()
    if "data" in keys and keys & {"annotations", "completions", "predictions"} or {"result", "task"} <= keys:
        return True
    if {"annotation_id", "annotator"} <= keys:
        return True
    marks = [one for value in task.values() if isinstance(value, list) for one in value[:1]]
    return any(one.keys() & LABEL_STUDIO_MARKS for one in marks if isinstance(one, dict))


def export_label_studio() -> str:
    """What to do with a file of Label Studio."""
    return "name it under labelstudio:"


def export_via() -> str:
    """What to do with a file of the VGG Image Annotator."""
    return "export it there as COCO (Annotation, Export Annotations (COCO format)) and name that file"


def is_panoptic(annotation: Any) -> bool:
    """Whether a COCO annotation is panoptic."""
    return isinstance(annotation, dict) and "segments_info" in annotation
