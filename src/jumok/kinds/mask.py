"""Masks: the class of every pixel of an image."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from jumok.data.annotations.annotated import Class
from jumok.data.annotations.masks import mask_classes
from jumok.data.annotations.palette import PALETTE
from jumok.data.annotations.segmentation import covered
from jumok.data.annotations.source import segmentation_from_json
from jumok.data.kept import KEPT_BYTES, Kept
from jumok.data.marks import MaskMarks
from jumok.data.resizing import UNKNOWN_CLASS
from jumok.data.store import TextStore
from jumok.decoders.unet import UNetDecoder
from jumok.drawing.masks import mask_image
from jumok.drawing.sheet import LabelledImage
from jumok.encoders.image import ImageEncoder
from jumok.errors import ConfigurationError
from jumok.kinds.classes import class_ids, classes_digest, read_classes, write_classes
from jumok.kinds.contract import Column, DecodingRequest, Embeddings, TrainingData
from jumok.kinds.error_tables import ErrorTable, confusion_detail
from jumok.kinds.image import pad_and_stack
from jumok.kinds.image_options import FeatureRequest
from jumok.kinds.mask_options import MaskOutput
from jumok.kinds.options import ModelOptions
from jumok.kinds.replay import RescorableMask
from jumok.losses.masks import mask_loss
from jumok.losses.tokens import Loss
from jumok.metrics.masks import confusion, mask_metrics, mask_support
from jumok.metrics.metric import Metric
from jumok.metrics.occurrence import Occurrence, occurrence
from jumok.values import MaskPrediction, MaskTargets, Memory

LEVELS = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Masks:
    """The masks of many images, read when they are asked for; as many as fit into `room` bytes are then kept."""

    texts: Sequence[str]
    root: Path
    classes: tuple[Class, ...]
    room: int = KEPT_BYTES

    @cached_property
    def kept(self) -> Kept:
        return Kept(self.room)

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.zeros(len(self.texts), dtype=np.int64)

    def __getitem__(self, i: int) -> MaskMarks:
        return MaskMarks(self.kept.get(i, lambda: self.read(i)))

    def read(self, i: int) -> Tensor:
        return torch.from_numpy(mask_of(self.texts[i], self.root, self.classes))


def mask_of(text: str, root: Path, classes: Sequence[Class]) -> np.ndarray:
    """The classes (Y, X) int16 of the pixels that a row tells of, -1 where nothing is known."""
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
    batch_size: None = None
    reads_files: bool = True
    loss_unit: str = "image"
    supported: str = "images"
    score_threshold: None = None  # each pixel has one class, however sure

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.classes)

    @property
    def needs(self) -> FeatureRequest:
        return FeatureRequest(LEVELS)

    def learning_rate(self, model: ModelOptions) -> float:
        return 3e-3

    @property
    def digest(self) -> str:
        return classes_digest(self.classes)

    @property
    def summary(self) -> str:
        return f"{len(self.classes):,} classes"

    @property
    def architecture(self) -> str:
        return self.options.decoder.kind

    def column(self, store: TextStore, root: Path) -> Masks:
        return Masks(list(store.texts(self.name)), root, self.classes)

    def unknown_classes(self, store: TextStore, rows: np.ndarray) -> dict[int, str]:
        """The rows with an outline of a class that was not there in training."""
        known, found = set(self.names), dict[int, str]()
        for place, text in enumerate(store.texts(self.name, rows)):
            strange = [name for name, _ in json.loads(text).get("outlines", ()) if name not in known]
            if strange:
                found[place] = strange[0]
        return found

    def lacks(self, store: TextStore, rows: np.ndarray, learning: bool) -> str | None:
        """Outlines are wanted to learn from; what files of masks hold is known since they were read."""
        if not learning:
            return None
        said = (json.loads(text) for text in store.texts(self.name, rows))
        if any("file" in one or one["outlines"] for one in said):
            return None
        return "no object is outlined in any image"

    def count_unknown(self, column: Column, rows: np.ndarray) -> int:
        return 0

    def collate(self, items: Sequence[MaskMarks]) -> MaskTargets:
        """The masks of a batch side by side (B, Y, X)."""
        return MaskTargets(pad_and_stack([item.mask for item in items], UNKNOWN_CLASS).long())

    def num_targets(self, column: Column, rows: np.ndarray) -> int:
        return len(rows)

    def decoder(
        self, tables: Embeddings, model: ModelOptions, encoders: Mapping[str, nn.Module]
    ) -> UNetDecoder:
        encoder = encoders[self.image]
        if not isinstance(encoder, ImageEncoder):
            raise ConfigurationError(f"{self.name} is a mask of an image; {self.image} is none")
        return self.options.decoder.build(encoder, len(self.classes))

    def loss(self, decoder: Any, memory: Memory, target: MaskTargets, smoothing: float) -> Loss:
        """Cross-entropy of the pixels, and Dice; nothing is smoothed."""
        return mask_loss(decoder(memory), target, self.options.dice)

    def predict(
        self, decoder: Any, memory: Memory, inputs: Mapping[str, Any], asked: DecodingRequest
    ) -> list[MaskPrediction]:
        """The class of each pixel of the images as they came: logits are scaled, then the best one is taken."""
        pictures, logits = inputs[self.image], decoder(memory).float()  # (B, C, Y, X)
        kind = np.uint8 if len(self.classes) <= 256 else np.uint16
        found = []
        for scores, shown, original in zip(
            logits, pictures.valid_size.tolist(), pictures.original.tolist(), strict=True
        ):
            real = scores[None, :, : shown[0], : shown[1]]
            full = F.interpolate(real, size=original, mode="bilinear", align_corners=False)
            found.append(MaskPrediction(full[0].argmax(0).cpu().numpy().astype(kind), self.names))
        return found

    def replay(
        self, decoder: Any, memory: Memory, inputs: Mapping[str, Any], asked: DecodingRequest
    ) -> RescorableMask:
        (prediction,) = self.predict(decoder, memory, inputs, asked)
        return RescorableMask(self.name, prediction, inputs[self.image])

    @property
    def empty_prediction(self) -> MaskPrediction:
        return MaskPrediction(np.zeros((0, 0), dtype=np.uint8), self.names)

    def to_metric(self, value: MaskPrediction) -> np.ndarray:
        return value.classes

    def reference(self, texts: Sequence[str], root: Path) -> np.ndarray:
        return mask_of(texts[0], root, self.classes)

    @cached_property
    def _metrics(self) -> dict[str, Metric[Any, Any]]:
        return mask_metrics(self.names)

    def metrics(self) -> dict[str, Metric[Any, Any]]:
        return self._metrics

    def headline(self, right: Sequence[np.ndarray]) -> list[str]:
        return list(self._metrics)

    def support(self, right: Sequence[np.ndarray]) -> dict[str, int]:
        return mask_support(right, self.names)

    def occurrence(self, found: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> Occurrence:
        matrix = confusion(found, right, len(self.classes))
        return occurrence(matrix.sum(1), matrix.sum(0), self.names)

    def selection_metric(self) -> Metric[Any, Any]:
        return self._metrics[self.options.metric]

    def per_example_metric(self) -> Metric[Any, Any]:
        return self._metrics["mean_iou"]

    def excess(self, column: Column, rows: np.ndarray) -> None:
        return None

    def references_from_rows(self, texts: Sequence[str], root: Path) -> list[MaskPrediction]:
        return [MaskPrediction(self.reference(texts, root), self.names)]

    def references_from_batch(self, batch: MaskTargets) -> list[MaskPrediction]:
        return [MaskPrediction(classes.numpy(), self.names) for classes in batch.classes]

    def drawn(self, value: MaskPrediction, image: Tensor) -> LabelledImage:
        return LabelledImage(image, mask=torch.from_numpy(value.classes.astype(np.int32)))

    def results(self, value: MaskPrediction, image: int | str) -> list[dict[str, Any]]:
        return [{"image_id": image, **value.to_json()}]

    def as_image(self, value: MaskPrediction) -> Image.Image:
        """A mask whose values are the ids of the classes, in the colours in which they are drawn."""
        ids = class_ids(self.classes)
        return mask_image(np.array(ids)[value.classes], dict(zip(ids, PALETTE, strict=False)))

    def details(self, found: list[np.ndarray], right: list[np.ndarray]) -> list[ErrorTable]:
        return [confusion_detail(confusion(found, right, len(self.classes)), self.names)]

    def pack(self, value: MaskPrediction) -> dict[str, Any]:
        data = zlib.compress(value.classes.tobytes(), 1)
        how = {"type": value.classes.dtype.str, "shape": value.classes.shape}
        return {**how, "data": base64.b64encode(data).decode()}

    def unpack(self, packed: dict[str, Any]) -> MaskPrediction:
        data = zlib.decompress(base64.b64decode(packed["data"]))
        classes = np.frombuffer(data, np.dtype(packed["type"])).reshape(packed["shape"])
        return MaskPrediction(classes, self.names)

    def tuned(self, found: list[Any], right: list[Any]) -> None:
        return None

    def save(self, folder: Path, part: nn.Module) -> None:
        write_classes(folder / f"{self.name}.classes.json", self.classes)


def fit(name: str, options: MaskOutput, image: str, material: TrainingData) -> Mask:
    return Mask(name, options, material.classes, image)


def load(name: str, options: MaskOutput, image: str, folder: Path) -> Mask:
    return Mask(name, options, read_classes(folder / f"{name}.classes.json"), image)
