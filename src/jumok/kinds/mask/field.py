"""Masks: the class of every pixel of an image."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from jumok.classes import Class
from jumok.data.annotations.masks.class_masks import mask_classes
from jumok.data.annotations.palette import PALETTE
from jumok.data.annotations.segmentation import covered
from jumok.data.annotations.source import segmentation_from_json
from jumok.data.cache.kept import KEPT_BYTES, Kept
from jumok.data.cache.store import TextStore
from jumok.data.images.marks import MaskMarks
from jumok.data.images.resizing import UNKNOWN_CLASS, pad_and_stack
from jumok.drawing.masks import mask_image
from jumok.drawing.sheet import LabelledImage
from jumok.kinds.classes import class_ids, classes_digest, read_classes, write_classes
from jumok.kinds.contract import Blueprint, DecodingRequest, OutputField
from jumok.kinds.error_tables import ErrorTable, confusion_detail
from jumok.kinds.features import FeatureRequest
from jumok.kinds.fitting import FieldContext
from jumok.kinds.learning_rates import convolutional_learning_rate
from jumok.kinds.mask.baselines import mask_baselines
from jumok.kinds.mask.mistakes import MaskMistakes
from jumok.kinds.mask.options import MaskOutput
from jumok.kinds.mask.replay import RescorableMask
from jumok.losses.masks import mask_loss
from jumok.losses.tokens import Loss
from jumok.metrics.doubts import doubt_of_pixels
from jumok.metrics.masks import confusion, mask_metrics, mask_support
from jumok.metrics.metric import Metric
from jumok.metrics.occurrence import Occurrence, occurrence
from jumok.values import MaskPrediction, MaskTargets, Memories
from jumok.wording import quantity

UNET_STRIDES = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Masks:
    """The masks of many images, read on first use; as many as fit into `KEPT_BYTES` are kept."""

    texts: Sequence[str]
    root: Path
    classes: tuple[Class, ...]
    kept: Kept = field(default_factory=lambda: Kept(KEPT_BYTES))

    def __getitem__(self, i: int) -> MaskMarks:
        return MaskMarks(self.kept.get(i, lambda: self.read(i)))

    def read(self, i: int) -> Tensor:
        """The classes (Y, X) of the pixels of an image."""
        return torch.from_numpy(mask_of(self.texts[i], self.root, self.classes))


def mask_of(text: str, root: Path, classes: Sequence[Class]) -> np.ndarray:
    """Read one mask.

    Args:
        text: The cell.
        root: The folder that paths are relative to.
        classes: The classes.

    Returns:
        Classes (Y, X) int16, -1 where unknown.
    """
    said = json.loads(text)
    if "file" in said:
        return mask_classes(root / said["file"], classes, said["ignore"], said.get("instances", False))
    width, height = said["size"]
    mask = np.zeros((height, width), dtype=np.int16)
    numbers = {one.name: number for number, one in enumerate(classes)}
    for name, outline in said["outlines"]:
        mask[covered(segmentation_from_json(outline), width, height)] = numbers[name]
    return mask


@dataclass(frozen=True)
class Mask:
    """A mask output whose classes are known."""

    name: str
    options: MaskOutput
    classes: tuple[Class, ...]
    image: str  # the name of the input whose pixels have classes

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes by number."""
        return tuple(one.name for one in self.classes)


@dataclass(frozen=True)
class MaskCodec:
    """The masks of rows and batches."""

    about: Mask

    @property
    def digest(self) -> str:
        """The names of the classes."""
        return classes_digest(self.about.classes)

    def column(self, store: TextStore, root: Path) -> Masks:
        """The masks of all rows, read on first use."""
        return Masks(list(store.texts(self.about.name)), root, self.about.classes)

    def collate(self, items: Sequence[MaskMarks]) -> MaskTargets:
        """The masks of a batch, stacked (B, Y, X)."""
        return MaskTargets(pad_and_stack([item.mask for item in items], UNKNOWN_CLASS).long())

    def from_cells(self, texts: Sequence[str], root: Path) -> list[MaskPrediction]:
        """The mask as if it was predicted."""
        return [MaskPrediction(mask_of(texts[0], root, self.about.classes), self.about.names)]

    def from_batch(self, batch: MaskTargets) -> list[MaskPrediction]:
        """The masks as if they were predicted, in pixels of the batch."""
        return [MaskPrediction(classes.numpy(), self.about.names) for classes in batch.classes]

    def pack(self, value: MaskPrediction) -> dict[str, Any]:
        """The pixels, compressed."""
        data = zlib.compress(value.classes.tobytes(), 1)
        how = {"type": value.classes.dtype.str, "shape": value.classes.shape}
        return {**how, "data": base64.b64encode(data).decode()}

    def unpack(self, packed: dict[str, Any]) -> MaskPrediction:
        """What `pack` was given."""
        data = zlib.decompress(base64.b64decode(packed["data"]))
        classes = np.frombuffer(data, np.dtype(packed["type"])).reshape(packed["shape"])
        return MaskPrediction(classes, self.about.names)

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write the classes."""
        write_classes(folder / f"{self.about.name}.classes.json", self.about.classes)


@dataclass(frozen=True)
class MaskHead:
    """A decoder that upsamples the feature maps of an image to its pixels."""

    about: Mask
    needs: FeatureRequest = FeatureRequest(UNET_STRIDES)

    def build(self, plan: Blueprint) -> nn.Module:
        """The U-Net decoder that the options ask for, on the encoder of the image."""
        encoder: Any = plan.encoders[self.about.image]
        return self.about.options.decoder.build(encoder, len(self.about.classes))

    def loss(self, decoder: Any, memories: Memories, target: MaskTargets, smoothing: float) -> Loss:
        """Cross-entropy of the pixels, and Dice; nothing is smoothed."""
        return mask_loss(decoder(memories.of(self.about.image)), target, self.about.options.dice)

    def predict(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> list[MaskPrediction]:
        """The class of each pixel of the images as they came: logits are scaled, then the best one is taken."""
        images, logits = (
            inputs[self.about.image],
            decoder(memories.of(self.about.image)).float(),
        )  # (B, C, Y, X)
        dtype = np.uint8 if len(self.about.classes) <= 256 else np.uint16
        found = []
        for scores, shown, original in zip(
            logits, images.valid_size.tolist(), images.original.tolist(), strict=True
        ):
            real = scores[None, :, : shown[0], : shown[1]]
            full = F.interpolate(real, size=original, mode="bilinear", align_corners=False)
            found.append(MaskPrediction(full[0].argmax(0).cpu().numpy().astype(dtype), self.about.names))
        return found

    def replay(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> RescorableMask:
        """The mask of the only image."""
        (prediction,) = self.predict(decoder, memories, inputs, request)
        return RescorableMask(self.about.name, prediction, inputs[self.about.image], self.about.image)

    def program(self, decoder: Any, memories: Memories) -> Any:
        """The logits (B, C, Y, X) of the pixels of the batch."""
        return decoder(memories.of(self.about.image))

    @property
    def empty_prediction(self) -> MaskPrediction:
        """No pixels."""
        return MaskPrediction(np.zeros((0, 0), dtype=np.uint8), self.about.names)


@dataclass(frozen=True)
class MaskScoring:
    """Intersection over union of the classes, and pixel accuracy."""

    about: Mask

    def prediction(self, value: MaskPrediction) -> np.ndarray:
        """The classes (Y, X) of the pixels."""
        return value.classes

    def reference(self, texts: Sequence[str], root: Path) -> np.ndarray:
        """The right classes (Y, X) of the pixels."""
        return mask_of(texts[0], root, self.about.classes)

    @cached_property
    def _metrics(self) -> dict[str, Metric[Any, Any]]:
        return mask_metrics(self.about.names)

    def metrics(self) -> dict[str, Metric[Any, Any]]:
        """The metrics by name."""
        return self._metrics

    def headline(self, references: Sequence[np.ndarray]) -> list[str]:
        """All of them."""
        return list(self._metrics)

    def selection_metric(self) -> Metric[Any, Any]:
        """The metric that chooses the best model."""
        return self._metrics[self.about.options.metric]

    def per_example_metric(self) -> Metric[Any, Any]:
        """Mean IoU of one image."""
        return self._metrics["mean_iou"]


@dataclass(frozen=True)
class MaskEvidence:
    """What the data show of each class of pixels."""

    about: Mask
    unit: str = "images"
    remedy: str = "mark some"

    @property
    def classes(self) -> tuple[Class, ...]:
        """The classes by number."""
        return self.about.classes

    def lacks(self, store: TextStore, rows: np.ndarray, learning: bool) -> str | None:
        """Outlines are wanted to learn from; what files of masks hold is known since they were read."""
        if not learning:
            return None
        said = (json.loads(text) for text in store.texts(self.about.name, rows))
        if any("file" in one or one["outlines"] for one in said):
            return None
        return "no object is outlined in any image"

    def unknown(self, store: TextStore, rows: np.ndarray) -> dict[int, str]:
        """The rows with an outline of a class that was not there in training."""
        known, found = set(self.about.names), dict[int, str]()
        for place, text in enumerate(store.texts(self.about.name, rows)):
            strange = [name for name, _ in json.loads(text).get("outlines", ()) if name not in known]
            if strange:
                found[place] = strange[0]
        return found

    def support(self, references: Sequence[np.ndarray]) -> dict[str, int]:
        """How many images each metric is about."""
        return mask_support(references, self.about.names)

    def occurrence(self, predictions: Sequence[np.ndarray], references: Sequence[np.ndarray]) -> Occurrence:
        """Classes without a pixel, and those that are never predicted."""
        matrix = confusion(predictions, references, len(self.about.classes))
        return occurrence(matrix.sum(1), matrix.sum(0), self.about.names)

    def error_tables(self, predictions: list[np.ndarray], references: list[np.ndarray]) -> list[ErrorTable]:
        """What the pixels of each class were taken for."""
        matrix = confusion(predictions, references, len(self.about.classes))
        return [confusion_detail(matrix, self.about.names)]


def draw_mask(value: MaskPrediction, image: Tensor) -> LabelledImage:
    """The classes of the pixels in colours over their image."""
    return LabelledImage(image, mask=torch.from_numpy(value.classes.astype(np.int32)))


def mask_doubts(
    about: Mask, values: Sequence[MaskPrediction], computed: Tensor, inputs: Mapping[str, Any]
) -> list[float]:
    """How unsure the pixels of each image are, without padding.

    Args:
        about: The output.
        values: The values.
        computed: The logits (B, C, Y, X).
        inputs: The batch.

    Returns:
        The mean over the pixels of each image.
    """
    shown = inputs[about.image].valid_size.tolist()
    return [
        doubt_of_pixels(logits[:, :height, :width])
        for logits, (height, width) in zip(computed, shown, strict=True)
    ]


def to_image(about: Mask, value: MaskPrediction) -> Image.Image:
    """A mask whose values are the ids of the classes, in the colours in which they are drawn."""
    ids = class_ids(about.classes)
    return mask_image(np.array(ids)[value.classes], dict(zip(ids, PALETTE, strict=False)))


def mask_output(about: Mask) -> OutputField:
    """A mask, by a U-Net decoder."""
    head, scoring = MaskHead(about), MaskScoring(about)
    return OutputField(
        name=about.name,
        kind="mask",
        summary=quantity(len(about.classes), "class"),
        architecture=about.options.decoder.kind,
        codec=MaskCodec(about),
        head=head,
        scoring=scoring,
        learning_rate=convolutional_learning_rate,
        image=about.image,
        loss_unit="image",
        reads_files=True,
        classes=MaskEvidence(about),
        draw=draw_mask,
        to_image=partial(to_image, about),
        replay=head.replay,
        program=head.program,
        doubts=partial(mask_doubts, about),
        mistakes=MaskMistakes(about.names, about.image, scoring),
        baselines=mask_baselines(about.image, about.names, partial(mask_of, classes=about.classes)),
    )


def fit_output(name: str, options: MaskOutput, context: FieldContext) -> OutputField:
    """The classes are those of the training data."""
    return mask_output(Mask(name, options, context.training_data.classes, context.image))


def load_output(name: str, options: MaskOutput, context: FieldContext, folder: Path) -> OutputField:
    """The output of a saved model."""
    return mask_output(Mask(name, options, read_classes(folder / f"{name}.classes.json"), context.image))
