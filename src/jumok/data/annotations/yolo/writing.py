"""Writes YOLO: labels/SPLIT/ with a line for each object, and the data.yaml over images/SPLIT."""

from pathlib import Path

from jumok.data.annotations.annotated import AnnotatedSet, Annotation
from jumok.data.annotations.segmentation import box_polygon, merge_polygons
from jumok.data.annotations.yolo.file import yolo_file_text
from jumok.data.images.reading import Size

SHARE_DECIMALS = 14  # so many that a box comes back with all decimals that are kept of it


def write_yolo(data: AnnotatedSet, folder: Path, split: str, outlines: bool) -> None:
    """Write labels/SPLIT/, either all outlines or all boxes, because a data set may not mix them.

    Args:
        data: The set.
        folder: The folder of the data set.
        split: Name of the split.
        outlines: Whether to write outlines.
    """
    numbers = {name: number for number, name in enumerate(data.names)}
    for image in data.images:
        file = folder / "labels" / split / f"{image.stem}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        size = image.known_size() if image.annotations else Size(1, 1)
        lines = (label_line(one, numbers[one.name], size, outlines) for one in image.annotations)
        file.write_text("".join(lines), encoding="utf-8")


def write_yolo_file(names: tuple[str, ...], folder: Path, splits: list[str], file: str = "data.yaml") -> None:
    """Write the data.yaml over the folders images/SPLIT.

    Args:
        names: The names of the classes, in their order.
        folder: The folder of the data set.
        splits: The splits.
        file: Name of the file.
    """
    text = yolo_file_text(names, {split: f"images/{split}" for split in splits})
    (folder / file).write_text(text, encoding="utf-8")


def has_polygons(data: AnnotatedSet) -> bool:
    """Whether any object has polygons."""
    return any(isinstance(one.segmentation, tuple) for p in data.images for one in p.annotations)


def label_line(one: Annotation, number: int, size: Size, outline: bool) -> str:
    """An object as a line of a label file.

    Args:
        one: The annotation.
        number: Index of its class.
        size: Size of the image in pixels.
        outline: Whether to write the outline instead of the box.

    Returns:
        The line.
    """
    x1, y1, x2, y2 = one.box
    if outline:
        polygon = (
            merge_polygons(one.segmentation) if isinstance(one.segmentation, tuple) else box_polygon(one.box)
        )
        shares = [value / size[i % 2] for i, value in enumerate(polygon)]
    else:
        width, height = size
        shares = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]
    return " ".join((str(number), *map(plain_share, shares))) + "\n"


def plain_share(value: float) -> str:
    """A relative coordinate with at least 6 decimals and without needless zeros."""
    text = f"{value:.{SHARE_DECIMALS}f}"
    whole, decimals = text.split(".")
    return f"{whole}.{decimals.rstrip('0').ljust(6, '0')}"
