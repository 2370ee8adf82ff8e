"""The head of a forecast: how it is built, what it learns, and what it predicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from jumok.errors import ConfigurationError, DataError
from jumok.heads.forecast import FlattenForecastHead, ForecastDecoder, KnownAhead, WindowUnits
from jumok.heads.linear import LinearForecastHead
from jumok.kinds.contract import Blueprint, DecodingRequest
from jumok.kinds.features import FeatureRequest
from jumok.kinds.forecast.fitted import Forecast, Past
from jumok.kinds.forecast.options import ForecastPlan
from jumok.kinds.forecast.prediction import ForecastPrediction
from jumok.kinds.forecast.replay import RescorableForecast
from jumok.losses.forecasts import forecast_loss
from jumok.losses.tokens import Loss
from jumok.values import Memories, Memory, SeriesBatch


@dataclass(frozen=True)
class ForecastHead:
    """A direct head, or a decoder of one patch after the other."""

    about: Forecast
    needs: FeatureRequest = FeatureRequest((16, 32), states=True, neck=True)

    def build(self, plan: Blueprint) -> nn.Module:
        """The head that the options ask for."""
        options, past = self.about.options, self.about.past
        places = range(len(self.about.channels)) if past is None else past.places
        units = WindowUnits(None if past is None else past.name, places)
        head: Any = None if options.head.gather == "none" else self.reading_states(plan, units)
        if options.head.linear == "none":
            return head
        if past is None:
            raise ConfigurationError(f"{self.about.name}: linear: needs an input of kind series that goes on")
        if options.head.start == "ridge" and head is not None:
            head.start_from_nothing()
        linear = options.head.linear_map(past.steps, options.horizon, options.season, options.numbers)
        whole = LinearForecastHead(units, linear, head)
        whole.past(Memories({past.name: memory_of(plan.encoders[past.name], past)}))
        return whole

    def reading_states(self, plan: Blueprint, units: WindowUnits) -> nn.Module:
        """The head that reads states; `gather: auto` looks at the memory that it will read."""
        options, past = self.about.options, self.about.past
        known = KnownAhead(options.covariates, options.horizon)
        patches = None if past is None else patches_of(plan.encoders[past.name], past)
        others = set(plan.encoders) - {units.past, *options.covariates}
        if not options.head.flattens(patches is not None, bool(others)):
            wanted = options.horizon, options.numbers, options.middle
            return options.head.build(ForecastPlan(units, plan.model, known, *wanted))
        if patches is None:
            raise ConfigurationError(
                f"{self.about.name}: gather: flatten needs an input whose encoder keeps channels apart, like "
                "encoder: {kind: patches, channels: independent}"
            )
        return FlattenForecastHead(units, patches, plan.model.width, known, options.horizon, options.numbers)

    def loss(
        self, decoder: ForecastDecoder, memories: Memories, target: SeriesBatch, smoothing: float
    ) -> Loss:
        """Errors in units of the standardized series; nothing is smoothed."""
        found = self.standardized(decoder.follow(memories, self.batch_units(target.values)))
        options = self.about.options
        return forecast_loss(found, target, options.loss, options.quantiles)

    def predict(
        self,
        decoder: ForecastDecoder,
        memories: Memories,
        inputs: Mapping[str, Any],
        request: DecodingRequest,
    ) -> list[ForecastPrediction]:
        """The steps to come in the units of the data; quantiles are sorted, so that none cross."""
        self.check_lengths(inputs)
        found = self.standardized(decoder.forecast(memories))  # (B, H, C, Q)
        levels = self.about.options.quantiles
        quantiles = found[..., found.shape[-1] - len(levels) :].sort(-1).values
        numbers = torch.cat((self.path(found)[..., None], quantiles), -1).cpu().numpy()
        numbers = numbers * self.about.scale[:, None] + self.about.center[:, None]
        return [self.prediction(one.astype(np.float32)) for one in numbers]

    def prediction(self, numbers: np.ndarray) -> ForecastPrediction:
        """The path and the quantiles (H, C, 1 + Q) of one example as a forecast."""
        levels = self.about.options.quantiles
        by_level = {level: numbers[..., 1 + i] for i, level in enumerate(levels)}
        return ForecastPrediction(self.about.channels, numbers[..., 0], by_level)

    def path(self, found: Tensor) -> Tensor:
        """The path (B, H, C) of numbers (B, H, C, Q): a number of its own, or the median of the sorted quantiles."""
        options = self.about.options
        return found.sort(-1).values[..., options.middle] if options.loss == "quantile" else found[..., 0]

    def program(self, decoder: ForecastDecoder, memories: Memories) -> Tensor:
        """The numbers (B, H, C, Q) in the units of the batch."""
        return decoder.forecast(memories)

    def replay(
        self,
        decoder: ForecastDecoder,
        memories: Memories,
        inputs: Mapping[str, Any],
        request: DecodingRequest,
    ) -> RescorableForecast:
        """The forecast of the only example."""
        (prediction,) = self.predict(decoder, memories, inputs, request)
        values = torch.from_numpy(self.about.standardize(prediction.values))[None]
        return RescorableForecast(
            self.about.name,
            prediction,
            values,
            self,
            decoder.patch,
            decoder.attends,
            self.about.options.head.gather != "none",
        )

    @property
    def empty_prediction(self) -> ForecastPrediction:
        """No steps."""
        nothing = np.zeros((0, len(self.about.channels)), dtype=np.float32)
        levels = self.about.options.quantiles
        return ForecastPrediction(self.about.channels, nothing, dict.fromkeys(levels, nothing))

    def standardized(self, found: Tensor) -> Tensor:
        """Numbers (B, H, C, Q) in the units of the batch as those of the standardized series."""
        scale, shift = (one[:, None] for one in self.from_batch_units(found))  # (C, 1)
        return found.float() * scale + shift

    def batch_units(self, values: Tensor) -> Tensor:
        """Standardized values (B, H, C) in the units of the batch."""
        scale, shift = self.from_batch_units(values)
        return (values - shift) / scale

    def from_batch_units(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Scale and shift (C,) from the units of the batch, which the past has, to those of the forecast."""
        about, past = self.about, self.about.past
        if past is None:
            ones = torch.ones(len(about.channels), device=like.device)
            return ones, torch.zeros_like(ones)
        scale, shift = past.scale / about.scale, (past.center - about.center) / about.scale
        return torch.tensor(scale, device=like.device).float(), torch.tensor(
            shift, device=like.device
        ).float()

    def check_lengths(self, inputs: Mapping[str, Any]) -> None:
        """Refuse a past of another length than in training, and covariates that do not cover the steps to come.

        Raises:
            DataError: The message has both lengths.
        """
        past, horizon = self.about.past, self.about.options.horizon
        if past is None:
            return
        lengths = inputs[past.name].valid.sum(1)
        if (lengths != past.steps).any():
            raise DataError(
                f"{past.name} has {int(lengths[lengths != past.steps][0])} time steps, but this model goes on with "
                f"{past.steps}; name the last ones, like table.csv#0:{past.steps}"
            )
        for name in self.about.options.covariates:
            there = inputs[name].valid.sum(1)
            if (there != lengths + horizon).any():
                raise DataError(
                    f"{name} has {int(there[there != lengths + horizon][0])} time steps, expected "
                    f"{past.steps + horizon}: those of {past.name}, and {horizon} to come"
                )


def patches_of(encoder: Any, past: Past) -> int | None:
    """How many states an encoder gives for each channel of a window; None if its states are not of one channel each."""
    memory = memory_of(encoder, past)
    if memory.time is None or memory.time.channels != past.channels:
        return None
    return memory.states.shape[1] // past.channels


@torch.no_grad()
def memory_of(encoder: Any, past: Past) -> Memory:
    """The memory of a window of zeros, for its shape."""
    shape = 1, past.steps, past.channels
    valid = torch.ones(shape[:2], dtype=torch.bool)
    window = SeriesBatch(torch.zeros(shape), torch.ones(shape, dtype=torch.bool), valid)
    training = encoder.training
    try:
        memory: Memory = encoder.eval()(window)
    finally:
        encoder.train(training)
    return memory
