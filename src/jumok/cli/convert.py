"""`jumok convert`."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.cli.options import Json
from jumok.console import print_json, say, write_line
from jumok.errors import ConfigurationError, DataError
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.data.annotations.splits.reading import Splits
    from jumok.data.tables.faults import Fault

EXAMPLE = "jumok convert bccd blood/data.yaml --images link"
MAX_FAULTS = 20
MOST_MASK_CLASSES = 254  # with the background and 255, what 8 bits can tell apart


class To(StrEnum):
    """The formats there are."""

    coco = "coco"
    voc = "voc"
    yolo = "yolo"
    masks = "masks"
    labelme = "labelme"
    cvat = "cvat"
    labelstudio = "labelstudio"


class ImageTransferOption(StrEnum):
    """What becomes of the images."""

    copy = "copy"
    link = "link"
    none = "none"


def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="COCO .json (or a folder of them), VOC folder, YOLO data.yaml, folder of labelme, CVAT's "
            "annotations.xml, Label Studio's .json, .csv of boxes, folder of one mask for each object.",
        ),
    ],
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="A .json file, a data.yaml, or a new folder with --to.")
    ],
    to: Annotated[
        To | None, typer.Option(help="The format, where the name of TARGET does not say it.")
    ] = None,
    images: Annotated[
        ImageTransferOption | None,
        typer.Option(help="Copy or link images to the folder; none: to a .json file always."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--from-images", help="Where the images are, if they are not found.")
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(metavar="SPLIT", help="A split to convert; may be given several times. All by default."),
    ] = None,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave out what is faulty, instead of stopping.")
    ] = False,
    json: Json = False,
) -> None:
    """Write annotated images in another format: COCO, VOC, YOLO, labelme, CVAT, Label Studio, or masks of outlines.

    All that the target can say is kept; what it cannot is told, with numbers. Boxes come back exactly.
    """
    kind = to or told_by_name(target)
    placed = images or (ImageTransferOption.none if target.suffix == ".json" else ImageTransferOption.copy)
    splits = read_source(source, folder, split or (), skip, placed)
    if kind is To.masks:
        check_outlines(splits)
    write_target(splits, target, kind, placed, json)


def read_source(
    source: Path, folder: Path | None, split: Sequence[str], skip: bool, placed: ImageTransferOption
) -> "Splits":
    """Read the annotated images to be converted, and print faults and what is left out.

    Args:
        source: The file or folder.
        folder: The folder of the images, if it is another one.
        split: The splits to be read, all if there are none.
        skip: Whether faulty annotations are skipped.
        placed: What becomes of the images.

    Returns:
        The images by split.
    """
    from jumok.data.annotations.splits.reading import read_splits, unify_classes, without_unreadable
    from jumok.data.tables.listing import printable
    from jumok.wording import quantity

    splits = unify_classes(read_splits(source, folder, split))
    tell_faults([fault for data in splits.values() for fault in data.faults], skip)
    for remark in dict.fromkeys(remark for data in splits.values() for remark in data.remarks):
        say(f"remark: {remark}")
    if skip:
        splits, left = without_unreadable(splits, placed is not ImageTransferOption.none)
        if left:
            say(f"left out {quantity(len(left), 'image')} that cannot be read, like {printable(left[0])}")
    return splits


def write_target(splits: "Splits", target: Path, kind: To, placed: ImageTransferOption, json: bool) -> None:
    """Write the images in another format; what the format cannot express is printed.

    Args:
        splits: The images by split.
        target: The file or folder to be written.
        kind: The format.
        placed: What becomes of the images.
        json: Whether to print JSON.
    """
    from jumok.data.annotations.splits.lossy import losses_in, losses_sentence
    from jumok.data.annotations.splits.writing import count_splits, write_splits

    lost = losses_in(splits, kind.value)
    told = losses_sentence(lost, kind.value)
    if told:
        say(told)
    write_splits(splits, target, kind.value, placed.value)
    for name, count in count_splits(splits).items():
        say(f"{name}: {quantity(count['images'], 'image')}, {quantity(count['annotations'], 'annotation')}")
    if json:
        print_json({"written": str(target), "splits": count_splits(splits), "not_expressible": lost})
    else:
        write_line(str(target))


def told_by_name(target: Path) -> To:
    """The format that the name of the target implies."""
    formats = {".json": To.coco, ".yaml": To.yolo, ".yml": To.yolo}
    if target.suffix not in formats:
        known = ", ".join(To)
        raise ConfigurationError(f"{target}: say the format of the folder, like --to voc; known are: {known}")
    return formats[target.suffix]


def tell_faults(faults: Sequence["Fault"], skip: bool) -> None:
    """Show what could not be read; stop unless it is to be skipped."""
    for fault in faults[:MAX_FAULTS]:
        say(f"fault: {fault}")
    if len(faults) > MAX_FAULTS:
        say(f"... and {len(faults) - MAX_FAULTS} more faults")
    if faults and not skip:
        raise DataError(f"faults: {len(faults)}; fix them, or pass --skip to convert the rest")


def check_outlines(splits: "Splits") -> None:
    """Masks are made of outlines; a box does not say which of its pixels are the object's."""
    from jumok.data.annotations.splits.lossy import without_outline

    bare = list(without_outline(splits))
    if bare:
        place = bare[0].place
        raise DataError(
            f"{place.file}{f':{place.line}' if place.line else ''}: {bare[0].name!r} has a box but no outline "
            f"(like {quantity(len(bare), 'annotation')} in all), and a box does not say which "
            f"of its pixels are the object; "
            "masks need polygons or run lengths"
        )
    classes = len(next(iter(splits.values())).classes)
    if classes > MOST_MASK_CLASSES:
        raise DataError(f"masks hold up to {quantity(MOST_MASK_CLASSES, 'class')}, and there are {classes}")
