"""What a format cannot express of a data set."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter

from jumok.data.annotations.annotated import OBJECT_FLAGS, AnnotatedSet, Annotation
from jumok.data.annotations.segmentation import RunLengths, covered, polygon_bounds
from jumok.data.annotations.shapes import painted_bounds, polygons_of
from jumok.data.annotations.splits.reading import Format, Splits
from jumok.data.annotations.yolo.writing import has_polygons

CLOSE = 1.0  # pixels by which a box may differ from the bounds of its outline before that is said

Test = Callable[[Annotation], bool]
FLAG_TESTS: dict[str, Test] = {f"{flag} flags": attrgetter(flag) for flag in OBJECT_FLAGS}
SEVERAL_PARTS = "outlines in several parts (joined by a line)"
OTHER_BOUNDS = "boxes that are not the bounds of their outline"
RUN_LENGTHS = "outlines in run lengths (boxes are written)"


def losses_in(splits: Splits, kind: Format) -> dict[str, int]:
    """What is lost when converting to a format, and how often."""
    sets = list(splits.values())
    objects = [one for data in sets for image in data.images for one in image.annotations]
    lost = Counter[str]()
    for data in sets:
        lost.update(data.dropped_fields)
    for what, test in tests(kind, any(map(has_polygons, sets))).items():
        lost[what] += sum(map(test, objects))
    if kind not in ("coco", "labelstudio"):
        lost["ids of images"] += sum(loses_numbers([p.id for p in data.images]) for data in sets)
    if kind != "coco":
        lost["ids of annotations"] += sum(
            loses_numbers([one.id for p in data.images for one in p.annotations]) for data in sets
        )
        lost["ids of classes"] += max(loses_numbers([one.id for one in data.classes]) for data in sets)
        lost["supercategories"] += max(sum(bool(one.group) for one in data.classes) for data in sets)
    if kind in ("voc", "labelme"):
        lost.update(class_losses(sets))
    if kind == "masks":
        lost["borders between objects of one class"] = len(objects)
    return {what: count for what, count in lost.items() if count}


def tests(kind: Format, polygons: bool) -> Mapping[str, Test]:
    """What a format cannot express, each with a test for it."""
    if kind == "coco":
        return {}
    if kind == "masks":
        return FLAG_TESTS
    if kind in ("labelme", "cvat"):
        return {OTHER_BOUNDS: differs}
    if kind == "labelstudio":
        return {SEVERAL_PARTS: has_parts, OTHER_BOUNDS: differs}
    if kind == "voc":
        return {**dict(list(FLAG_TESTS.items())[:1]), "outlines": lambda one: one.segmentation is not None}
    if not polygons:
        return {**FLAG_TESTS, RUN_LENGTHS: is_run_lengths}
    return {
        **FLAG_TESTS,
        RUN_LENGTHS: is_run_lengths,
        SEVERAL_PARTS: has_parts,
        OTHER_BOUNDS: lambda one: not is_run_lengths(one) and differs(one),
    }


def loses_numbers(ids: list[int | str | None]) -> int:
    """How many ids differ from their position."""
    given = [number for number in ids if number is not None]
    counted = given in ([*range(len(given))], [*range(1, len(given) + 1)])
    return 0 if counted else len(given)


def class_losses(sets: list[AnnotatedSet]) -> dict[str, int]:
    """What VOC loses of classes: the order, and those that do not occur."""
    names = list(dict.fromkeys(name for data in sets for name in data.names))
    used = {one.name for data in sets for image in data.images for one in image.annotations}
    unused = len([name for name in names if name not in used])
    return {
        "classes without objects": unused,
        "the order of classes": 0 if names == sorted(names) else len(names),
    }


def is_run_lengths(one: Annotation) -> bool:
    """Whether the outline of an object is given as run lengths."""
    return isinstance(one.segmentation, RunLengths)


def differs(one: Annotation) -> bool:
    """Whether the box of an object differs from the bounds of its outline."""
    bounds: tuple[float, ...] | None = None
    if isinstance(one.segmentation, RunLengths):
        bounds = painted_bounds(covered(one.segmentation, one.segmentation.width, one.segmentation.height))
    elif one.segmentation:
        bounds = polygon_bounds([value for polygon in polygons_of(one) for value in polygon])
    return bounds is not None and any(abs(a - b) > CLOSE for a, b in zip(bounds, one.box, strict=True))


def has_parts(one: Annotation) -> bool:
    """Whether the outline of an object has several polygons."""
    return len(polygons_of(one)) > 1


def losses_sentence(lost: Mapping[str, int], kind: Format) -> str | None:
    """One sentence about what is lost; None if nothing is."""
    names = {"coco": "COCO", "voc": "Pascal VOC", "yolo": "YOLO", "masks": "a mask"}
    names |= {"labelme": "labelme", "cvat": "CVAT", "labelstudio": "Label Studio"}
    told = [f"{what} ({count:,})" for what, count in lost.items()]
    return f"{names[kind]} cannot say, so these are left out: {', '.join(told)}" if told else None


def without_outline(splits: Splits) -> Iterable[Annotation]:
    """Objects that have only a box, of which no mask can be made."""
    for data in splits.values():
        for image in data.images:
            yield from (one for one in image.annotations if one.segmentation is None)
