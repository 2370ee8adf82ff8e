"""Images: photographs, scans, drawings. Read from files, scaled to one size, and varied for training."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor, nn

from jumok.baselines.features import image_features
from jumok.data.cache.kept import KEPT_BYTES, Kept
from jumok.data.cache.store import TextStore
from jumok.data.images.augmentation import Augmentation
from jumok.data.images.marks import attach_marks, marks_of
from jumok.data.images.reading import Size, load_image, read_header
from jumok.data.images.resizing import ImageSample, fit_to_canvas, fitting_size, pad_and_stack, pixels_of
from jumok.data.tables.faults import refusing_unreadable
from jumok.drawing.encoding import data_url
from jumok.errors import DataError
from jumok.files import write_json
from jumok.kinds.axes import Axis, cell_axis
from jumok.kinds.contract import ArrayForm, Batching, Blueprint, Example, InputField
from jumok.kinds.fitting import FieldContext
from jumok.kinds.image.options import ImageInput
from jumok.kinds.learning_rates import ATTENTION_RATE, CONVOLUTIONAL_RATE
from jumok.kinds.options import ModelOptions
from jumok.kinds.saved import saved_json
from jumok.values import ImageBatch, Memory
from jumok.wording import quantity

THUMBNAIL_SIDE = 96  # pixels of the longer side
CANVAS_SAMPLE = 1000  # images of the training data, at most, that the canvas is measured by
SUMMARY_SIDE = 128  # pixels, at most, of an image whose features are computed
Given = Path | Pillow.Image  # a path, or an image in memory


@dataclass(frozen=True)
class Images:
    """Images that are read on first use; as many as `kept` has room for are kept."""

    given: Sequence[Given]
    kept: Kept = field(default_factory=Kept)

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
        with refusing_unreadable():
            return read_header(given).size


@dataclass(frozen=True)
class Image:
    """An image input that knows how large the images of its training were."""

    name: str
    options: ImageInput
    canvas: tuple[int, int]  # height and width that hold every training image, scaled to `size`
    augmentation: Augmentation | None
    fresh: bool = True  # weights of a backbone are loaded; a saved model brings its own
    is_read: bool = False  # a text is read in it

    @property
    def square(self) -> tuple[int, int]:
        """Height and width that every image is scaled into."""
        return self.options.size, self.options.size

    def scaled_size(self, size: Size) -> tuple[int, int]:
        """Height and width to which an image of a size is scaled."""
        return fitting_size((size.height, size.width), self.square)

    def build(self, plan: Blueprint) -> nn.Module:
        """The encoder that the options ask for, with the levels that the outputs need."""
        return self.options.encoder.build(plan.model, plan.requests, self.fresh)

    def learning_rate(self, model: ModelOptions) -> float:
        """Models that read, or go on with pretrained weights, learn by smaller steps (benchmarks/defaults.md)."""
        slow = self.is_read or self.options.encoder.is_pretrained
        return ATTENTION_RATE if slow else CONVOLUTIONAL_RATE

    @property
    def max_examples(self) -> int:
        """Of half as many a model that reads learns nothing for a long time (benchmarks/defaults.md)."""
        return 16 if self.is_read else 8

    def group(self, column: Images) -> np.ndarray:
        """Images of one size on the canvas meet, so that no answer depends on what stands beside an image."""
        sizes = [self.scaled_size(column.size(i)) for i in range(len(column.given))]
        return np.array([height << 20 | width for height, width in sizes], dtype=np.int64)


@dataclass(frozen=True)
class ImageCodec:
    """Images of rows and batches."""

    about: Image

    @property
    def digest(self) -> str:
        """The sizes that images are scaled to."""
        return f"{self.about.options.size} {self.about.canvas}"

    def column(self, store: TextStore, root: Path) -> Images:
        """The images of all rows, read on first use."""
        return Images([root / path for path in store.texts(self.about.name)], Kept(KEPT_BYTES))

    def parse(self, value: object) -> Given:
        """The path of a file, an image of Pillow's, or an array (Y, X, 3) of bytes."""
        if isinstance(value, Pillow.Image):
            return value
        if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim in (2, 3):
            return Pillow.fromarray(value)
        if isinstance(value, str | Path) and str(value).strip():
            return Path(value)
        raise DataError(f"{self.about.name!r} of an input must be the path of an image; got {value!r}")

    def parse_cell(self, text: str, root: Path) -> Path:
        """A cell is a path."""
        return root / text

    def is_empty(self, value: Given) -> bool:
        """An image is never empty."""
        return False

    def encode(self, values: Sequence[Given]) -> Images:
        """Parsed images as a column."""
        return Images(values)

    def collate(self, items: Sequence[ImageSample]) -> ImageBatch:
        """Images of different sizes to one batch (B, 3, Y, X)."""
        shown = torch.tensor([item.size for item in items])  # (B, 2)
        original = torch.tensor([item.original for item in items])  # (B, 2)
        return ImageBatch(pad_and_stack([item.image for item in items], 0), shown, original)

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write the canvas, and where the weights that training began with are from."""
        source = getattr(module.backbone, "source", None)
        told = None if source is None else source._asdict()
        write_json(
            folder / f"{self.about.name}.image.json", {"canvas": list(self.about.canvas), "weights": told}
        )


@dataclass(frozen=True)
class ImageTransform:
    """Scales the images of examples, and what is marked in them; augments them for training."""

    about: Image

    def __call__(self, examples: Sequence[Example], random: np.random.Generator | None) -> list[Example]:
        name, augmentation = self.about.name, self.about.augmentation
        images = [attach_marks(items[name], items) for items in examples]
        if random is None or augmentation is None:
            images = [fit_to_canvas(image, self.about.square) for image in images]
        else:
            images = augmentation(images, self.about.canvas, random)
        return [
            {**marks_of(image, items), name: image} for items, image in zip(examples, images, strict=True)
        ]


@dataclass(frozen=True)
class ImageCanvas:
    """The pixels that answers are drawn on."""

    about: Image

    def size(self, value: Given) -> tuple[int, int]:
        """Height and width of an image as it came, without reading its pixels."""
        width, height = Images([value]).size(0)
        return height, width

    def pixels(self, value: Given) -> Tensor:
        """The pixels (3, Y, X) of an image as it came."""
        return Images([value])[0].image

    def batch_pixels(self, batch: ImageBatch) -> list[Tensor]:
        """The pixels (3, Y, X) of each image, as the model gets them."""
        return list(batch.pixels)

    def cells(self, batch: ImageBatch, grid: tuple[int, int], prefix_tokens: int) -> Axis:
        """A map of a power of two of pixels a cell, which covers the batch and what it was filled up with."""
        needed = max(side / count for side, count in zip(batch.pixels.shape[-2:], grid, strict=True))
        cell = scaled(batch, 2.0 ** math.ceil(math.log2(needed)))
        return cell_axis(self.about.name, grid, cell, prefix_tokens)


@dataclass(frozen=True)
class ImagePage:
    """An image on a page that looks into a model."""

    about: Image

    def parse_posted(self, value: object) -> object:
        """An uploaded image; a text would be taken for a path of this machine, and is refused."""
        if isinstance(value, str | Mapping):
            raise DataError(
                f"{self.about.name} is an image; send it as a file, or the number of an example",
                f"{self.about.name}에는 그림이 필요합니다. 파일이나 예시를 고르세요.",
            )
        if isinstance(value, tuple):
            raise DataError(
                f"{self.about.name} is one image; got a GIF of "
                f"{quantity(len(value), 'frame')}; save a frame as JPEG or PNG",
                f"{self.about.name}에는 그림 한 장이 필요한데 GIF입니다. 한 장면을 JPEG나 PNG로 저장하세요.",
            )
        return value

    def label(self, value: Given) -> str:
        """The name of the file."""
        return value.name if isinstance(value, Path) else f"{value.width} × {value.height}"

    def to_json(self, value: Given) -> dict[str, Any]:
        """The image, scaled down where it is large, and its size as it came."""
        image = load_image(value) if isinstance(value, Path) else value.convert("RGB")
        size = {"width": image.width, "height": image.height}
        return {"name": self.about.name, "kind": "image", **size, "image": data_url(image)}

    def axis(self, value: Given, batch: ImageBatch, memory: Memory) -> Axis:
        """Cells in rows and columns, as the places of the states say."""
        places = memory.states.new_zeros(0, 2) if memory.places is None else memory.places[0]  # (S, 2)
        columns, rows = (len(side.unique()) for side in places.unbind(1))
        stride = 2 * float(places[0, 0]) if len(places) else 0.0
        return cell_axis(self.about.name, (rows, columns), scaled(batch, stride))


def summary_of(value: Given) -> np.ndarray:
    """The summary features of an image; a large one is scaled down first."""
    image = load_image(value) if isinstance(value, Path) else value.convert("RGB")
    if max(image.size) > SUMMARY_SIDE:
        share = SUMMARY_SIDE / max(image.size)
        width, height = (max(1, round(share * side)) for side in image.size)
        image = image.resize((width, height), Pillow.Resampling.BOX)
    return image_features(np.array(image).transpose(2, 0, 1))


def thumbnail(value: Given) -> str:
    """A small copy of an image as a data URL; DataError if it cannot be read."""
    small = load_image(value) if isinstance(value, Path) else value.convert("RGB")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return data_url(small)


def scaled(batch: ImageBatch, stride: float) -> tuple[float, float]:
    """Height and width of a cell of a stride, in pixels of the only image of a batch as it came."""
    height, width = (stride * batch.original[0] / batch.valid_size[0]).tolist()
    return height, width


def image_input(about: Image) -> InputField:
    """An image that is read by a backbone, or a small convolutional encoder."""
    height, width = about.canvas
    return InputField(
        name=about.name,
        kind="image",
        summary=f"up to {width} × {height} pixels",
        architecture=about.options.encoder.backbone,
        codec=ImageCodec(about),
        build=about.build,
        learning_rate=about.learning_rate,
        batching=Batching(max_examples=about.max_examples, group=about.group),
        reads_files=True,
        array=ArrayForm((-1, -1, 3), is_pixels=True),
        transform=ImageTransform(about),
        canvas=ImageCanvas(about),
        summary_features=summary_of,
        page=ImagePage(about),
        thumbnail=thumbnail,
    )


def fit_input(name: str, options: ImageInput, context: FieldContext) -> InputField:
    """Measure the images of the training data."""
    data = context.training_data
    rows = data.rows_with(name)
    chosen = np.linspace(0, len(rows) - 1, min(CANVAS_SAMPLE, len(rows))).astype(int)
    paths = data.store.texts(name, rows[chosen])
    images = Images([data.root / path for path in paths])
    square = (options.size, options.size)
    sizes = [images.size(i) for i in range(len(images.given))]
    fitted = np.array([fitting_size((size.height, size.width), square) for size in sizes])  # (n, 2)
    height, width = fitted.max(0).tolist()
    reads = is_read(context)
    return image_input(Image(name, options, (height, width), options.augmentation(reads), is_read=reads))


def load_input(name: str, options: ImageInput, context: FieldContext, folder: Path) -> InputField:
    """The image input of a saved model."""
    with saved_json(folder / f"{name}.image.json") as found:
        height, width = found["canvas"]
    reads = is_read(context)
    augmentation = options.augmentation(reads)
    return image_input(Image(name, options, (height, width), augmentation, fresh=False, is_read=reads))


def is_read(context: FieldContext) -> bool:
    """Whether a text is read in the image."""
    return any(options.is_read for options in context.outputs.values())
