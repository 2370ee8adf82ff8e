"""Values: numbers that are measured of an input, like an age or a count, each with an interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from jumok.drawing.sheet import LabelledImage
from jumok.kinds.contract import Blueprint, DecodingRequest, OutputField
from jumok.kinds.features import FeatureRequest
from jumok.kinds.fitting import FieldContext
from jumok.kinds.learning_rates import learning_rate_by_width
from jumok.kinds.pooling import STATES
from jumok.kinds.values.baselines import values_baselines
from jumok.kinds.values.codec import (
    VALUES_STATE_FILE,
    AboutValues,
    ValuesCodec,
    ValueTargets,
    readable_values,
)
from jumok.kinds.values.evidence import ValuesCheck, ValuesScoring, calibrated_values
from jumok.kinds.values.mistakes import ValueMistakes
from jumok.kinds.values.options import ValuesOutput
from jumok.kinds.values.prediction import ValuesPrediction
from jumok.kinds.values.replay import RescorableValues
from jumok.kinds.values.state import read_values_state, training_state
from jumok.losses.tokens import Loss
from jumok.metrics.doubts import doubt_of_interval
from jumok.values import Memories
from jumok.wording import quantity

WITHIN = 0.1  # deviations of training, within which a value counts as right in the log of a training


@dataclass(frozen=True)
class ValuesHead:
    """A head that gathers the memory, and gives some numbers for each value."""

    about: AboutValues
    needs: FeatureRequest = STATES
    empty_prediction: ValuesPrediction = ValuesPrediction(())

    def build(self, plan: Blueprint) -> nn.Module:
        """The head that the options ask for."""
        values, numbers = len(self.about.names), self.about.uncertainty.outputs
        return self.about.options.head.build(
            plan.model, lambda width: nn.Linear(width, values * numbers), values, numbers
        )

    def answer(self, decoder: Any, memories: Memories) -> Tensor:
        """The numbers (B, N, outputs) for each value."""
        found: Tensor = decoder(memories.joined).float()
        return found.unflatten(-1, (len(self.about.names), -1))

    def loss(self, decoder: Any, memories: Memories, target: ValueTargets, smoothing: float) -> Loss:
        """The loss of each example, a mean over its values; nothing is smoothed."""
        answer, level = self.answer(decoder, memories), self.about.options.interval
        losses = self.about.uncertainty.loss(answer, target.values, level).mean(1)  # (B,)
        value = self.about.uncertainty.estimate(answer.detach(), level).value
        close = ((value - target.values).abs() <= WITHIN).all(1)
        return Loss(losses.sum(), len(losses), int(close.sum()))

    def predict(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> list[ValuesPrediction]:
        """The values of each example with their intervals."""
        return self.about.to_predictions(self.answer(decoder, memories))

    def program(self, decoder: Any, memories: Memories) -> Any:
        """The numbers (B, N · outputs) for the values."""
        return decoder(memories.joined)

    def replay(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> RescorableValues:
        """The values of the only example."""
        answer = self.answer(decoder, memories)
        (prediction,) = self.about.to_predictions(answer)
        options = self.about.options
        return RescorableValues(
            name=self.about.name,
            prediction=prediction,
            found=answer[0, :, 0],
            several=options.names is not None,
            attends=options.head.attends,
            asked=self.about.names if options.head.queries == "each" else (),
        )


def draw_numbers(value: ValuesPrediction, image: Tensor) -> LabelledImage:
    """The values below the image."""
    return LabelledImage(image, value.text)


def tuned_values(
    about: AboutValues, predictions: list[np.ndarray], references: list[np.ndarray]
) -> OutputField | None:
    """The same output with calibrated intervals; None where there are too few examples."""
    found = calibrated_values(about, predictions, references)
    return None if found is None else values_output(found)


def value_doubts(
    about: AboutValues, values: Sequence[ValuesPrediction], computed: Any, inputs: Mapping[str, Any]
) -> list[float]:
    """How unsure each example is: the widest of its intervals, beside the deviation of that value in training.

    Args:
        about: The output.
        values: The values.
        computed: The numbers of the head.
        inputs: The batch.

    Returns:
        The doubt of each, 0 to 1; 0 where there are no intervals.
    """
    scales = dict(zip(about.names, about.scale.tolist(), strict=True))
    return [
        max((doubt_of_interval(high - low, scales[name]) for name, low, high in value.intervals), default=0.0)
        for value in values
    ]


def intervals_in_words(value: ValuesPrediction) -> str:
    """The interval of each value that has one."""
    return ", ".join(f"{name} {low:.4g} – {high:.4g}" for name, low, high in value.intervals)


def values_output(about: AboutValues) -> OutputField:
    """Values, by a head that gathers the memory."""
    head, codec, scoring = ValuesHead(about), ValuesCodec(about), ValuesScoring(about)
    count = len(about.names)
    return OutputField(
        name=about.name,
        kind="values",
        summary="a number" if count == 1 else f"{quantity(count, 'number')}",
        architecture=about.options.head.architecture,
        codec=codec,
        head=head,
        scoring=scoring,
        learning_rate=learning_rate_by_width,
        check=ValuesCheck(about),
        tune=partial(tuned_values, about),
        draw=draw_numbers,
        replay=head.replay,
        program=head.program,
        certainty=intervals_in_words,
        doubts=partial(value_doubts, about),
        reference_page=codec.reference_page,
        mistakes=ValueMistakes(about, scoring),
        baselines=values_baselines(about),
    )


def fit_output(name: str, options: ValuesOutput, context: FieldContext) -> OutputField:
    """Mean and deviation are those of the training data."""
    values = readable_values(context.training_data.texts(name), name, options)
    return values_output(AboutValues(name, options, training_state(values)))


def load_output(name: str, options: ValuesOutput, context: FieldContext, folder: Path) -> OutputField:
    """The output of a saved model."""
    return values_output(
        AboutValues(name, options, read_values_state(folder / VALUES_STATE_FILE.format(name=name)))
    )
