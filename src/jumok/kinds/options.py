"""The base class of options, and the options that all parts of a model share."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from jumok.choices import Activation, Precision
from jumok.errors import did_you_mean

if TYPE_CHECKING:
    from jumok.attention.positions import LearnedPositions, NoPositions, Rotary, SinusoidalPositions
    from jumok.data.clips.sampling import FrameSampling
    from jumok.data.series.rows import SeriesExpectation
    from jumok.data.tables.joined import Joining

UNKNOWN_OPTION = "unknown_option"
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Options(BaseModel):
    """A part of the experiment file: frozen, and unknown names are refused with the nearest known one.

    What each option means is said in `descriptions.yaml`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def names_are_known(cls, given: Any) -> Any:
        """Refuse unknown names with a suggestion, and true or false where another type is expected."""
        if isinstance(given, dict):
            for name in given:
                if name not in cls.model_fields:
                    hint = did_you_mean(str(name), cls.model_fields)
                    context = {"name": str(name), "hint": hint, "place": [str(name)]}
                    raise PydanticCustomError(UNKNOWN_OPTION, "no option {name}{hint}", context)
                if isinstance(given[name], bool) and cls.model_fields[name].annotation is not bool:
                    raise error_at(f"{str(given[name]).lower()} is no value for it", str(name))
        return given

    @model_serializer(mode="wrap")
    def drop_unset(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Drop options that are None by default; `clip: null` is kept, for its default is 1."""
        fields = type(self).model_fields
        values: dict[str, Any] = serialize(self)
        return {
            name: value for name, value in values.items() if (value, fields[name].default) != (None, None)
        }


class FieldOptions(Options):
    """What every input and output has: its kind. Each kind adds its own."""

    is_image: ClassVar[bool] = False  # cells of tables are paths of images
    part_name: ClassVar[str]  # the option that its encoder, decoder or head has
    kind: str

    @property
    def part(self) -> Options:
        """The options of its encoder, decoder or head."""
        part: Options = getattr(self, self.part_name)
        return part

    def expected_series(self) -> "SeriesExpectation | None":
        """What its series must be like; None where cells of tables are no series."""
        return None


class InputFieldOptions(FieldOptions):
    """What every input has."""

    part_name: ClassVar[str] = "encoder"
    optional: bool = False  # rows may lack it; the model then answers by the other inputs

    def frame_sampling(self) -> "FrameSampling | None":
        """Which frames of its clips are read; None where cells of tables are no clips."""
        return None


class OutputFieldOptions(FieldOptions):
    """What every output has."""

    # as a text is read in an image: its order matters, nothing may be mirrored
    is_read: ClassVar[bool] = False
    # formats that hold such answers, for one image; None: cells of tables do
    annotations: ClassVar[str | None] = None
    weight: PositiveFloat = 1.0  # of its loss in the joint loss of all outputs

    def takes_lists(self) -> bool:
        """Whether a cell of a table may be a list, where its format has lists."""
        return False

    def takes_objects(self) -> bool:
        """Whether a cell of a table may be an object of named numbers, where its format has objects."""
        return False

    def joining(self) -> "Joining | None":
        """How several columns of a table, or a row of an array, are one answer; None where that has no meaning."""
        return None

    def named_by(self, columns: tuple[str, ...]) -> Self:
        """The same options, with the names of several columns where they give none of their own."""
        return self

    @classmethod
    def selection_metrics(cls) -> tuple[str, ...]:
        """The metrics that can choose the best model."""
        return get_args(cls.model_fields["metric"].annotation) if "metric" in cls.model_fields else ()

    def steps_ahead(self) -> int | None:
        """How many time steps after its inputs it answers; None: it does not go on with a series."""
        return None

    def known_ahead(self) -> tuple[str, ...]:
        """The inputs that are known for these steps, too."""
        return ()


def error_at(message: str, *place: str) -> PydanticCustomError:
    """An error of validation that knows the names which lead from the validated options to its place."""
    return PydanticCustomError("misplaced", "{message}", {"message": message, "place": list(place)})


class ModelOptions(Options):
    """The YAML under `model:`; what encoders and decoders share."""

    width: PositiveInt = 256
    heads: PositiveInt = 4
    feedforward: PositiveInt | None = None
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    attention_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    norm: Literal["pre", "post"] = "pre"
    activation: Activation = "relu"
    positions: Literal["sinusoidal", "learned", "rotary"] = "sinusoidal"
    tie: bool = True
    input_marks: Literal["learned", "none"] = "learned"

    @model_validator(mode="after")
    def heads_divide_width(self) -> "ModelOptions":
        """Refuse a width that is no multiple of the heads, or a head of odd width with rotary positions."""
        if self.width % self.heads:
            near = max(1, round(self.width / self.heads)) * self.heads
            raise ValueError(
                f"width must be a multiple of heads; got width={self.width}, heads={self.heads}; try width={near}"
            )
        if self.positions == "rotary" and (self.width // self.heads) % 2:
            raise ValueError(
                f"rotary positions need an even width of a head; got {self.width // self.heads} "
                f"(width {self.width} / heads {self.heads})"
            )
        return self

    @property
    def inner(self) -> int:
        """The width within feed-forward blocks."""
        return self.feedforward or 4 * self.width

    def position_layer(self, limit: int) -> "SinusoidalPositions | LearnedPositions | NoPositions":
        """The layer that marks positions; `limit` positions are learned where they are."""
        from jumok.attention.positions import LearnedPositions, NoPositions, SinusoidalPositions

        if self.positions == "sinusoidal":
            return SinusoidalPositions(self.width)
        return LearnedPositions(self.width, limit) if self.positions == "learned" else NoPositions()

    def rotary(self) -> "Rotary | None":
        """Rotary positions (Su et al., 2021), if the model has them."""
        from jumok.attention.positions import Rotary

        return Rotary(self.width // self.heads) if self.positions == "rotary" else None


class TokenOptions(Options):
    """The YAML under `tokens:`: what a text is cut into."""

    kind: Literal["auto", "characters", "jamo", "words", "bpe", "unigram", "spaces"] = "auto"
    size: PositiveInt | None = None
    shared: bool = False
    min_count: PositiveInt = 1
    direction: Literal["left_to_right", "right_to_left"] = "left_to_right"
    digits: PositiveInt | None = None

    @model_validator(mode="after")
    def digits_are_characters(self) -> "TokenOptions":
        """Refuse `digits` where tokens are not characters."""
        if self.digits is not None and self.kind != "characters":
            raise ValueError(f"digits belongs to kind: characters; got kind: {self.kind}")
        return self

    @property
    def given_kind(self) -> Literal["characters", "jamo", "words", "bpe", "unigram", "spaces"] | None:
        """The kind, if it is given or follows from a size; None if the texts decide."""
        if self.kind == "auto":
            return "bpe" if self.size else None
        return self.kind


class DecodingOptions(Options):
    """The YAML under `decoding:`: how an answer is searched for."""

    method: Literal["beam", "greedy", "sample"] = "beam"
    beam: PositiveInt = 5
    best: PositiveInt = 1
    length_penalty: float = 1.0
    temperature: float = Field(default=1.0, gt=0.0)
    top_k: PositiveInt | None = None
    top_p: float | None = Field(default=None, gt=0.0, le=1.0)
    seed: Seed = 1
    max_tokens: PositiveInt | None = None
    batch_tokens: PositiveInt = 4096
    precision: Precision = "fp32"
