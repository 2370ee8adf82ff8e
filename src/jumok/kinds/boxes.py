"""Boxes: objects in images, each with the box around it and its class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from jumok.classes import Class
from jumok.data.annotations.source import MarkedObject, objects_of
from jumok.data.cache.store import TextStore
from jumok.data.images.marks import BoxMarks
from jumok.data.images.resizing import scaled_boxes
from jumok.drawing.sheet import LabelledImage
from jumok.encoders.image import ImageEncoder
from jumok.errors import ConfigurationError
from jumok.heads.dense import FLOOR, DenseBoxHead
from jumok.heads.query import QueryBoxHead
from jumok.kinds.boxes_options import BoxesOutput, QueryHeadOptions
from jumok.kinds.classes import class_ids, classes_digest, read_classes, write_classes
from jumok.kinds.contract import Column, DecodingRequest, Embeddings, TrainingData
from jumok.kinds.error_tables import ErrorTable, box_detail
from jumok.kinds.image_options import FeatureRequest
from jumok.kinds.options import ModelOptions
from jumok.kinds.replay import RescorableBoxes
from jumok.kinds.showing import Showing, best_showing, hidden_boxes, read_showing, write_showing
from jumok.losses.tokens import Loss
from jumok.metrics.boxes import box_metrics, class_counts
from jumok.metrics.matching import FoundBoxes, TrueBoxes
from jumok.metrics.metric import Metric
from jumok.metrics.occurrence import Occurrence, box_occurrence, box_support
from jumok.values import BoxesPrediction, BoxTargets, FoundObject, Memory

MIN_OBJECTS = 20  # objects of a size, from which on a score of them is shown
SHOWING = "{name}.showing.json"  # in the folder of a model


@dataclass(frozen=True)
class MarkedObjects:
    """The objects of many images, as rows say them."""

    texts: Sequence[str]
    numbers: Mapping[str, int]  # of classes by their names

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.zeros(len(self.texts), dtype=np.int64)

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
    batch_size: None = None
    reads_files: bool = False
    loss_unit: str = "image"
    supported: str = "objects"
    showing: Showing = field(default_factory=Showing)

    @property
    def score_threshold(self) -> float:
        return self.showing.threshold

    @cached_property
    def names(self) -> list[str]:
        return [one.name for one in self.classes]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each class by its name."""
        return {name: number for number, name in enumerate(self.names)}

    @property
    def needs(self) -> FeatureRequest:
        return self.options.head.needs

    def learning_rate(self, model: ModelOptions) -> float:
        return self.options.head.learning_rate

    @property
    def digest(self) -> str:
        return classes_digest(self.classes)

    @property
    def summary(self) -> str:
        return f"{len(self.classes):,} classes"

    @property
    def architecture(self) -> str:
        return f"{self.options.head.kind} boxes"

    def column(self, store: TextStore, root: Path) -> MarkedObjects:
        """The objects of all rows."""
        return MarkedObjects(list(store.texts(self.name)), self.numbers)

    def unknown_classes(self, store: TextStore, rows: np.ndarray) -> dict[int, str]:
        """The rows with an object of a class that was not there in training."""
        found: dict[int, str] = {}
        for place, text in enumerate(store.texts(self.name, rows)):
            strange = [one.name for one in objects_of(text) if one.name not in self.numbers]
            if strange:
                found[place] = strange[0]
        return found

    def lacks(self, store: TextStore, rows: np.ndarray, learning: bool) -> str | None:
        """Groups teach nothing and are not scored; difficult objects are not scored."""
        objects = (one for text in store.texts(self.name, rows) for one in objects_of(text))
        if any(not one.crowd and (learning or not one.difficult) for one in objects):
            return None
        return f"no object is marked in any image that could be {'learned' if learning else 'scored'}"

    def count_unknown(self, column: Column, rows: np.ndarray) -> int:
        return 0

    def collate(self, items: Sequence[BoxMarks]) -> BoxTargets:
        """The objects of each image side by side, (B, N, 4) and so on."""
        most = max(len(item.boxes) for item in items)
        rows = [filled(item, most) for item in items]
        boxes, labels, crowd = (torch.stack(parts) for parts in zip(*rows, strict=True))
        counts = torch.tensor([len(item.boxes) for item in items])
        return BoxTargets(boxes, labels, torch.arange(most) < counts[:, None], crowd)

    def num_targets(self, column: Column, rows: np.ndarray) -> int:
        return len(rows)

    def decoder(
        self, tables: Embeddings, model: ModelOptions, encoders: Mapping[str, nn.Module]
    ) -> DenseBoxHead | QueryBoxHead:
        encoder = encoders[self.image]
        if not isinstance(encoder, ImageEncoder):
            raise ConfigurationError(f"{self.name} are found in an image; {self.image} is none")
        return self.options.head.build(model, encoder, len(self.classes))

    def loss(self, decoder: Any, memory: Memory, target: BoxTargets, smoothing: float) -> Loss:
        """That of the head; it has softer targets of its own, so nothing is smoothed."""
        return self.options.head.loss(decoder, memory, target)

    def predict(
        self, decoder: Any, memory: Memory, inputs: Mapping[str, Any], asked: DecodingRequest
    ) -> list[BoxesPrediction]:
        """The objects of each image, the surest first, in pixels of the image as it came."""
        pictures = inputs[self.image]
        sizes = zip(pictures.valid_size.tolist(), pictures.original.tolist(), strict=True)
        made = decoder(memory)
        lower = asked.score_threshold is not None and asked.score_threshold < FLOOR
        found = decoder.detect(made, threshold=asked.score_threshold) if lower else decoder.detect(made)
        return [
            self.to_prediction(one.boxes, one.scores, one.labels, tuple(shown), tuple(original))
            for one, (shown, original) in zip(found, sizes, strict=True)
        ]

    def replay(
        self, decoder: Any, memory: Memory, inputs: Mapping[str, Any], asked: DecodingRequest
    ) -> RescorableBoxes:
        made = decoder(memory)
        (found,) = decoder.detect(made)
        (shown,), (original,) = inputs[self.image].valid_size.tolist(), inputs[self.image].original.tolist()
        prediction = self.to_prediction(
            found.boxes, found.scores, found.labels, tuple(shown), tuple(original)
        )
        return RescorableBoxes(self.name, prediction, found, self.options.head.num_queries(made))

    def to_prediction(
        self,
        boxes: Tensor,
        scores: Tensor,
        labels: Tensor,
        shown: tuple[int, int],
        original: tuple[int, int],
    ) -> BoxesPrediction:
        boxes = scaled_boxes(boxes.double(), shown, original).round(decimals=2)  # (N, 4)
        doubtful = hidden_boxes(boxes, labels, self.showing.nested)  # (N,)
        rows = (labels.tolist(), scores.tolist(), boxes.tolist(), doubtful.tolist())
        return BoxesPrediction(
            tuple(
                FoundObject(self.names[label], score, tuple(box), doubt)
                for label, score, box, doubt in zip(*rows, strict=True)
            ),
            original,
            self.score_threshold,
        )

    @property
    def empty_prediction(self) -> BoxesPrediction:
        return BoxesPrediction((), (0, 0), self.score_threshold)

    def to_metric(self, value: BoxesPrediction) -> FoundBoxes:
        return FoundBoxes(
            np.array([one.box for one in value.objects], dtype=np.float64).reshape(-1, 4),
            np.array([one.score for one in value.objects], dtype=np.float64),
            np.array([self.numbers[one.name] for one in value.objects], dtype=np.int64),
            np.array([one.doubtful for one in value.objects], dtype=bool),
        )

    def reference(self, texts: Sequence[str], root: Path) -> TrueBoxes:
        objects = objects_of(texts[0])
        boxes = np.array([one.box for one in objects], dtype=np.float64).reshape(-1, 4)
        return TrueBoxes(
            boxes,
            np.array([self.numbers[one.name] for one in objects], dtype=np.int64),
            np.array([one.crowd for one in objects], dtype=bool),
            np.array([one.difficult for one in objects], dtype=bool),
            np.array([area_of(one) for one in objects], dtype=np.float64),
        )

    @cached_property
    def _metrics(self) -> dict[str, Metric[Any, Any]]:
        return box_metrics(self.names, self.score_threshold)

    def metrics(self) -> dict[str, Metric[Any, Any]]:
        return self._metrics

    def headline(self, right: Sequence[TrueBoxes]) -> list[str]:
        """Scores of a few objects of a size say nothing."""
        sizes = ("AP_small", "AP_medium", "AP_large")
        many = self.support(right)
        told = [name for name in sizes if many[name] >= MIN_OBJECTS]
        return ["AP", "AP50", "AP75", "F1@50", *(f"AP50/{name}" for name in self.names), *told]

    def support(self, right: Sequence[TrueBoxes]) -> dict[str, int]:
        return box_support(right, self.names)

    def occurrence(self, found: Sequence[FoundBoxes], right: Sequence[TrueBoxes]) -> Occurrence:
        return box_occurrence(found, right, self.names, self.score_threshold)

    def selection_metric(self) -> Metric[Any, Any]:
        return self._metrics[self.options.metric]

    def per_example_metric(self) -> Metric[Any, Any]:
        return self._metrics["F1@50"]

    def excess(self, column: Column, rows: np.ndarray) -> str | None:
        """More objects in an image than there are queries."""
        head = self.options.head
        if not isinstance(head, QueryHeadOptions):
            return None
        counts = [int((~column[int(row)].crowd).sum()) for row in rows]
        crowded = sum(count > head.queries for count in counts)
        if not crowded:
            return None
        return (
            f"{crowded:,} of {len(counts):,} images have more objects, up to {max(counts):,}, than the "
            f"{head.queries:,} that can be found; raise outputs.{self.name}.head.queries"
        )

    def references_from_rows(self, texts: Sequence[str], root: Path) -> list[BoxesPrediction]:
        """What is marked; rows do not say the size of the image."""
        objects = (FoundObject(one.name, 1.0, one.box) for one in objects_of(texts[0]))
        return [BoxesPrediction(tuple(objects), (0, 0))]

    def references_from_batch(self, batch: BoxTargets) -> list[BoxesPrediction]:
        rows = zip(batch.boxes, batch.labels, batch.valid, strict=True)
        return [self.marked(boxes[valid], labels[valid]) for boxes, labels, valid in rows]

    def marked(self, boxes: Tensor, labels: Tensor) -> BoxesPrediction:
        named = zip(labels.tolist(), boxes.tolist(), strict=True)
        return BoxesPrediction(
            tuple(FoundObject(self.names[label], 1.0, tuple(box)) for label, box in named), (0, 0)
        )

    def drawn(self, value: BoxesPrediction, image: Tensor) -> LabelledImage:
        """The objects that are sure enough, the surest on top."""
        objects = value.sure()[::-1]
        boxes = torch.tensor([one.box for one in objects]).reshape(-1, 4)
        labels = tuple(self.numbers[one.name] for one in objects)
        return LabelledImage(image, "", boxes, labels, tuple(one.tag for one in objects))

    def results(self, value: BoxesPrediction, image: int | str) -> list[dict[str, Any]]:
        """COCO's format of results, one record for each object however unsure."""
        ids = dict(zip(self.names, class_ids(self.classes), strict=True))
        return [result(one, ids[one.name], image) for one in value.objects]

    def as_image(self, value: BoxesPrediction) -> None:
        return None

    def details(self, found: list[FoundBoxes], right: list[TrueBoxes]) -> list[ErrorTable]:
        return [
            box_detail(class_counts(found, right, self.names, self.score_threshold), self.score_threshold)
        ]

    def pack(self, value: BoxesPrediction) -> dict[str, Any]:
        objects = [[one.name, one.score, one.box, one.doubtful] for one in value.objects]
        return {"size": value.size, "objects": objects}

    def unpack(self, packed: dict[str, Any]) -> BoxesPrediction:
        height, width = packed["size"]
        objects = tuple(FoundObject(n, s, tuple(box), doubt) for n, s, box, doubt in packed["objects"])
        return BoxesPrediction(objects, (height, width), self.score_threshold)

    def tuned(self, found: list[FoundBoxes], right: list[TrueBoxes]) -> "Boxes | None":
        """The same with the score and the rule by which most of what is told is right."""
        showing = best_showing(found, right, len(self.classes))
        return None if showing is None else replace(self, showing=showing)

    def save(self, folder: Path, part: nn.Module) -> None:
        write_classes(folder / f"{self.name}.classes.json", self.classes)
        if self.showing.f1 is not None:
            write_showing(folder / SHOWING.format(name=self.name), self.showing)


def result(one: FoundObject, category: int, image: int | str) -> dict[str, Any]:
    """One object as COCO's format of results has it."""
    x1, y1, x2, y2 = one.box
    box = [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)]
    return {"image_id": image, "category_id": category, "bbox": box, "score": one.score}


def filled(item: BoxMarks, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """The objects of one image, with zeros up to a number."""
    missing = most - len(item.boxes)
    return (
        torch.cat((item.boxes, item.boxes.new_zeros(missing, 4))),
        torch.cat((item.labels, item.labels.new_zeros(missing))),
        torch.cat((item.crowd, item.crowd.new_zeros(missing))),
    )


def area_of(one: MarkedObject) -> float:
    x1, y1, x2, y2 = one.box
    return one.area if one.area is not None else (x2 - x1) * (y2 - y1)


def fit(name: str, options: BoxesOutput, image: str, material: TrainingData) -> Boxes:
    return Boxes(name, options, material.classes, image)


def load(name: str, options: BoxesOutput, image: str, folder: Path) -> Boxes:
    showing = read_showing(folder / SHOWING.format(name=name))
    return Boxes(name, options, read_classes(folder / f"{name}.classes.json"), image, showing=showing)
