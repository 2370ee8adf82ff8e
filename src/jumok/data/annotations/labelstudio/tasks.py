"""Label Studio's tasks: the annotation that counts, the image, and answers about the whole image.

JSON has tasks with `data`, `annotations` and `predictions`; JSON-MIN has the answers of an annotation beside the data.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from jumok.data.annotations.annotated import SourceLocation
from jumok.data.annotations.coco.fields import Wrong
from jumok.data.annotations.documents.located_json import Record
from jumok.data.annotations.finding import FoundImages, find_images
from jumok.data.images.reading import SUFFIXES
from jumok.data.tables.listing import forward_slashes
from jumok.data.tables.open_text import is_file
from jumok.wording import quantity

DATES = ("created_at", "updated_at")
MINIMAL_KEYS = {"id", "annotator", "annotation_id", "lead_time", "completed_by", *DATES}
UPLOADS = "data/upload/"
UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")  # what the server writes before the names of uploaded files
MOST_LEVELS = 6  # of folders above the images that an address may have and the disk has not
SKIPPED = "skipped by annotators"  # of tasks
PREDICTED = "with predictions only"
BARE = "without annotations"
ANSWERED_TWICE = "with several annotations"

StudioResult = Mapping[str, Any]


@dataclass(frozen=True)
class StudioTask:
    """A task, the address of its image, and the results that count."""

    place: SourceLocation
    name: str  # for sentences: "task 12"
    id: int | str | None
    address: str
    data: Mapping[str, Any]  # without the image
    results: tuple[StudioResult, ...] | None  # None where nobody has answered


def studio_task(record: Record, number: int, notes: Counter[str]) -> StudioTask:
    """The task of a record.

    Args:
        record: The record.
        number: Its place in the file, from 1 on.
        notes: Counts what is not read, extended in place.

    Returns:
        The task.

    Raises:
        Wrong: If it is no task, or has no image of its own.
    """
    value = record.value
    if not isinstance(value, dict):
        raise Wrong("expected a task {…}", "export it again", "bad_value")
    given = value.get("id")
    own = given if isinstance(given, int | str) and not isinstance(given, bool) else None
    name = f"task {number if own is None else own}"
    if isinstance(value.get("task"), dict) and "result" in value:  # one annotation with its task
        value = {**value["task"], "annotations": [value]}
        own = value.get("id") if isinstance(value.get("id"), int | str) else own
    results: tuple[StudioResult, ...] | None
    if "data" not in value:
        data, results = minimal_parts(value)
    else:
        data = value["data"]
        if not isinstance(data, dict):
            raise Wrong(f"{name}: data is {data!r:.40}, expected {{…}}", "export it again", "bad_value")
        results = full_results(value, name, notes)
    key, address = image_address(data, name)
    rest = {field: one for field, one in data.items() if field != key}
    return StudioTask(record.place, name, own, address, rest, results)


def full_results(value: Mapping[str, Any], name: str, notes: Counter[str]) -> tuple[StudioResult, ...] | None:
    """The results of the annotation that counts: the ground truth, or else the one changed last.

    Args:
        value: The task.
        name: What it is called in sentences.
        notes: Counts what is not read, extended in place.

    Returns:
        The results, or None if there is no annotation.
    """
    given = value.get("annotations", value.get("completions")) or []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise Wrong(
            f"{name}: annotations are {given!r:.40}, expected [{{…}}]", "export it again", "bad_value"
        )
    chosen = chosen_annotation(given)
    if chosen is None:
        notes[SKIPPED if given else PREDICTED if value.get("predictions") else BARE] += 1
        return None
    notes[ANSWERED_TWICE] += sum(not one.get("was_cancelled") for one in given) > 1
    results = given[chosen].get("result")
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        problem = f"{name}: the result of an annotation is {results!r:.40}, expected [{{…}}]"
        raise Wrong(problem, "export it again", "bad_value")
    return tuple(results)


def chosen_annotation(annotations: Sequence[Mapping[str, Any]]) -> int | None:
    """Which annotation of a task counts; None if there is none, or all were skipped."""
    active = [number for number, one in enumerate(annotations) if not one.get("was_cancelled")]

    def rank(number: int) -> tuple[bool, str, int]:
        one = annotations[number]
        changed = next((one[date] for date in reversed(DATES) if isinstance(one.get(date), str)), "")
        return one.get("ground_truth") is True, changed, number

    return max(active, key=rank) if active else None


def minimal_parts(value: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[StudioResult, ...]]:
    """The data and the results of a task in JSON-MIN."""
    data: dict[str, Any] = {}
    results: list[StudioResult] = []
    for field, one in value.items():
        if isinstance(one, list) and all(isinstance(region, dict) for region in one):
            results += [minimal_result(field, region) for region in one]
        elif isinstance(one, dict) and "choices" in one:
            data[field] = one["choices"]
        elif isinstance(one, dict) and "text" in one:
            data[field] = one["text"]
        elif field not in MINIMAL_KEYS:
            data[field] = one
    return data, tuple(results)


def minimal_result(field: str, region: Mapping[str, Any]) -> StudioResult:
    """A region of JSON-MIN as JSON has it."""
    kinds = [key for key in region if key.endswith("labels")]
    return {
        "from_name": field,
        "type": kinds[0] if kinds else shape_kind(region),
        "value": region,
        **{side: region.get(side) for side in ("original_width", "original_height", "image_rotation")},
    }


def shape_kind(region: Mapping[str, Any]) -> str:
    """The kind of a region without labels, by its fields."""
    fields = {"points": "polygon", "rle": "brush", "radiusX": "ellipse", "height": "rectangle"}
    return next((kind for field, kind in fields.items() if field in region), "unknown")


def image_address(data: Mapping[str, Any], name: str) -> tuple[str, str]:
    """The field and the address of the image of a task; raises Wrong unless there is exactly one."""
    texts = {field: one for field, one in data.items() if isinstance(one, str)}
    found = [
        field for field, one in texts.items() if PurePosixPath(address_path(one)).suffix.lower() in SUFFIXES
    ]
    if len(found) == 1:
        return found[0], texts[found[0]]
    if found:
        problem = (
            f"{name}: has {quantity(len(found), 'image')} ({', '.join(found)}), and one is read of each task"
        )
        raise Wrong(problem, "divide it into a task for each image", "bad_value")
    if "image" in texts and not texts["image"].startswith("data:"):
        return "image", texts["image"]
    problem = f"{name}: names no image"
    if any(one.startswith("data:image") for one in texts.values()):
        problem = f"{name}: holds its image itself, expected the name of a file"
    elif any(isinstance(one, list) for one in data.values()):
        problem = f"{name}: names no image, but a list"
    raise Wrong(problem, "give it one file, like data: {image: a.jpg}", "bad_value")


def address_path(address: str) -> str:
    """The path in an address: of a local file, in a bucket, on a server, or the name of an uploaded file."""
    if "?d=" in address:
        path = unquote(address.split("?d=", 1)[1].split("&", 1)[0])
    elif "://" in address:
        path = unquote(urlsplit(address).path)
    else:
        path = address
    path = forward_slashes(path)
    path = path.rpartition("/")[2] if UPLOADS in path else path
    return "/".join(part for part in path.split("/") if part not in ("", ".", ".."))


def find_task_images(file: Path, addresses: Sequence[str], images: Path | None) -> FoundImages:
    """Find the images of tasks: below the folder of the file or of `images`, however much of the path is there.

    Args:
        file: The file of tasks.
        addresses: The addresses of the images.
        images: Their folder; searched for by default.

    Returns:
        A path for each address.
    """
    paths = [address_path(address) for address in addresses]
    best = find_images(file, paths, images)
    for names in (*without_first_folders(paths), [UPLOADED.sub("", path) for path in paths]):
        missed = count_missing(best.paths)
        if not missed:
            break
        other = find_images(file, names, images)
        best = other if count_missing(other.paths) < missed else best
    return best


def without_first_folders(paths: Sequence[str]) -> Iterator[list[str]]:
    """The paths without the first folder, the first two, ..., as far as all have the same."""
    parts = [path.split("/") for path in paths]
    depth = 0
    while (
        parts
        and depth < MOST_LEVELS
        and all(len(one) > depth + 1 and one[depth] == parts[0][depth] for one in parts)
    ):
        depth += 1
        yield ["/".join(one[depth:]) for one in parts]


def count_missing(paths: Iterable[Path]) -> int:
    """How many of these files do not exist."""
    return sum(not is_file(path) for path in paths)
