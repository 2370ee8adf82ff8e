"""The options of forecasts: what is forecast, by which head, and the metric that selects the best model."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, PositiveInt, field_validator, model_validator

from jumok.choices import Cell
from jumok.kinds.options import ModelOptions, Options, OutputFieldOptions, error_at

if TYPE_CHECKING:
    from jumok.data.series.rows import SeriesExpectation
    from jumok.heads.forecast import (
        AutoregressiveForecastHead,
        KnownAhead,
        QueryForecastHead,
        WindowUnits,
    )
    from jumok.heads.linear import LinearMap
    from jumok.heads.recurrent_forecast import RecurrentForecastHead

Level = Annotated[float, Field(gt=0.0, lt=1.0)]
MEDIAN = 0.5


class ForecastPlan(NamedTuple):
    """What the head of a forecast is built by."""

    units: "WindowUnits"  # of the past
    model: ModelOptions  # that all blocks share
    known: "KnownAhead"  # the covariates
    horizon: int  # steps to forecast
    numbers: int  # for each step and channel
    middle: int  # which of them is the path, and what a decoder reads of a step


class DirectHeadOptions(Options):
    """The YAML under `head:` for all steps at once."""

    is_autoregressive: ClassVar[bool] = False
    kind: Literal["direct"] = "direct"
    # flatten: a linear map of all patches of a channel; attention: a query for each patch of the steps to come;
    # auto: flatten where the encoder keeps channels apart and no input beside it and covariates is read; none: not
    gather: Literal["auto", "flatten", "attention", "none"] = "auto"
    # a linear map from the normalized past of a channel to its next steps, added to what states give: of all steps, of
    # their moving average and what remains, or of the seasons of each phase
    linear: Literal["none", "steps", "decomposition", "seasons"] = "none"
    moving_average: PositiveInt = 25  # steps of the trend of linear: decomposition
    start: Literal["zero", "ridge"] = "zero"  # of that map; ridge: in closed form, chosen by valid
    layers: PositiveInt = 1  # of attention
    patch: PositiveInt = 16  # steps that a query of attention answers for

    @model_validator(mode="after")
    def reads_something(self) -> "DirectHeadOptions":
        """Refuse a head that reads nothing."""
        if self.gather == "none" and self.linear == "none":
            raise error_at("needs linear: steps or linear: seasons; otherwise nothing is read", "gather")
        if self.start == "ridge" and self.linear == "none":
            raise error_at("is the start of a linear map; say linear: steps, too", "start")
        if self.moving_average % 2 == 0:
            raise error_at(f"must be odd, to have a middle; got {self.moving_average}", "moving_average")
        return self

    @property
    def reads_one_length(self) -> bool:
        """Whether it is said that windows of one length are read."""
        return self.gather == "flatten" or self.linear != "none"

    def linear_map(self, steps: int, horizon: int, season: int, numbers: int) -> "LinearMap":
        """Build the map from the past.

        Args:
            steps: Of the past.
            horizon: Steps to forecast.
            season: Steps of a season.
            numbers: Numbers for each step and channel.

        Returns:
            The map.
        """
        from jumok.heads.linear import DecompositionMap, SeasonsMap, StepsMap

        if self.linear == "steps":
            return StepsMap(steps, horizon, numbers)
        if self.linear == "decomposition":
            return DecompositionMap(steps, horizon, self.moving_average, numbers)
        return SeasonsMap(steps, horizon, season, numbers)

    def flattens(self, is_possible: bool, reads_others: bool) -> bool:
        """Whether the head is a linear map of patches."""
        return self.gather == "flatten" or (self.gather == "auto" and is_possible and not reads_others)

    def build(self, plan: ForecastPlan) -> "QueryForecastHead":
        """Build the head of queries."""
        from jumok.heads.forecast import QueryForecastHead
        from jumok.kinds.blocks import attention, perceptron
        from jumok.layers.query import QueryLayer

        model, patch = plan.model, min(self.patch, plan.horizon)
        layers = [
            QueryLayer(
                model.width,
                attention(model, None),
                attention(model, None),
                perceptron(model),
                model.dropout,
                model.norm == "pre",
            )
            for _ in range(self.layers)
        ]
        return QueryForecastHead(
            plan.units, layers, model.width, plan.known, plan.horizon, patch, plan.numbers
        )


class ForecastDecoderOptions(Options):
    """What decoders have in common that forecast one patch of steps after the other."""

    is_autoregressive: ClassVar[bool] = True
    gather: ClassVar[Literal["attention"]] = "attention"
    linear: ClassVar[Literal["none"]] = "none"
    start: ClassVar[Literal["zero"]] = "zero"
    reads_one_length: ClassVar[bool] = False

    def flattens(self, is_possible: bool, reads_others: bool) -> bool:
        """It is a decoder."""
        return False


class AutoregressiveHeadOptions(ForecastDecoderOptions):
    """The YAML under `head:` for one patch of steps after the other."""

    kind: Literal["autoregressive"]
    layers: PositiveInt = 2
    patch: PositiveInt = 1  # steps that are forecast together

    def build(self, plan: ForecastPlan) -> "AutoregressiveForecastHead":
        """Build the decoder."""
        from jumok.heads.forecast import AutoregressiveForecastHead
        from jumok.kinds.blocks import attention, perceptron
        from jumok.layers.transformer import TransformerDecoderLayer

        model, patch = plan.model, min(self.patch, plan.horizon)
        layers = [
            TransformerDecoderLayer(
                model.width,
                attention(model, model.rotary()),
                attention(model, None),
                perceptron(model),
                model.dropout,
                model.norm == "pre",
            )
            for _ in range(self.layers)
        ]
        positions = model.position_layer(-(-plan.horizon // patch))
        sizes = plan.horizon, patch, plan.numbers, plan.middle
        return AutoregressiveForecastHead(plan.units, positions, layers, model.width, plan.known, *sizes)


class RecurrentHeadOptions(ForecastDecoderOptions):
    """The YAML under `head:` for a recurrent decoder, one patch of steps after the other."""

    kind: Literal["recurrent"]
    cell: Cell = "gru"
    attention: Literal["additive", "dot"] = "additive"
    layers: PositiveInt = 1
    patch: PositiveInt = 1  # steps that are forecast together

    def build(self, plan: ForecastPlan) -> "RecurrentForecastHead":
        """Build the decoder."""
        from torch import nn

        from jumok.attention.recurrent import AdditiveAttention, DotAttention
        from jumok.decoders.recurrent import RecurrentDecoder
        from jumok.heads.recurrent_forecast import RecurrentForecastHead
        from jumok.layers.embedding import NumberEmbedding

        model, patch = plan.model, min(self.patch, plan.horizon)
        values = patch * len(plan.units.channels)
        additive = self.attention == "additive"
        looks = AdditiveAttention(model.width) if additive else DotAttention(model.width)
        read, write = NumberEmbedding(values, model.width), nn.Linear(model.width, values * plan.numbers)
        recurrent = RecurrentDecoder(read, self.cell, looks, write, self.layers, model.dropout)
        return RecurrentForecastHead(plan.units, recurrent, plan.known, plan.horizon, patch, plan.middle)


class ForecastOutput(OutputFieldOptions):
    """An entry of `outputs:` with `kind: forecast`."""

    part_name: ClassVar[str] = "head"
    kind: Literal["forecast"]
    horizon: PositiveInt  # steps to forecast
    channels: tuple[str, ...] | None = None  # all of the past by default
    past: str | None = None  # the input that goes on; by default the only series that is no covariate
    covariates: tuple[str, ...] = ()  # inputs of series that also cover the steps to come
    head: Annotated[
        DirectHeadOptions | AutoregressiveHeadOptions | RecurrentHeadOptions, Field(discriminator="kind")
    ] = DirectHeadOptions()
    loss: Literal["mse", "mae", "quantile"] = "mse"
    quantiles: tuple[Level, ...] = ()  # levels, like 0.1, 0.5 and 0.9
    season: PositiveInt = (
        1  # steps of a season: of linear: seasons, and of the last season that mase compares with
    )
    metric: Literal["mse", "mae", "mase", "pinball"] = "mse"  # chooses the best model

    @field_validator("quantiles")
    @classmethod
    def levels_increase(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        """Refuse levels that do not increase."""
        if list(levels) != sorted(set(levels)):
            raise ValueError(f"write the levels in increasing order, each once; got {list(levels)}")
        return levels

    @model_validator(mode="after")
    def quantiles_fit(self) -> "ForecastOutput":
        """Refuse a loss or metric of quantiles where they are missing."""
        if self.loss == "quantile" and MEDIAN not in self.quantiles:
            raise ValueError("loss: quantile needs the median among quantiles, like [0.1, 0.5, 0.9]")
        if self.metric == "pinball" and not self.quantiles:
            raise ValueError("metric: pinball needs quantiles, like [0.1, 0.5, 0.9]")
        if self.past is not None and self.past in self.covariates:
            raise ValueError(f"{self.past} is the past; a covariate is another input")
        return self

    @model_validator(mode="after")
    def linear_map_fits(self) -> "ForecastOutput":
        """Refuse seasons of one step, and covariates that nothing reads."""
        if self.head.linear == "seasons" and self.season == 1:
            raise error_at("linear: seasons needs the steps of a season, such as 24 hours", "season")
        if self.head.gather == "none" and self.covariates:
            raise error_at("are not read with gather: none; drop it, or them", "covariates")
        return self

    @property
    def numbers(self) -> int:
        """Numbers that are forecast for each step and channel: the path, if no quantile is it, and the quantiles."""
        return len(self.quantiles) + (self.loss != "quantile")

    @property
    def middle(self) -> int:
        """Which of them is the path."""
        return self.quantiles.index(MEDIAN) if self.loss == "quantile" else 0

    def expected_series(self) -> "SeriesExpectation":
        """What the steps to come must be like."""
        from jumok.data.series.rows import SeriesExpectation

        return SeriesExpectation(self.channels, None, None, self.horizon, None)

    def steps_ahead(self) -> int | None:
        """The horizon."""
        return self.horizon

    def known_ahead(self) -> tuple[str, ...]:
        """The covariates."""
        return self.covariates


OUTPUT = ForecastOutput
