"""Opens the store of objects of a source, or of a folder of images without annotations."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

from jumok.data.annotations.class_names import CLASSES_TEXT
from jumok.errors import DataError
from jumok.experiment.sources import SourceOptions
from jumok.labelling.box_tables.store import BoxTableStore
from jumok.labelling.coco.store import CocoStore
from jumok.labelling.contract import LabelStore
from jumok.labelling.files.class_names_file import ClassNamesFile
from jumok.labelling.folders.folder_store import FolderStore
from jumok.labelling.folders.voc_store import VocFormat
from jumok.labelling.folders.yolo_store import YoloFormat
from jumok.labelling.object_masks.store import object_mask_store
from jumok.labelling.tools.cvat_store import cvat_store
from jumok.labelling.tools.labelme_store import labelme_store
from jumok.labelling.tools.labelstudio_store import labelstudio_store

ObjectFormat = Literal["coco", "voc", "yolo"]
NEW_COCO, NEW_YOLO = "annotations.json", "data.yaml"


def open_object_source(
    source: SourceOptions, *, excluded: Collection[Path] = (), input: str = "image"
) -> LabelStore:
    """The store of objects of a source.

    Args:
        source: The source, as `data.train` names it.
        excluded: Images that belong to other splits.
        input: The name of the image among the inputs of a model.

    Returns:
        The store.

    Raises:
        DataError: If the source is faulty, or of a format that is not written.
    """
    if source.coco is not None:
        return CocoStore(source.coco, source.images, excluded, input=input)
    if source.yolo is not None:
        return FolderStore(YoloFormat(source.yolo, source.split or "", excluded), input)
    classes = tuple(source.classes) if source.classes else None
    if source.voc is not None:
        form = VocFormat(source.voc, source.split, source.images, excluded, classes)
        return FolderStore(form, input, names=None if classes else names_of_voc(source.voc))
    if source.labelme is not None:
        return labelme_store(source.labelme, source.images, excluded, classes, input)
    if source.cvat is not None:
        return cvat_store(source.cvat, source.images, source.split, excluded, classes, input)
    if source.labelstudio is not None:
        return labelstudio_store(source.labelstudio, source.images, excluded, classes, input)
    if source.boxes is not None:
        return BoxTableStore(
            source.boxes, source.images, excluded, classes, input, numbers=source.box_columns or None
        )
    if source.object_masks is not None:
        return object_mask_store(source.object_masks, source.images, excluded, classes, input)
    place = getattr(source, source.format)
    raise DataError(
        f"{place}: objects are not labelled in a source of {source.format}; name annotated images"
    )


def new_objects(
    folder: Path, format: ObjectFormat, classes: Sequence[str], excluded: Collection[Path]
) -> LabelStore:
    """The store of objects of a folder of images without annotations.

    Args:
        folder: The folder.
        format: The format that is written.
        classes: The classes.
        excluded: Images that belong to other splits.

    Returns:
        The store.
    """
    if format == "coco":
        return CocoStore(folder / NEW_COCO, None, excluded, classes)
    if format == "yolo":
        return FolderStore(YoloFormat(folder / NEW_YOLO, "train", excluded, classes))
    form = VocFormat(folder, excluded=excluded, new=True)
    return FolderStore(form, classes=classes, names=names_of_voc(folder))


def names_of_voc(folder: Path) -> ClassNamesFile:
    """Where a folder of Pascal VOC keeps classes that no object has yet, as labelImg lists classes."""
    return ClassNamesFile(folder / CLASSES_TEXT)
