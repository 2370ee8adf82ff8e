"""The options of an experiment file. Unknown keys and wrong types are refused; every option has a sensible default."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    WithJsonSchema,
    model_validator,
)

from jumok.choices import TAKEN_NAMES
from jumok.errors import ConfigurationError
from jumok.experiment.selection import Selection, selection
from jumok.experiment.sources import SourceOptions
from jumok.experiment.space import parse_space
from jumok.experiment.windows import check_windows
from jumok.kinds.field_options import InputOptions, OutputOptions
from jumok.kinds.options import DecodingOptions, ModelOptions, Options, Seed, TokenOptions, error_at
from jumok.wording import with_article

Decay = Annotated[float, Field(ge=0.0, lt=1.0)]


def share_or_number(value: Any) -> Any:
    """Check the size of a split: a share of the training data, or a number of distinct inputs."""
    if not (isinstance(value, int) and value > 0 or isinstance(value, float) and 0 < value < 1):
        raise ValueError(
            f"expected a share between 0 and 1, or a number of examples like 1000; got {value!r}"
        )
    return value


SHARE_OR_NUMBER = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "integer", "minimum": 1},
    ]
}
ShareOrNumber = Annotated[float | int, BeforeValidator(share_or_number), WithJsonSchema(SHARE_OR_NUMBER)]


class SplitOptions(Options):
    """How much of `train` is kept for valid and test, and used of the rest: a share, or a number of distinct inputs."""

    valid: ShareOrNumber | None = None
    test: ShareOrNumber | None = None
    seed: Seed = 1
    train: ShareOrNumber | None = None  # all by default
    train_seed: Seed = 1


class FoldOptions(Options):
    """A fold of `train` that is left out of the training, so that its model has not seen it."""

    number: NonNegativeInt
    of: int = Field(ge=2)

    @model_validator(mode="after")
    def is_one_of_them(self) -> "FoldOptions":
        """Check that there is a fold of this number."""
        if self.number >= self.of:
            raise error_at(f"folds are numbered from 0 to {self.of - 1}; got {self.number}", "number")
        return self


class DataOptions(Options):
    """The YAML under `data:`."""

    train: SourceOptions
    valid: SourceOptions | None = None
    test: SourceOptions | None = None
    split: SplitOptions | None = None
    fold: FoldOptions | None = None
    tokens: TokenOptions = TokenOptions()
    on_bad_rows: Literal["error", "skip"] = "error"
    max_tokens: PositiveInt = 256

    @model_validator(mode="after")
    def every_split_has_one_source(self) -> "DataOptions":
        """Check that each split is given once and that there is a valid split."""
        for split in ("valid", "test"):
            asked = self.split is not None and getattr(self.split, split) is not None
            if asked and getattr(self, split) is not None:
                raise ValueError(
                    f"{split} is given twice: as files and as a part of train (split.{split}); drop one"
                )
        if self.valid is None and (self.split is None or self.split.valid is None):
            raise ValueError(
                "training needs valid data to choose the best model; give valid: or split: {valid: 0.05}"
            )
        if self.fold is not None and self.train.windows is not None:
            raise error_at("windows overlap, so that a fold of them is seen by the others; drop it", "fold")
        rows = {name: (source.windows, source.rows or (0, None)) for name, source in self.sources()}
        part = self.split is not None and self.split.train is not None
        check_windows(rows, part or len(self.splits()) > len(rows))
        return self

    def splits(self) -> list[str]:
        """The existing splits: train, and those with files of their own or split off."""
        split = self.split or SplitOptions()
        others = ("valid", "test")
        return [
            "train",
            *(p for p in others if getattr(self, p) is not None or getattr(split, p) is not None),
        ]

    def sources(self) -> Iterator[tuple[str, SourceOptions]]:
        """The splits that have a source of their own, each with its source."""
        for split in ("train", "valid", "test"):
            source = getattr(self, split)
            if source is not None:
                yield split, source


class TrainingOptions(Options):
    """The YAML under `training:`."""

    steps: PositiveInt | None = None
    minutes: PositiveFloat | None = None
    batch_tokens: PositiveInt = 4096
    batch_size: PositiveInt | None = None
    batching: Literal["by_length", "mixed"] | None = None
    accumulate: PositiveInt = 1
    learning_rate: PositiveFloat | None = None
    optimizer: Literal["adamw", "muon"] = "adamw"
    muon_factor: PositiveFloat = 4.0
    schedule: Literal["cosine", "inverse_sqrt", "constant"] = "cosine"
    warmup: NonNegativeInt | None = None
    betas: tuple[Decay, Decay] = (0.9, 0.98)
    weight_decay: NonNegativeFloat = 0.01
    clip: PositiveFloat | None = 1.0
    label_smoothing: float = Field(default=0.1, ge=0.0, lt=1.0)
    loss_weights: Literal["fixed", "uncertainty"] = "fixed"
    modality_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    select: str | None = None
    average: Literal["ema", "last", "none"] = "ema"
    ema_decay: float = Field(default=0.999, gt=0.0, lt=1.0)
    average_last: PositiveInt = 5
    evaluate_every: PositiveInt | None = None
    evaluate_examples: PositiveInt | None = None
    patience: PositiveInt | None = 10
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: str = "auto"
    shard: bool = False
    seed: Seed = 1
    keep: PositiveInt = 2
    baselines: bool = True
    log: Literal["tensorboard"] | None = None

    def warmup_of(self, steps: int) -> int:
        """The number of warm-up steps of a training of `steps` steps."""
        return self.warmup if self.warmup is not None else max(1, min(1000, steps // 10))


class Experiment(Options):
    """A whole experiment file."""

    inputs: dict[str, InputOptions] = Field(min_length=1)
    outputs: dict[str, OutputOptions] = Field(min_length=1)
    data: DataOptions
    model: ModelOptions = ModelOptions()
    training: TrainingOptions = TrainingOptions()
    decoding: DecodingOptions = DecodingOptions()
    sweep: dict[str, list[Any]] | None = Field(default=None, exclude=True)  # a training knows nothing of it

    @model_validator(mode="after")
    def names_fit(self) -> "Experiment":
        """Check that names are unique and valid, and that every source fits the inputs and outputs."""
        both = set(self.inputs) & set(self.outputs)
        if both:
            name = sorted(both)[0]
            raise error_at("is an input, too; give them different names", "outputs", name)
        for place, names in (("inputs", self.inputs), ("outputs", self.outputs)):
            for name in names:
                check_name(name, place)
        check_images(self)
        check_weights(self)
        for name, columns in self.data.train.joined_columns.items():
            if name in self.outputs and all(isinstance(one, str) for one in columns):
                self.outputs[name] = self.outputs[name].named_by(tuple(map(str, columns)))
        selection(self.training.select, self.outputs)
        check_space(self.sweep)
        for split, source in self.data.sources():
            try:
                source.build(self.inputs, self.outputs)
            except (ValueError, ConfigurationError) as error:
                raise error_at(str(error), "data", split) from None
        return self

    @property
    def selection(self) -> Selection:
        """The score that chooses the best model."""
        return selection(self.training.select, self.outputs)

    @property
    def scored_outputs(self) -> dict[str, OutputOptions]:
        """The outputs; that which chooses the best model has the metric of `training.select`."""
        name, metric = self.selection
        changed = {} if metric is None else {name: self.outputs[name].model_copy(update={"metric": metric})}
        return {**self.outputs, **changed}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns: inputs, then outputs."""
        return (*self.inputs, *self.outputs)


def check_images(experiment: Experiment) -> None:
    """Refuse boxes and masks without exactly one image; raises ValueError."""
    images = [name for name, options in experiment.inputs.items() if options.is_image]
    for name, options in experiment.outputs.items():
        if options.annotations is not None and len(images) != 1:
            there = f"there are {len(images)} ({', '.join(images)})" if images else "there is none"
            raise error_at(
                f"{with_article(options.kind)} output needs one input of kind image; {there}", "outputs", name
            )
        if options.annotations is not None and experiment.inputs[images[0]].optional:
            problem = f"{name} is found in this image, so no row may lack it; drop optional"
            raise error_at(problem, "inputs", images[0], "optional")
    optional = [name for name, options in experiment.inputs.items() if options.optional]
    if experiment.training.modality_dropout and not optional:
        problem = "drops optional inputs, but no input is optional; say optional: true in those that may lack"
        raise error_at(problem, "training", "modality_dropout")
    if optional and experiment.training.shard:
        problem = f"needs every input in every row, but {optional[0]} is optional; train without shard"
        raise error_at(problem, "training", "shard")
    if experiment.training.shard and experiment.training.optimizer == "muon":
        problem = "needs whole matrices in each process; train without shard, or with optimizer: adamw"
        raise error_at(problem, "training", "optimizer")


def check_space(space: dict[str, list[Any]] | None) -> None:
    """Refuse what is no space of a sweep; raises ValueError."""
    if space is None:
        return
    try:
        parse_space(space)
    except ConfigurationError as error:
        raise error_at(str(error), "sweep") from None


def check_weights(experiment: Experiment) -> None:
    """Refuse learned weights of losses where there is nothing to weigh, or fixed ones are given; raises ValueError."""
    if experiment.training.loss_weights != "uncertainty":
        return
    if len(experiment.outputs) == 1:
        raise error_at("weighs several outputs, and there is one; drop it", "training", "loss_weights")
    for name, options in experiment.outputs.items():
        if options.weight != 1.0:
            problem = "training.loss_weights: uncertainty learns the weights of losses; drop one of both"
            raise error_at(problem, "outputs", name, "weight")


def check_name(name: str, place: str) -> None:
    """Refuse a name of an input or output that cannot be the name of a module; raises ValueError."""
    if not name.isidentifier():
        raise error_at("a name must be made of letters, digits and _, not starting with a digit", place, name)
    if name in TAKEN_NAMES or name.startswith("__"):
        raise error_at(
            "this name means something else to PyTorch; choose another "
            f"(a table's column can stay {name}: say columns: {{other: {name}}})",
            place,
            name,
        )
