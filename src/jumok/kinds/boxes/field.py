"""Boxes: objects in an image, each with a class, a place and a score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from jumok.classes import Class
from jumok.data.annotations.annotated import BACKGROUND
from jumok.data.annotations.source import MarkedObject, objects_of
from jumok.data.cache.store import TextStore
from jumok.data.images.resizing import scaled_boxes
from jumok.drawing.sheet import LabelledImage
from jumok.heads.dense import FLOOR
from jumok.kinds.boxes.baselines import boxes_baselines
from jumok.kinds.boxes.codec import SHOWING, Boxes, BoxesCodec, MarkedObjects
from jumok.kinds.boxes.mistakes import BoxMistakes
from jumok.kinds.boxes.options import BoxesOutput
from jumok.kinds.boxes.replay import RescorableBoxes
from jumok.kinds.boxes.showing import best_showing, hidden_boxes, read_showing
from jumok.kinds.classes import class_ids, read_classes
from jumok.kinds.contract import Blueprint, DecodingRequest, OutputField
from jumok.kinds.error_tables import ErrorTable, box_detail
from jumok.kinds.features import FeatureRequest
from jumok.kinds.fitting import FieldContext
from jumok.kinds.options import ModelOptions
from jumok.losses.tokens import Loss
from jumok.metrics.boxes import box_metrics, class_counts
from jumok.metrics.doubts import doubt_of_objects
from jumok.metrics.matching import FoundBoxes, TrueBoxes
from jumok.metrics.metric import Metric
from jumok.metrics.occurrence import Occurrence, box_occurrence, box_support
from jumok.values import BoxesPrediction, BoxTargets, FoundObject, Memories
from jumok.wording import quantity, verb

MIN_OBJECTS = 20  # the fewest objects of a size whose score is shown


@dataclass(frozen=True)
class BoxesHead:
    """A head of the model that finds objects in the feature maps, or the states, of an image."""

    about: Boxes

    @property
    def needs(self) -> FeatureRequest:
        """The levels that the kind of head reads."""
        return self.about.options.head.needs

    def build(self, plan: Blueprint) -> nn.Module:
        """The head that the options ask for, on the encoder of the image."""
        encoder: Any = plan.encoders[self.about.image]
        return self.about.options.head.build(plan.model, encoder, len(self.about.classes))

    def loss(self, decoder: Any, memories: Memories, target: BoxTargets, smoothing: float) -> Loss:
        """That of the head; it has softer targets of its own, so nothing is smoothed."""
        return self.about.options.head.loss(decoder, memories.of(self.about.image), target)

    def predict(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> list[BoxesPrediction]:
        """The objects of each image, the surest first, in pixels of the image as it came."""
        images, threshold = inputs[self.about.image], request.score_threshold
        sizes = zip(images.valid_size.tolist(), images.original.tolist(), strict=True)
        made = decoder(memories.of(self.about.image))
        lower = threshold is not None and threshold < FLOOR
        found = made.detect(threshold=threshold) if lower else made.detect()
        return [
            self.to_prediction(one.boxes, one.scores, one.labels, tuple(shown), tuple(original))
            for one, (shown, original) in zip(found, sizes, strict=True)
        ]

    def replay(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> RescorableBoxes:
        """The objects of the only image."""
        images = inputs[self.about.image]
        made = decoder(memories.of(self.about.image))
        (found,) = made.detect()
        (shown,), (original,) = images.valid_size.tolist(), images.original.tolist()
        prediction = self.to_prediction(
            found.boxes, found.scores, found.labels, tuple(shown), tuple(original)
        )
        queries = None if self.about.options.head.queries is None else made.valid.shape[1]
        return RescorableBoxes(self.about.name, prediction, found, queries, self.about.image)

    def to_prediction(
        self,
        boxes: Tensor,
        scores: Tensor,
        labels: Tensor,
        shown: tuple[int, int],
        original: tuple[int, int],
    ) -> BoxesPrediction:
        """Detections of one image.

        Args:
            boxes: Corners in pixels of the batch (N, 4), the surest first.
            scores: Scores (N,).
            labels: Numbers of the classes (N,).
            shown: Height and width of the image in the batch.
            original: Height and width of the image as it came.

        Returns:
            The objects, in pixels of the original image.
        """
        boxes = scaled_boxes(boxes.double(), shown, original).round(decimals=2)  # (N, 4)
        doubtful = hidden_boxes(boxes, labels, self.about.showing.nested)  # (N,)
        rows = (labels.tolist(), scores.tolist(), boxes.tolist(), doubtful.tolist())
        return BoxesPrediction(
            tuple(
                FoundObject(self.about.names[label], score, tuple(box), doubt)
                for label, score, box, doubt in zip(*rows, strict=True)
            ),
            original,
            self.about.showing.threshold,
        )

    def program(self, decoder: Any, memories: Memories) -> Any:
        """What the head computes of the image."""
        return decoder(memories.of(self.about.image))

    @property
    def empty_prediction(self) -> BoxesPrediction:
        """No objects."""
        return BoxesPrediction((), (0, 0), self.about.showing.threshold)


@dataclass(frozen=True)
class BoxesScoring:
    """Average precision and F1, as COCO computes them."""

    about: Boxes

    def prediction(self, value: BoxesPrediction) -> FoundBoxes:
        """The objects as arrays."""
        return FoundBoxes(
            np.array([one.box for one in value.objects], dtype=np.float64).reshape(-1, 4),
            np.array([one.score for one in value.objects], dtype=np.float64),
            np.array([self.about.numbers[one.name] for one in value.objects], dtype=np.int64),
            np.array([one.doubtful for one in value.objects], dtype=bool),
        )

    def reference(self, texts: Sequence[str], root: Path) -> TrueBoxes:
        """The marked objects as arrays."""
        objects = objects_of(texts[0])
        boxes = np.array([one.box for one in objects], dtype=np.float64).reshape(-1, 4)
        return TrueBoxes(
            boxes,
            np.array([self.about.numbers[one.name] for one in objects], dtype=np.int64),
            np.array([one.crowd for one in objects], dtype=bool),
            np.array([one.difficult for one in objects], dtype=bool),
            np.array([area_of(one) for one in objects], dtype=np.float64),
        )

    @cached_property
    def _metrics(self) -> dict[str, Metric[Any, Any]]:
        return box_metrics(self.about.names, self.about.showing.threshold)

    def metrics(self) -> dict[str, Metric[Any, Any]]:
        """The metrics by name."""
        return self._metrics

    def headline(self, references: Sequence[TrueBoxes]) -> list[str]:
        """Scores of a few objects of a size say nothing."""
        sizes = ("AP_small", "AP_medium", "AP_large")
        many = box_support(references, self.about.names)
        told = [name for name in sizes if many[name] >= MIN_OBJECTS]
        return ["AP", "AP50", "AP75", "F1@50", *(f"AP50/{name}" for name in self.about.names), *told]

    def selection_metric(self) -> Metric[Any, Any]:
        """The metric that chooses the best model."""
        return self._metrics[self.about.options.metric]

    def per_example_metric(self) -> Metric[Any, Any]:
        """F1 of one image."""
        return self._metrics["F1@50"]


@dataclass(frozen=True)
class BoxesClasses:
    """What the data show of each class of objects."""

    about: Boxes
    unit: str = "objects"
    remedy: str = "mark some"

    @property
    def classes(self) -> tuple[Class, ...]:
        """The classes by number."""
        return self.about.classes

    def lacks(self, store: TextStore, rows: np.ndarray, learning: bool) -> str | None:
        """Groups teach nothing and are not scored; difficult objects are not scored."""
        objects = (one for text in store.texts(self.about.name, rows) for one in objects_of(text))
        if any(not one.crowd and (learning or not one.difficult) for one in objects):
            return None
        return f"no object is marked in any image that could be {'learned' if learning else 'scored'}"

    def unknown(self, store: TextStore, rows: np.ndarray) -> dict[int, str]:
        """The rows with an object of a class that was not there in training."""
        found: dict[int, str] = {}
        for place, text in enumerate(store.texts(self.about.name, rows)):
            strange = [one.name for one in objects_of(text) if one.name not in self.about.numbers]
            if strange:
                found[place] = strange[0]
        return found

    def support(self, references: Sequence[TrueBoxes]) -> dict[str, int]:
        """How many objects each metric is about."""
        return box_support(references, self.about.names)

    def occurrence(self, predictions: Sequence[FoundBoxes], references: Sequence[TrueBoxes]) -> Occurrence:
        """Classes without an object, and those that are never found."""
        return box_occurrence(predictions, references, self.about.names, self.about.showing.threshold)

    def error_tables(self, predictions: list[FoundBoxes], references: list[TrueBoxes]) -> list[ErrorTable]:
        """What became of the objects of each class."""
        threshold = self.about.showing.threshold
        return [box_detail(class_counts(predictions, references, self.about.names, threshold), threshold)]


@dataclass(frozen=True)
class BoxesThreshold:
    """Which of the boxes that are found are shown."""

    about: Boxes

    @property
    def score(self) -> float:
        """Objects below this score are not shown."""
        return self.about.showing.threshold


def tuned_boxes(
    about: Boxes, predictions: list[FoundBoxes], references: list[TrueBoxes]
) -> OutputField | None:
    """The same output with the score and the rule by which most of what is shown is right."""
    showing = best_showing(predictions, references, len(about.classes))
    if showing is None:
        return None
    return boxes_output(Boxes(about.name, about.options, about.classes, about.image, showing))


def draw_boxes(about: Boxes, value: BoxesPrediction, image: Tensor) -> LabelledImage:
    """Draw the objects above the threshold, the best on top.

    Args:
        about: The output.
        value: The value.
        image: Pixels (3, Y, X).

    Returns:
        The image with its marks.
    """
    objects = value.sure()[::-1]
    boxes = torch.tensor([one.box for one in objects]).reshape(-1, 4)
    labels = tuple(about.numbers[one.name] for one in objects)
    return LabelledImage(image, "", boxes, labels, tuple(one.tag for one in objects))


def box_doubts(values: Sequence[BoxesPrediction], computed: Any, inputs: Mapping[str, Any]) -> list[float]:
    """How unsure the objects of each image are."""
    return [doubt_of_objects(value.objects, value.score_threshold) for value in values]


def coco_results(about: Boxes, value: BoxesPrediction, image: int | str) -> list[dict[str, Any]]:
    """The objects in COCO's format of results, whatever their scores.

    Args:
        about: The output.
        value: The value.
        image: The id of the image.

    Returns:
        One record for each object.
    """
    ids = dict(zip(about.names, class_ids(about.classes), strict=True))
    return [result(one, ids[one.name], image) for one in value.objects]


def too_many_objects(name: str, queries: int, column: MarkedObjects, rows: np.ndarray) -> str | None:
    """A message if images have more objects than there are queries.

    Args:
        name: The name of the field.
        queries: The number of queries.
        column: The objects of all rows.
        rows: The rows (n,) of the split.

    Returns:
        The message, or None.
    """
    counts = [int((~column[int(row)].crowd).sum()) for row in rows]
    crowded = sum(count > queries for count in counts)
    if not crowded:
        return None
    return (
        f"{crowded:,} of {quantity(len(counts), 'image')} {verb(crowded, 'has', 'have')} more "
        f"objects, up to {max(counts):,}, than the "
        f"{queries:,} that can be found; raise outputs.{name}.head.queries"
    )


def result(one: FoundObject, category: int, image: int | str) -> dict[str, Any]:
    """One object in COCO's format of results.

    Args:
        one: The object.
        category: The id of its class.
        image: The id of the image.

    Returns:
        The record.
    """
    x1, y1, x2, y2 = one.box
    box = [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)]
    return {"image_id": image, "category_id": category, "bbox": box, "score": one.score}


def area_of(one: MarkedObject) -> float:
    """The area of an object in pixels: that of its outline if it is known, else that of its box."""
    x1, y1, x2, y2 = one.box
    return one.area if one.area is not None else (x2 - x1) * (y2 - y1)


def boxes_output(about: Boxes) -> OutputField:
    """Boxes, by dense or query head."""
    options, head, scoring = about.options, BoxesHead(about), BoxesScoring(about)
    queries = options.head.queries

    def learning_rate(model: ModelOptions) -> float:
        return options.head.learning_rate

    return OutputField(
        name=about.name,
        kind="boxes",
        summary=quantity(len(about.classes), "class"),
        architecture=f"{options.head.kind} boxes",
        codec=BoxesCodec(about),
        head=head,
        scoring=scoring,
        learning_rate=learning_rate,
        image=about.image,
        loss_unit="image",
        classes=BoxesClasses(about),
        threshold=BoxesThreshold(about),
        tune=partial(tuned_boxes, about),
        excess=None if queries is None else partial(too_many_objects, about.name, queries),
        draw=partial(draw_boxes, about),
        records=partial(coco_results, about),
        replay=head.replay,
        program=head.program,
        doubts=box_doubts,
        mistakes=BoxMistakes(about, scoring),
        baselines=boxes_baselines(about),
    )


def fit_output(name: str, options: BoxesOutput, context: FieldContext) -> OutputField:
    """The classes are those of the training data."""
    classes = context.training_data.classes
    if context.of_kind("mask"):  # which have a class for what no object covers
        classes = tuple(one for one in classes if one.name.lower() != BACKGROUND)
    return boxes_output(Boxes(name, options, classes, context.image))


def load_output(name: str, options: BoxesOutput, context: FieldContext, folder: Path) -> OutputField:
    """The output of a saved model."""
    classes = read_classes(folder / f"{name}.classes.json")
    showing = read_showing(folder / SHOWING.format(name=name))
    return boxes_output(Boxes(name, options, classes, context.image, showing))
