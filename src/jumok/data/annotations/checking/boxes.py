"""Faults of boxes, classes and image sizes, each with its file and line."""

from collections.abc import Iterator
from itertools import chain

from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet, Annotation
from jumok.data.annotations.checking.summary import TURN_REMEDY
from jumok.data.images.reading import ImageHeader, Size
from jumok.data.tables.faults import Fault
from jumok.errors import did_you_mean
from jumok.wording import none_exists

SLACK = 0.5  # pixels beyond the edge that are roundings
EDGE_NAMES = ("left", "upper", "right", "lower")


def missing_faults(data: AnnotatedSet, missing: list[Fault]) -> list[Fault]:
    """The faults of missing images; a single one if no image exists, because then the folder is wrong."""
    if len(missing) < len(data.images) or not missing:
        return missing
    if len(missing) == 1:
        return [missing[0]._replace(kind="missing_file")]
    image = data.images[0]
    problem = none_exists(len(missing), "image", image.path)
    by_list = image.place.file.endswith(".txt")
    remedy = "correct the list, or put the images there" if by_list else "name their folder under images:"
    return [Fault(image.place.file, None, problem, remedy, "missing_file")]


def size_fault(image: AnnotatedImage, header: ImageHeader) -> Fault:
    """The fault of a stated size that differs from the file; it mentions EXIF if that explains it."""
    if image.size == header.stored:
        problem = (
            f"states {image.size}, the size that {image.path} has before EXIF turns it; "
            f"it is shown as {header.size}"
        )
        return image.place.fault(problem, TURN_REMEDY, "exif_rotation")
    problem = f"states {image.size}, but {image.path} is {header.size}"
    return image.place.fault(problem, "annotate this image again or fetch the right one", "size_mismatch")


def box_faults(image: AnnotatedImage, size: Size | None) -> Iterator[Fault]:
    """Boxes without area, or beyond the image."""
    for one in image.annotations:
        x1, y1, x2, y2 = one.box
        width, height = x2 - x1, y2 - y1
        if min(width, height) <= 0 or max(width, height) <= 1:
            yield empty_fault(one, width, height)
        elif size is not None:
            yield from outside_fault(one, size)


def empty_fault(one: Annotation, width: float, height: float) -> Fault:
    """The fault of a box whose width or height is not positive."""
    if min(width, height) < -1:
        problem = f"the box of {one.name!r} has its corners swapped: {edges_in_words(one)}"
        return one.place.fault(problem, "swap the smaller and the larger edge, or draw it again", "empty_box")
    what = "a single point" if min(width, height) >= 0 and max(width, height) <= 1 else "without area"
    problem = f"the box of {one.name!r} is {what}: {edges_in_words(one)}"
    return one.place.fault(problem, "remove it or draw it again", "empty_box")


def outside_fault(one: Annotation, size: Size) -> Iterator[Fault]:
    """The fault of a box that reaches beyond its image, if it does."""
    x1, y1, x2, y2 = one.box
    beyond = (-x1, -y1, x2 - size.width, y2 - size.height)
    told = [
        f"{much:g} pixels beyond the {edge} edge"
        for much, edge in zip(beyond, EDGE_NAMES, strict=True)
        if much > SLACK
    ]
    if told:
        problem = f"the box of {one.name!r} reaches {' and '.join(told)} of the image ({size}): {edges_in_words(one)}"
        yield one.place.fault(problem, "draw it again or clip it", "box_outside")


def edges_in_words(one: Annotation) -> str:
    """The edges of a box in words."""
    x1, y1, x2, y2 = one.box
    return f"x {x1:g} to {x2:g}, y {y1:g} to {y2:g}"


def class_faults(data: AnnotatedSet) -> Iterator[Fault]:
    """Class names that the list of their split does not have."""
    unknown: dict[str, list[Annotation]] = {}
    for one in chain.from_iterable(image.annotations for image in data.images):
        if one.name not in data.names:
            unknown.setdefault(one.name, []).append(one)
    for name, found in unknown.items():
        where = f"; so are {len(found) - 1:,} more" if len(found) > 1 else ""
        problem = f"{name!r} is no class, there are {', '.join(data.names)}{where}"
        hint = did_you_mean(name, data.names).removeprefix("; ")
        remedy = hint if "did you mean" in hint else "correct the name or add the class"
        yield found[0].place.fault(problem, remedy, "unknown_class")
