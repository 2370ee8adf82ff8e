"""Boxes of rows and batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from jumok.classes import Class
from jumok.data.annotations.source import objects_of
from jumok.data.cache.store import TextStore
from jumok.data.images.marks import BoxMarks
from jumok.kinds.boxes.options import BoxesOutput
from jumok.kinds.boxes.showing import Showing, write_showing
from jumok.kinds.classes import classes_digest, write_classes
from jumok.values import BoxesPrediction, BoxTargets, FoundObject

SHOWING = "{name}.showing.json"  # in the folder of a model


@dataclass(frozen=True)
class MarkedObjects:
    """The objects of many images, read from the cells of a table."""

    texts: Sequence[str]
    numbers: Mapping[str, int]  # of classes by their names

    def __getitem__(self, i: int) -> BoxMarks:
        objects = objects_of(self.texts[i])
        return BoxMarks(
            torch.tensor([one.box for one in objects], dtype=torch.float32).reshape(-1, 4),
            torch.tensor([self.numbers[one.name] for one in objects], dtype=torch.int64),
            torch.tensor([one.crowd for one in objects], dtype=torch.bool),
        )


@dataclass(frozen=True)
class Boxes:
    """A boxes output whose classes are known."""

    name: str
    options: BoxesOutput
    classes: tuple[Class, ...]
    image: str  # the name of the input that they are found in
    showing: Showing = Showing()

    @cached_property
    def names(self) -> list[str]:
        """The names of the classes by number."""
        return [one.name for one in self.classes]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each class by its name."""
        return {name: number for number, name in enumerate(self.names)}


@dataclass(frozen=True)
class BoxesCodec:
    """The objects of rows and batches."""

    about: Boxes

    @property
    def digest(self) -> str:
        """The names of the classes."""
        return classes_digest(self.about.classes)

    def column(self, store: TextStore, root: Path) -> MarkedObjects:
        """The objects of all rows."""
        return MarkedObjects(list(store.texts(self.about.name)), self.about.numbers)

    def collate(self, items: Sequence[BoxMarks]) -> BoxTargets:
        """The objects of each image, stacked: (B, N, 4) and so on."""
        most = max(len(item.boxes) for item in items)
        rows = [pad_objects(item, most) for item in items]
        boxes, labels, crowd = (torch.stack(parts) for parts in zip(*rows, strict=True))
        counts = torch.tensor([len(item.boxes) for item in items])
        return BoxTargets(boxes, labels, torch.arange(most) < counts[:, None], crowd)

    def from_cells(self, texts: Sequence[str], root: Path) -> list[BoxesPrediction]:
        """The objects of an image; cells do not have its size."""
        objects = (FoundObject(one.name, 1.0, one.box) for one in objects_of(texts[0]))
        return [BoxesPrediction(tuple(objects), (0, 0))]

    def from_batch(self, batch: BoxTargets) -> list[BoxesPrediction]:
        """What is marked in each image, in pixels of the batch."""
        rows = zip(batch.boxes, batch.labels, batch.valid, strict=True)
        return [self.marked(boxes[valid], labels[valid]) for boxes, labels, valid in rows]

    def marked(self, boxes: Tensor, labels: Tensor) -> BoxesPrediction:
        """Boxes (N, 4) with labels (N,) as if they were predicted."""
        pairs = zip(labels.tolist(), boxes.tolist(), strict=True)
        objects = (FoundObject(self.about.names[label], 1.0, tuple(box)) for label, box in pairs)
        return BoxesPrediction(tuple(objects), (0, 0))

    def pack(self, value: BoxesPrediction) -> dict[str, Any]:
        """Objects and the size of the image."""
        objects = [[one.name, one.score, one.box, one.doubtful] for one in value.objects]
        return {"size": value.size, "objects": objects}

    def unpack(self, packed: dict[str, Any]) -> BoxesPrediction:
        """What `pack` was given."""
        height, width = packed["size"]
        objects = tuple(FoundObject(n, s, tuple(box), doubt) for n, s, box, doubt in packed["objects"])
        return BoxesPrediction(objects, (height, width), self.about.showing.threshold)

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write the classes, and which boxes are shown where that was chosen."""
        write_classes(folder / f"{self.about.name}.classes.json", self.about.classes)
        if self.about.showing.f1 is not None:
            write_showing(folder / SHOWING.format(name=self.about.name), self.about.showing)


def pad_objects(item: BoxMarks, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """The objects of one image, with zeros up to a number."""
    missing = most - len(item.boxes)
    return (
        torch.cat((item.boxes, item.boxes.new_zeros(missing, 4))),
        torch.cat((item.labels, item.labels.new_zeros(missing))),
        torch.cat((item.crowd, item.crowd.new_zeros(missing))),
    )
