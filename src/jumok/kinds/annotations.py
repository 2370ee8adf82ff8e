"""The YAML of annotated pictures, like `{voc: bccd, split: train}` or `{coco: file.json, images: folder}`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from jumok.data.annotations.coco import read_coco
from jumok.data.annotations.masks import OUTSIDE, read_masks
from jumok.data.annotations.picture import AnnotatedSet
from jumok.data.annotations.voc import read_voc
from jumok.data.annotations.yolo import read_yolo
from jumok.kinds.options import Options, misplaced

FORMATS = ("voc", "coco", "yolo", "masks")
Channel = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[Channel, Channel, Channel]
BELONGS = {  # which formats an option is for
    "images": ("coco", "masks"),
    "split": ("voc", "yolo"),
    "classes": ("voc", "masks"),
    "ignore": ("masks",),
}


class AnnotationOptions(Options):
    """Where annotated pictures come from; paths start at the experiment file."""

    voc: Path | None = None  # the folder that holds JPEGImages and Annotations
    coco: Path | None = None  # the JSON file
    yolo: Path | None = None  # the data.yaml
    masks: Path | None = None  # a folder of masks, or a list file with `image mask` on each line
    images: Path | None = None  # the folder of images, where the format does not say it
    split: str | None = None
    classes: tuple[str, ...] | dict[str, Colour] | None = (
        None  # for masks with their colours, if they have some
    )
    ignore: int | None = Field(default=OUTSIDE, ge=0)  # the value of mask pixels that do not count

    @model_validator(mode="after")
    def one_of_them(self) -> "AnnotationOptions":
        given = [name for name in FORMATS if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise ValueError(f"name exactly one of {', '.join(FORMATS)}; got {found}")
        for option, formats in BELONGS.items():
            if getattr(self, option) != type(self).model_fields[option].default and given[0] not in formats:
                raise misplaced(f"belongs to {' and '.join(formats)}; this is {given[0]}", option)
        if given[0] in ("voc", "yolo") and self.split is None:
            raise misplaced(f"say which split of the {given[0]} data, like split: train", "split")
        if self.masks is not None and not self.classes:
            raise misplaced("masks need the names of their classes, in the order of their values", "classes")
        return self

    def read(self) -> AnnotatedSet:
        """Read the annotations; images stay unread, but for sizes where the format needs them."""
        if self.voc is not None:
            return read_voc(self.voc, self.split or "", tuple(self.classes) if self.classes else None)
        if self.coco is not None:
            return read_coco(self.coco, self.images)
        if self.yolo is not None:
            return read_yolo(self.yolo, self.split or "")
        return read_masks(self.masks or Path(), self.classes or (), self.images, self.ignore)
