"""Label: which class an input is of, or which classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from jumok.drawing.sheet import LabelledImage
from jumok.kinds.contract import Blueprint, DecodingRequest, OutputField
from jumok.kinds.features import FeatureRequest
from jumok.kinds.fitting import FieldContext
from jumok.kinds.label.baselines import label_baselines
from jumok.kinds.label.calibration import LabelState, read_label_state
from jumok.kinds.label.cells import ClassNames, names_in
from jumok.kinds.label.codec import LABEL_STATE_FILE, AboutLabel, LabelCodec, LabelTargets
from jumok.kinds.label.evidence import LabelCheck, LabelClasses, LabelScoring, calibrated_label
from jumok.kinds.label.mistakes import LabelMistakes
from jumok.kinds.label.options import LabelOutput
from jumok.kinds.label.prediction import LabelPrediction
from jumok.kinds.label.replay import RescorableLabel
from jumok.kinds.learning_rates import learning_rate_by_width
from jumok.kinds.pooling import STATES
from jumok.losses.tokens import Loss
from jumok.metrics.doubts import doubt_of_presence, small_margin
from jumok.metrics.labels import Label, LabelAnswer
from jumok.values import Memories
from jumok.wording import quantity

TOLD_CLASSES = 3  # whose probabilities a report tells


@dataclass(frozen=True)
class LabelHead:
    """A head that gathers the memory, and has a logit for each class."""

    about: AboutLabel
    needs: FeatureRequest = STATES
    empty_prediction: LabelPrediction = LabelPrediction((), {})

    def build(self, plan: Blueprint) -> nn.Module:
        """The head that the options ask for."""
        classes = len(self.about.names)
        return self.about.options.head.build(
            plan.model, lambda width: self.about.mode.output(width, classes), classes
        )

    @cached_property
    def weights(self) -> np.ndarray:
        """The weight of each class in the loss (C,)."""
        state = self.about.state
        if self.about.options.class_weights == "none":
            return np.ones(len(state.classes))
        return self.about.mode.weights(np.array(state.counts), state.examples)

    def loss(self, decoder: Any, memories: Memories, target: LabelTargets, smoothing: float) -> Loss:
        """Cross-entropy of each example, smoothed where classes exclude each other and have no order."""
        logits = decoder(memories.joined).float()
        weights = logits.new_tensor(self.weights)
        losses = self.about.mode.loss(logits, target.present, weights, smoothing)  # (B,)
        return Loss(losses.sum(), len(losses), self.count_right(logits.detach(), target.present))

    def count_right(self, logits: Tensor, present: Tensor) -> int:
        """How many examples have exactly the right classes, by even thresholds."""
        chances = self.about.mode.log_probabilities(logits).exp().cpu().numpy()
        right = present.cpu().numpy()
        chosen = (self.about.mode.choose(row, self.about.thresholds) for row in chances)
        return sum(
            label == tuple(np.flatnonzero(row).tolist()) for label, row in zip(chosen, right, strict=True)
        )

    def predict(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> list[LabelPrediction]:
        """The labels of each example with the probability of each class."""
        chances = self.log_probabilities(decoder, memories).exp().double().cpu().numpy()
        return [self.about.to_prediction(row) for row in chances]

    def log_probabilities(self, decoder: Any, memories: Memories) -> Tensor:
        """Calibrated log-probabilities (B, C)."""
        found = self.about.mode.log_probabilities(decoder(memories.joined).float())
        temperature = self.about.state.calibration.temperature
        return found if temperature == 1.0 else (found / temperature).log_softmax(-1)

    def program(self, decoder: Any, memories: Memories) -> Any:
        """The logits of the classes (B, C)."""
        return decoder(memories.joined)

    def replay(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> RescorableLabel:
        """The labels of the only example."""
        (prediction,) = self.predict(decoder, memories, inputs, request)
        head = self.about.options.head
        return RescorableLabel(
            name=self.about.name,
            prediction=prediction,
            log_probabilities=self.log_probabilities,
            several=self.about.options.several,
            attends=head.attends,
            asked=self.about.names if head.queries == "each" else (),
        )


def draw_label(value: LabelPrediction, image: Tensor) -> LabelledImage:
    """The labels below the image."""
    chance = f" {value.score:.2f}" if value.labels and value.score < 1 else ""
    return LabelledImage(image, value.text + chance)


def tuned_label(
    about: AboutLabel, predictions: list[LabelAnswer], references: list[list[Label]]
) -> OutputField | None:
    """The same output, calibrated; None where there are too few examples."""
    found = calibrated_label(about, predictions, references)
    return None if found is None else label_output(found)


def label_doubts(
    about: AboutLabel, values: Sequence[LabelPrediction], computed: Any, inputs: Mapping[str, Any]
) -> list[float]:
    """How unsure each label is: how near its two best classes are, or the class that is nearest to even.

    Args:
        about: The output.
        values: The values.
        computed: The logits.
        inputs: The batch.

    Returns:
        The doubt of each, 0 to 1.
    """
    measure = doubt_of_presence if about.options.several else small_margin
    return [measure(np.array(list(value.probabilities.values()))) for value in values]


def probabilities_in_words(value: LabelPrediction) -> str:
    """The most probable classes."""
    order = sorted(value.probabilities.items(), key=lambda one: -one[1])
    return ", ".join(f"{name} {probability:.3f}" for name, probability in order[:TOLD_CLASSES])


def label_output(about: AboutLabel) -> OutputField:
    """A label, by a head that gathers the memory."""
    head, codec, scoring = LabelHead(about), LabelCodec(about), LabelScoring(about)
    return OutputField(
        name=about.name,
        kind="label",
        summary=quantity(len(about.names), "class"),
        architecture=about.options.head.architecture,
        codec=codec,
        head=head,
        scoring=scoring,
        learning_rate=learning_rate_by_width,
        classes=LabelClasses(about),
        check=LabelCheck(about),
        tune=partial(tuned_label, about),
        draw=draw_label,
        replay=head.replay,
        program=head.program,
        certainty=probabilities_in_words,
        doubts=partial(label_doubts, about),
        reference_page=codec.reference_page,
        mistakes=LabelMistakes(about, scoring),
        baselines=label_baselines(about),
    )


def fit_output(name: str, options: LabelOutput, context: FieldContext) -> OutputField:
    """The classes are those of the options, or of the training data."""
    data = context.training_data
    names = options.classes or options.ordered or names_in(data.texts(name), options.several)
    named = options.classes is not None or options.ordered is not None
    cells = ClassNames(names, options.several, by_number=named)
    counts = tuple(cells.counts(data.texts(name)).tolist())
    return label_output(AboutLabel(name, options, LabelState(names, counts, len(data.rows))))


def load_output(name: str, options: LabelOutput, context: FieldContext, folder: Path) -> OutputField:
    """The output of a saved model."""
    return label_output(
        AboutLabel(name, options, read_label_state(folder / LABEL_STATE_FILE.format(name=name)))
    )
