"""What is labelled at one moment, as a COCO file for a training."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jumok.data.annotations.annotated import AnnotatedSet
from jumok.data.annotations.coco.writing import coco_text
from jumok.files import write_file_atomically
from jumok.labelling.refusals import readable


def coco_snapshot(
    data: AnnotatedSet, wanted: Collection[Path], folder: Path, images: Path
) -> Mapping[str, Any]:
    """Write some images of a set as a COCO file.

    Args:
        data: The set.
        wanted: The images that are written.
        folder: The folder of the file.
        images: The folder of the images.

    Returns:
        The source as `data.train` would name it.
    """
    named = (replace(one, name=str(one.path.absolute())) for one in data.images if one.path in wanted)
    target = folder / "annotations.json"
    with readable():
        text = coco_text(replace(data, images=tuple(named)))
    write_file_atomically(target, text.encode())
    return {"coco": str(target.absolute()), "images": str(images.absolute())}
