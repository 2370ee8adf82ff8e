"""Images: photographs, scans, drawings. Read from files, scaled to one size, and varied for training."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor, nn

from jumok.data.augmentation import Augmentation
from jumok.data.faults import UnreadableFile
from jumok.data.images import Size, load_image, read_header
from jumok.data.kept import KEPT_BYTES, Kept
from jumok.data.marks import attach_marks, marks_of
from jumok.data.resizing import ImageSample, fit_to_canvas, fitting_size, pixels_of
from jumok.data.store import TextStore
from jumok.drawing.encoding import data_url
from jumok.errors import DataError, RunError
from jumok.files import read_whole, write_json
from jumok.kinds.axes import Axis, cell_axis
from jumok.kinds.contract import Column, Embeddings, Example, OutputKind, TrainingData
from jumok.kinds.image_options import ImageInput
from jumok.kinds.options import ModelOptions
from jumok.values import ImageBatch, Memory

CANVAS_SAMPLE = 1000  # images of the training data, at most, that the canvas is measured by
Given = Path | Pillow.Image  # an image as people give it


@dataclass(frozen=True)
class Images:
    """Images that are read when they are asked for; as many as fit into `room` bytes are then kept."""

    given: Sequence[Given]
    room: int = 0

    @cached_property
    def kept(self) -> Kept:
        return Kept(self.room)

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.zeros(len(self.given), dtype=np.int64)

    def __getitem__(self, i: int) -> ImageSample:
        pixels = self.kept.get(i, lambda: self.read(i))
        return ImageSample(pixels, (pixels.shape[1], pixels.shape[2]))

    def read(self, i: int) -> Tensor:
        """The pixels (3, Y, X) of an image."""
        given = self.given[i]
        return pixels_of(load_image(given) if isinstance(given, Path) else given.convert("RGB"))

    def size(self, i: int) -> Size:
        """Width and height, without reading the pixels."""
        given = self.given[i]
        if not isinstance(given, Path):
            return Size(*given.size)
        try:
            return read_header(given).size
        except UnreadableFile as unreadable:
            raise DataError(str(unreadable)) from None


@dataclass(frozen=True)
class Image:
    """An image input that knows how large the images of its training were."""

    name: str
    options: ImageInput
    canvas: tuple[int, int]  # height and width that hold every training image, scaled to `size`
    augmentation: Augmentation | None
    fresh: bool = True  # weights of a backbone are loaded; a saved model brings its own
    is_read: bool = False  # a text is read in it
    reads_files: bool = True

    @property
    def batch_size(self) -> int:
        """Of half as many a model that reads learns nothing for a long time."""
        return 16 if self.is_read else 8

    def learning_rate(self, model: ModelOptions) -> float:
        """Who reads takes smaller steps, and who goes on with pretrained weights."""
        return 1e-3 if self.is_read or self.options.encoder.is_pretrained else 3e-3

    @property
    def digest(self) -> str:
        return f"{self.options.size} {self.canvas}"

    @property
    def summary(self) -> str:
        height, width = self.canvas
        return f"up to {width} × {height} pixels"

    @property
    def architecture(self) -> str:
        return self.options.encoder.backbone

    def column(self, store: TextStore, root: Path) -> Images:
        return Images([root / path for path in store.texts(self.name)], KEPT_BYTES)

    def count_unknown(self, column: Column, rows: np.ndarray) -> int:
        return 0

    def accept(self, value: object) -> Given:
        """The path of a file, a picture of Pillow's, or an array (Y, X, 3) of bytes."""
        if isinstance(value, Pillow.Image):
            return value
        if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim in (2, 3):
            return Pillow.fromarray(value)
        if isinstance(value, str | Path) and str(value).strip():
            return Path(value)
        raise DataError(f"{self.name!r} of an input must be the path of an image; got {value!r}")

    def is_blank(self, value: Given) -> bool:
        return False

    def value(self, text: str, root: Path) -> Path:
        return root / text

    def encode(self, values: Sequence[Given]) -> Images:
        return Images(values)

    def batch_group(self, column: Column) -> np.ndarray:
        """Images of one size on the canvas meet, so that no answer depends on what stands beside an image."""
        if not isinstance(column, Images):
            raise TypeError(f"{self.name!r} needs a column of images; got {type(column).__name__}")
        sizes = [self.scaled_size(column.size(i)) for i in range(len(column.given))]
        return np.array([height << 20 | width for height, width in sizes], dtype=np.int64)

    def scaled_size(self, size: Size) -> tuple[int, int]:
        """Height and width at which an image of a size is looked at."""
        return fitting_size((size.height, size.width), self.square)

    @property
    def square(self) -> tuple[int, int]:
        return self.options.size, self.options.size

    def transform(self, examples: Sequence[Example], draw: np.random.Generator | None) -> list[Example]:
        """Scale the images of examples, and what is marked in them; vary them where there is something to draw."""
        pictures = [attach_marks(items[self.name], list(items.values())) for items in examples]
        if draw is None or self.augmentation is None:
            pictures = [fit_to_canvas(picture, self.square) for picture in pictures]
        else:
            pictures = self.augmentation(pictures, self.canvas, draw)
        return [
            {name: picture if name == self.name else marks_of(picture, item) for name, item in items.items()}
            for items, picture in zip(examples, pictures, strict=True)
        ]

    def collate(self, items: Sequence[ImageSample]) -> ImageBatch:
        """Images of different sizes to one batch (B, 3, Y, X)."""
        shown = torch.tensor([picture.size for picture in items])  # (B, 2)
        original = torch.tensor([picture.original for picture in items])  # (B, 2)
        return ImageBatch(pad_and_stack([picture.image for picture in items], 0), shown, original)

    def unknown(self, value: Given) -> list[str]:
        return []

    def encoder(
        self, tables: Embeddings, model: ModelOptions, outputs: Mapping[str, OutputKind]
    ) -> nn.Module:
        wants = [kind.needs for kind in outputs.values()]
        return self.options.encoder.build(model, wants, self.fresh)

    def to_json(self, value: Given) -> dict[str, Any]:
        """The image, scaled down where it is large, and its size as it came."""
        image = load_image(value) if isinstance(value, Path) else value.convert("RGB")
        size = {"width": image.width, "height": image.height}
        return {"name": self.name, "kind": "image", **size, "image": data_url(image)}

    def axis(self, value: Given, batch: ImageBatch, memory: Memory) -> Axis:
        """Cells in rows and columns, as the places of the states say."""
        places = memory.states.new_zeros(0, 2) if memory.places is None else memory.places[0]  # (S, 2)
        columns, rows = (len(side.unique()) for side in places.unbind(1))
        stride = 2 * float(places[0, 0]) if len(places) else 0.0
        return cell_axis(self.name, (rows, columns), scaled(batch, stride))

    def cells(self, batch: ImageBatch, grid: tuple[int, int], beside: int) -> Axis:
        """A map of a power of two of pixels a cell, which covers the batch and what it was filled up with."""
        needed = max(side / count for side, count in zip(batch.pixels.shape[-2:], grid, strict=True))
        return cell_axis(self.name, grid, scaled(batch, 2.0 ** math.ceil(math.log2(needed))), beside)

    def pixels(self, value: Given) -> Tensor:
        return Images([value])[0].image

    def batch_pixels(self, batch: ImageBatch) -> list[Tensor]:
        return list(batch.pixels)

    def save(self, folder: Path, part: nn.Module) -> None:
        """Write the canvas, and where the weights that training began with are from."""
        source = getattr(part.backbone, "source", None)
        told = None if source is None else source._asdict()
        write_json(folder / f"{self.name}.image.json", {"canvas": list(self.canvas), "weights": told})


def scaled(batch: ImageBatch, stride: float) -> tuple[float, float]:
    """Height and width of a cell of a stride, in pixels of the only image of a batch as it came."""
    height, width = (stride * batch.original[0] / batch.valid_size[0]).tolist()
    return height, width


def pad_and_stack(images: Sequence[Tensor], filling: int) -> Tensor:
    """Tensors (..., Y, X) of different sizes to one (B, ..., Y, X), each in the upper left corner."""
    height, width = (max(image.shape[axis] for image in images) for axis in (-2, -1))
    batch = images[0].new_full((len(images), *images[0].shape[:-2], height, width), filling)
    for row, image in zip(batch, images, strict=True):
        row[..., : image.shape[-2], : image.shape[-1]] = image
    return batch


def fit(name: str, options: ImageInput, reads: bool, material: TrainingData) -> Image:
    """Measure the images of the training data; `reads` tells whether a text is read in them."""
    chosen = np.linspace(0, len(material.rows) - 1, min(CANVAS_SAMPLE, len(material.rows))).astype(int)
    paths = material.store.texts(name, material.rows[chosen])
    images = Images([material.root / path for path in paths])
    square = (options.size, options.size)
    sizes = [images.size(i) for i in range(len(images.given))]
    scaled = np.array([fitting_size((size.height, size.width), square) for size in sizes])  # (n, 2)
    height, width = scaled.max(0).tolist()
    return Image(name, options, (height, width), options.augmentation(reads), is_read=reads)


def load(name: str, options: ImageInput, reads: bool, folder: Path) -> Image:
    """The image input of a saved model."""
    file = folder / f"{name}.image.json"
    try:
        height, width = json.loads(read_whole(file))["canvas"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{file} cannot be read ({error}); copy the whole model folder again") from None
    return Image(name, options, (height, width), options.augmentation(reads), fresh=False, is_read=reads)
