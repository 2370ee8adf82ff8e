"""Inputs and outputs of an experiment as the other rooms see them: fields, which are made of facets.

A facet is what one room needs of a field: how its values become batches, how its part of the model is built, how its
answers are scored, drawn, or looked into. What a kind of data does not have is absent (None), and rooms that need it
say so; no room asks which kind a field is of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from torch import Tensor, nn

from jumok.kinds.features import FeatureRequest
from jumok.layers.embedding import TokenEmbedding

if TYPE_CHECKING:  # a model of texts needs nothing of images
    from PIL import Image

    from jumok.baselines.protocol import Baseline
    from jumok.data.cache.store import TextStore
    from jumok.drawing.sheet import LabelledImage
    from jumok.kinds.axes import Axis
    from jumok.kinds.checking import CellCheck
    from jumok.kinds.class_evidence import ClassEvidence
    from jumok.kinds.mistakes import MistakeFinder
    from jumok.kinds.options import ModelOptions
    from jumok.kinds.replay import Rescorable
    from jumok.kinds.survey import Survey
    from jumok.losses.tokens import Loss
    from jumok.metrics.metric import Metric
    from jumok.search import Search
    from jumok.values import Memories, Memory, Value

Embeddings = dict[str, TokenEmbedding]  # embeddings by the name of their vocabulary
Example = dict[str, Any]  # one example: the item of each field by its name


class Column(Protocol):
    """One field of many examples, each ready to be batched when it is asked for."""

    def __getitem__(self, i: int, /) -> Any: ...


class DecodingRequest(NamedTuple):
    """How answers to a batch are searched for."""

    search: Search
    max_tokens: int  # tokens of an answer
    example_ids: Sequence[int]  # of the batch's examples in the whole job
    # the score from which on objects are asked for; None: as the model has it
    score_threshold: float | None = None


class Blueprint(NamedTuple):
    """What the parts of a model are built by."""

    model: ModelOptions
    requests: Sequence[FeatureRequest]  # what the outputs need of the encoder of an image
    embeddings: Embeddings  # fields with one vocabulary share theirs
    encoders: Mapping[str, nn.Module]  # by input; complete when decoders are built

    def embedding(self, name: str, tokens: int) -> TokenEmbedding:
        """The embedding of this name, made when it is first asked for."""
        if name not in self.embeddings:
            self.embeddings[name] = TokenEmbedding(tokens, self.model.width)
        return self.embeddings[name]


class ArrayForm(NamedTuple):
    """The form of a value that is given as an array of numbers."""

    shape: tuple[int, ...]  # -1 where any size fits
    is_pixels: bool  # bytes of colours; else numbers of any size


class LengthLimit(NamedTuple):
    """The longest item that a field takes."""

    most: int
    unit: str  # "tokens"
    remedy: str  # what to do about a longer one


@dataclass(frozen=True)
class Batching:
    """How examples meet in a batch."""

    # of each item of a column (N,), counted against the token budget of a batch; None: items have no length
    lengths: Callable[[Any], np.ndarray] | None = None
    unit: str = "tokens"  # in which lengths are counted
    limit: LengthLimit | None = None  # of these lengths
    max_examples: int | None = None  # of a batch
    # a number (N,) for each example of a column, equal for those that may be predicted together
    group: Callable[[Any], np.ndarray] | None = None


class Codec(Protocol):
    """From the cells of a table to batches."""

    @property
    def digest(self) -> str:
        """What decides how values become tensors, as one string."""
        ...

    def column(self, store: TextStore, root: Path) -> Column:
        """The field of all rows of a store; paths in it start at `root`.

        A row that lacks an optional input has an empty cell, whose item is never asked for.
        """
        ...

    def collate(self, items: Sequence[Any]) -> Any:
        """Items of a column to one batch, which has a method `to(device)`."""
        ...

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write what was learned beside the weights; `module` is the encoder, decoder or head."""
        ...


class InputCodec(Codec, Protocol):
    """Reads values that people give, and cells of tables."""

    def parse(self, value: object) -> Any:
        """Validate a raw value; raises DataError."""
        ...

    def parse_cell(self, text: str, root: Path) -> Any:
        """The raw value that a cell of a table holds; paths in it start at `root`."""
        ...

    def is_empty(self, value: Any) -> bool:
        """Whether a parsed value holds nothing to read."""
        ...

    def encode(self, values: Sequence[Any]) -> Column:
        """Parsed values as a column."""
        ...


class Transform(Protocol):
    """Makes whole examples fit an input."""

    def __call__(self, examples: Sequence[Example], random: np.random.Generator | None) -> Sequence[Example]:
        """Scaled examples; augmented for training where there is a random generator."""
        ...


class Coverage(Protocol):
    """Of fields that are made of pieces from a vocabulary."""

    def count_unknown(self, column: Column, rows: np.ndarray) -> int:
        """Tokens of these rows that the vocabulary does not have."""
        ...

    def unknown(self, value: Any) -> list[str]:
        """The pieces of a value that the model never saw in training."""
        ...


class Canvas(Protocol):
    """Of inputs that are images: answers can be drawn on them."""

    def size(self, value: Any) -> tuple[int, int]: ...  # height and width of a parsed value

    def pixels(self, value: Any) -> Tensor:
        """The pixels (3, Y, X) of a parsed value."""
        ...

    def batch_pixels(self, batch: Any) -> Sequence[Tensor]:
        """The pixels (3, Y, X) of each example of a batch, as the model gets them."""
        ...

    def cells(self, batch: Any, grid: tuple[int, int], prefix_tokens: int) -> Axis:
        """What a feature map of so many rows and columns represents, after some tokens of the model's own."""
        ...


class InputPage(Protocol):
    """How an input is shown on a page that looks into a model."""

    def parse_posted(self, value: object) -> Any:
        """A value that a page has sent, as `InputCodec.parse` takes it; raises DataError."""
        ...

    def label(self, value: Any) -> str:
        """A parsed value in a line."""
        ...

    def to_json(self, value: Any) -> dict[str, Any]:
        """A parsed value with what the page shows of it."""
        ...

    def axis(self, value: Any, batch: Any, memory: Memory) -> Axis:
        """What each memory position represents, for a batch of one."""
        ...


class OutputCodec(Codec, Protocol):
    """Gives right answers the form of predictions, and lets predictions travel between processes."""

    def from_cells(self, texts: Sequence[str], root: Path) -> Sequence[Value]:
        """The right answers to one example, cells of a table, as if they were predicted."""
        ...

    def from_batch(self, batch: Any) -> Sequence[Value]:
        """The right answers of a batch, as if they were predicted."""
        ...

    def pack(self, value: Any) -> Any:
        """A predicted value as plain JSON, without alternatives, to be sent to another process."""
        ...

    def unpack(self, packed: Any) -> Value:
        """The value that `pack` was given."""
        ...


class Head(Protocol):
    """The part of the model that answers: a decoder of tokens, or a head of boxes or masks."""

    @property
    def needs(self) -> FeatureRequest:
        """What it needs of the encoder of an image."""
        ...

    def build(self, plan: Blueprint) -> nn.Module:
        """The decoder or head, with fresh weights."""
        ...

    def loss(self, decoder: Any, memories: Memories, target: Any, smoothing: float) -> Loss:
        """The loss of a batch whose right answers are `target`."""
        ...

    def predict(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> Sequence[Value]:
        """The best answer to each example of a batch of inputs."""
        ...

    @property
    def empty_prediction(self) -> Value:
        """The answer to an empty input."""
        ...


class Scoring(Protocol):
    """How predictions are scored."""

    def prediction(self, value: Any) -> Any:
        """A predicted value as the metrics take it."""
        ...

    def reference(self, texts: Sequence[str], root: Path) -> Any:
        """All right answers to one example, cells of a table, as the metrics take them."""
        ...

    def metrics(self) -> dict[str, Metric]:
        """The metrics of this output by name."""
        ...

    def headline(self, references: Sequence[Any]) -> list[str]:
        """The names of the metrics worth showing for these references."""
        ...

    def selection_metric(self) -> Metric:
        """The metric that chooses the best model."""
        ...

    def per_example_metric(self) -> Metric:
        """The metric of a single example, by which good and bad ones are told apart."""
        ...


class Threshold(Protocol):
    """Of outputs whose answers have parts with scores: which of them are shown."""

    @property
    def score(self) -> float:
        """Objects below this score are not shown."""
        ...


class Replay(Protocol):
    """Gives the answers to a batch of one example such that they can be rescored under recording."""

    def __call__(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> Rescorable: ...


class StartingWeights(NamedTuple):
    """Weights that training starts from."""

    weights: Mapping[str, Tensor]  # by their names in the decoder or head; others keep their fresh values
    remark: str  # how they were found, in a sentence


class ClosedForm(Protocol):
    """Finds weights that training starts from without a step of it."""

    def __call__(
        self, decoder: Any, train: Iterable[tuple[Memories, Any]], valid: Iterable[tuple[Memories, Any]]
    ) -> StartingWeights:
        """The start of a decoder or head; raises DataError where the data do not suffice.

        Args:
            decoder: As it was built.
            train: The memories of each batch of train by the model as it was built, and the right answers.
            valid: The same of valid, for choices.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class InputField:
    """An input whose kind has learned what it must know."""

    name: str
    kind: str
    summary: str  # in a few words, like "8,000 tokens"
    architecture: str  # of its encoder, in a word or two
    codec: InputCodec
    # its encoder, with fresh weights; its `max_length` is the longest item that it can read, math.inf for any
    build: Callable[[Blueprint], nn.Module]
    learning_rate: Callable[[ModelOptions], float]  # the peak that such models learn well with
    batching: Batching = Batching()
    reads_files: bool = False  # cells are paths, and an item is read from its file when it is asked for
    array: ArrayForm | None = None  # of a value in memory; None: a value is a text
    is_optional: bool = False  # rows may lack it; the catalogue sets it, for kinds never meet a missing value
    transform: Transform | None = None
    coverage: Coverage | None = None
    canvas: Canvas | None = None
    page: InputPage | None = None
    summary_features: Callable[[Any], np.ndarray] | None = None  # (F,) of a parsed value, for baselines
    thumbnail: Callable[[Any], str] | None = None  # a small image of a parsed value, as a data URL
    survey: Survey | None = None  # what its values are like, for `jumok check`


@dataclass(frozen=True, kw_only=True)
class OutputField:
    """An output whose kind has learned what it must know."""

    name: str
    kind: str
    summary: str  # in a few words, like "3 classes"
    architecture: str  # of its decoder or head, in a word or two
    codec: OutputCodec
    head: Head
    scoring: Scoring
    learning_rate: Callable[[ModelOptions], float]  # the peak that such models learn well with
    image: str | None = None  # the input that its answers are places in, and that no row may lack
    required_inputs: tuple[str, ...] = ()  # others that no row may lack
    loss_unit: str = "example"  # in which loss and throughput are reported: "token", "image"
    loss_weight: float = 1.0  # of its loss in the joint loss of all outputs
    batching: Batching = Batching()
    reads_files: bool = False  # an item is read from a file when it is asked for
    is_autoregressive: bool = False  # an answer is searched for token by token
    detokenize: Callable[[Sequence[int]], str] | None = (
        None  # the text of tokens, be they not all of an answer
    )
    coverage: Coverage | None = None
    classes: ClassEvidence | None = None
    threshold: Threshold | None = None
    check: CellCheck | None = None
    # the output with what the valid part chooses when a training is done; None where it is too small
    tune: Callable[[list[Any], list[Any]], OutputField | None] | None = None
    # what rows ask for that the model cannot do, in a sentence; None where there is nothing
    excess: Callable[[Any, np.ndarray], str | None] | None = None
    # a predicted value on the pixels (3, Y, X) that it belongs to
    draw: Callable[[Any, Tensor], LabelledImage] | None = None
    # the records of a value in a file of predictions, of an image by its id; None: one record, its JSON
    records: Callable[[Any, int | str], list[dict[str, Any]]] | None = None
    to_image: Callable[[Any], Image.Image] | None = None  # a value that is an image of its own
    # a chart of a predicted value, of the right one where it is known, and of the inputs as pages show them
    chart: Callable[[Any, Any | None, Mapping[str, Mapping[str, Any]]], Image.Image] | None = None
    replay: Replay | None = None
    # what its head computes of memories, tensors or named tuples of them, before an answer is made of it; None where
    # answers are searched for
    program: Callable[[Any, Memories], Any] | None = None
    certainty: Callable[[Any], str] | None = None  # how sure a predicted value is, in a line of a report
    doubts: Callable[[Sequence[Any], Any, Mapping[str, Any]], list[float]] | None = None  # unsure, 0 to 1
    # the right answers (cells, in which paths start at a folder) beside an answer on a page
    reference_page: Callable[[Sequence[str], Path], dict[str, Any]] | None = None
    mistakes: MistakeFinder | None = None  # where annotations are likely wrong
    start: ClosedForm | None = None  # weights that training starts from
    baselines: Sequence[Baseline] = ()  # fitted on train and scored like the model, to tell what it is worth


Field = InputField | OutputField


def item_lengths(field: Field, column: Column) -> np.ndarray | None:
    """The length of each item of a column (N,); None if the field has no lengths."""
    return None if field.batching.lengths is None else field.batching.lengths(column)
