"""What the label page calls the rows of a split."""

from collections.abc import Sequence
from pathlib import Path

from jumok.dataset.split import Split
from jumok.experiment.sources import SourceOptions


def key_of_row(split: Split, source: SourceOptions, example: int) -> str:
    """What the label page calls a row: an annotated image by its path below the folder of images, others by their line.

    Args:
        split: The split.
        source: Where its rows come from.
        example: The number of the row in the split.

    Returns:
        The key.
    """
    for name, field in split.inputs.items():
        if source.is_annotated and field.reads_files:
            return image_key(split.root / split.text(name, example), folders_of(source, split.root))
    return f"row {split.line(example)}"


def folders_of(source: SourceOptions, root: Path) -> list[Path]:
    """The folders that images of a source may be in, the innermost first."""
    named = [source.images] if source.images is not None else []
    return [*named, root / "JPEGImages", root / "images", root]


def image_key(image: Path, folders: Sequence[Path]) -> str:
    """The path of an image below the first of some folders that it is in; its name if it is in none."""
    place = image.resolve()
    for folder in folders:
        if place.is_relative_to(folder.resolve()):
            return place.relative_to(folder.resolve()).as_posix()
    return place.name
