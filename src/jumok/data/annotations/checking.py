"""What is wrong with annotated pictures, each fault with its file and line."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple

from jumok.data.annotations.checking_masks import mask_faults
from jumok.data.annotations.picture import AnnotatedSet, Annotation, Picture
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.images import UPRIGHT, ImageHeader, Size, header_of, opened
from jumok.errors import did_you_mean

SLACK = 0.5  # pixels beyond the edge that are roundings
EDGES = ("left", "upper", "right", "lower")


class Checked(NamedTuple):
    """Faults, and what is no fault but good to know: images in two splits, images turned by EXIF."""

    faults: tuple[Fault, ...]
    remarks: tuple[Fault, ...]


class Seen(NamedTuple):
    """An image file that could be decoded."""

    header: ImageHeader
    digest: bytes  # of the file's content


def check(splits: Mapping[str, AnnotatedSet]) -> Checked:
    """Look at every annotation, and decode every image and mask."""
    faults: list[Fault] = list(class_faults(splits))
    remarks: list[Fault] = []
    first: dict[bytes, tuple[str, Picture]] = {}
    for split, data in splits.items():
        faults.extend(data.faults)
        missing: list[Fault] = []
        for picture in data.pictures:
            seen = look(picture)
            if isinstance(seen, Fault):
                (missing if seen.kind == "missing_file" else faults).append(seen)
                faults.extend(box_faults(picture, picture.size))
                continue
            faults.extend(picture_faults(picture, seen.header, data))
            remarks.extend(exif_remarks(picture, seen.header))
            remarks.extend(twin_remarks(first, split, picture, seen.digest))
        faults.extend(missing_faults(data, missing))
    return Checked(tuple(faults), tuple(remarks))


def look(picture: Picture) -> Seen | Fault:
    """Decode an image; a fault names the line that lists it when the file is missing."""
    try:
        with opened(picture.path) as image:
            header = header_of(image)
            image.load()
            digest = blake2b(picture.path.read_bytes(), digest_size=16).digest()
        return Seen(header, digest)
    except UnreadableFile as unreadable:
        fault = unreadable.fault
        if fault.kind == "missing_file" and picture.place.file != str(picture.path):
            problem = f"lists {picture.path}, which does not exist"
            return picture.place.fault(problem, fault.remedy, fault.kind)
        return fault


def missing_faults(data: AnnotatedSet, missing: list[Fault]) -> list[Fault]:
    """The faults of missing images; one alone when no image is there, for then the folder is wrong."""
    if len(missing) < 2 or len(missing) < len(data.pictures):
        return missing
    picture = data.pictures[0]
    problem = f"none of the {len(missing):,} images that it lists exists; the first should be {picture.path}"
    return [Fault(picture.place.file, None, problem, "name their folder under images:", "missing_file")]


def picture_faults(picture: Picture, header: ImageHeader, data: AnnotatedSet) -> Iterator[Fault]:
    """What does not fit an image that is there."""
    if picture.size not in (None, header.size):
        yield size_fault(picture, header)
    yield from box_faults(picture, header.size)
    if picture.mask is not None:
        yield from mask_faults(picture.mask, header.size, data)


def size_fault(picture: Picture, header: ImageHeader) -> Fault:
    """The fault of a stated size that is not the file's; who drew on the unturned image is told so."""
    if picture.size == header.stored:
        problem = (
            f"states {picture.size}, the size that {picture.path} has before EXIF turns it; "
            f"it is shown as {header.size}"
        )
        return picture.place.fault(problem, turn_remedy(), "exif_rotation")
    problem = f"states {picture.size}, but {picture.path} is {header.size}"
    return picture.place.fault(problem, "annotate this image again or fetch the right one", "size_mismatch")


def turn_remedy() -> str:
    return "if boxes were drawn on the unturned image, remove EXIF's orientation from the file"


def box_faults(picture: Picture, size: Size | None) -> Iterator[Fault]:
    """Boxes that hold nothing or reach beyond the image."""
    for one in picture.annotations:
        x1, y1, x2, y2 = one.box
        width, height = x2 - x1, y2 - y1
        if min(width, height) <= 0 or max(width, height) <= 1:
            what = "a single point" if min(width, height) >= 0 and max(width, height) <= 1 else "without area"
            problem = f"the box of {one.name!r} is {what}: {described(one)}"
            yield one.place.fault(problem, "remove it or draw it again", "empty_box")
        elif size is not None:
            yield from outside_fault(one, size)


def outside_fault(one: Annotation, size: Size) -> Iterator[Fault]:
    x1, y1, x2, y2 = one.box
    beyond = (-x1, -y1, x2 - size.width, y2 - size.height)
    told = [
        f"{much:g} pixels beyond the {edge} edge"
        for much, edge in zip(beyond, EDGES, strict=True)
        if much > SLACK
    ]
    if told:
        problem = (
            f"the box of {one.name!r} reaches {' and '.join(told)} of the image ({size}): {described(one)}"
        )
        yield one.place.fault(problem, "draw it again or clip it", "box_outside")


def described(one: Annotation) -> str:
    x1, y1, x2, y2 = one.box
    return f"x {x1:g} to {x2:g}, y {y1:g} to {y2:g}"


def class_faults(splits: Mapping[str, AnnotatedSet]) -> Iterator[Fault]:
    """Names that the class list of their own split, or of the first one, does not have; one fault for each name."""
    lists = list(splits.values())
    for split, data in splits.items():
        known = lists[0].names
        unknown: dict[str, list[Annotation]] = {}
        for one in chain.from_iterable(picture.annotations for picture in data.pictures):
            if one.name not in known:
                unknown.setdefault(one.name, []).append(one)
        for name, found in unknown.items():
            where = f"; so are {len(found) - 1:,} more in {split}" if len(found) > 1 else ""
            problem = f"{name!r} is no class, there are {', '.join(known)}{where}"
            hint = did_you_mean(name, known).removeprefix("; ")
            remedy = hint if "did you mean" in hint else "correct the name or add the class"
            yield found[0].place.fault(problem, remedy, "unknown_class")


def exif_remarks(picture: Picture, header: ImageHeader) -> Iterator[Fault]:
    """An image that is shown turned, where no stated size shows how it was annotated."""
    if header.orientation != UPRIGHT and (picture.size in (None, header.size)):
        problem = (
            f"EXIF turns it (orientation {header.orientation}), and it is read as it is shown, {header.size}"
        )
        yield Fault(str(picture.path), None, problem, turn_remedy(), "exif_rotation")


def twin_remarks(
    first: dict[bytes, tuple[str, Picture]], split: str, picture: Picture, digest: bytes
) -> Iterator[Fault]:
    """An image whose file was seen before."""
    if digest not in first:
        first[digest] = (split, picture)
        return
    other, twin = first[digest]
    problem = f"the same image as {twin.path} in {other}"
    if other == split:
        yield picture.place.fault(f"{picture.path} is {problem} too", "remove one", "duplicate_image")
    else:
        remedy = "remove it from one of them, or scores will flatter"
        yield picture.place.fault(f"{picture.path} in {split} is {problem}", remedy, "leak")
