"""What a kind of data offers: to the data set, to the model, to training, to prediction and to scores.

An experiment's inputs and outputs are fields; each is of one kind. The rooms below know these methods only, and never
ask which kind a field is of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from torch import Tensor, nn

from jumok.layers.embedding import TokenEmbedding

if TYPE_CHECKING:  # a model of texts needs nothing of images
    from PIL import Image

    from jumok.classes import Class
    from jumok.data.cache.store import TextStore
    from jumok.drawing.sheet import LabelledImage
    from jumok.kinds.axes import Axis
    from jumok.kinds.error_tables import ErrorTable
    from jumok.kinds.image_options import FeatureRequest
    from jumok.kinds.options import ModelOptions
    from jumok.kinds.replay import Rescorable
    from jumok.losses.tokens import Loss
    from jumok.metrics.metric import Metric
    from jumok.metrics.occurrence import Occurrence
    from jumok.search import Search
    from jumok.values import Memory, Value

Embeddings = dict[str, TokenEmbedding]  # embeddings by the name of their vocabulary
Example = dict[str, Any]  # one example: the item of each field by its name


@dataclass(frozen=True)
class TrainingData:
    """What kinds learn from: the rows that the model is trained on."""

    store: TextStore
    rows: np.ndarray  # (n,) of the store
    root: Path  # where paths in the rows start
    classes: tuple[Class, ...]  # of annotated pictures, in their order

    def texts(self, column: str) -> Iterator[str]:
        return self.store.texts(column, self.rows)


class Column(Protocol):
    """One field of many examples, each ready to be batched when it is asked for."""

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each example (N,), which batches have a budget of; 0 for what is not made of tokens."""
        ...

    def __getitem__(self, i: int, /) -> Any: ...


class DecodingRequest(NamedTuple):
    """How answers to a batch are searched for, where they are."""

    search: Search
    max_tokens: int  # tokens of an answer
    example_ids: Sequence[int]  # of the batch's examples in the whole job
    # the score from which on parts of answers are asked for; None: as the model has it
    score_threshold: float | None = None


class Kind(Protocol):
    """A field whose kind has learned what it must know."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str:
        """What decides how values become tensors, as one name."""
        ...

    @property
    def summary(self) -> str:
        """In a few words, like "8,000 tokens" or "3 classes"."""
        ...

    @property
    def architecture(self) -> str:
        """What its encoder, decoder or head is, in a word or two."""
        ...

    @property
    def batch_size(self) -> int | None:
        """Examples of a batch, where tokens say little of what one costs."""
        ...

    def learning_rate(self, model: ModelOptions) -> float:
        """The peak of the learning rate that models of this field learn well with (benchmarks/defaults.md)."""
        ...

    @property
    def reads_files(self) -> bool:
        """Whether a file is read for each item of a column, so that batches should be made ahead."""
        ...

    def column(self, store: TextStore, root: Path) -> Column:
        """The field of all rows of a store; paths in it start at `root`."""
        ...

    def count_unknown(self, column: Column, rows: np.ndarray) -> int:
        """Tokens of these rows that the vocabulary does not have."""
        ...

    def collate(self, items: Sequence[Any]) -> Any:
        """Items of a column to one batch, which has a method `to(device)`."""
        ...

    def save(self, folder: Path, part: nn.Module) -> None:
        """Write what was learned beside the weights; `part` is the encoder, decoder or head."""
        ...


class InputKind(Kind, Protocol):
    """A field that is read."""

    def accept(self, value: object) -> Any:
        """A value as people give it, made clean; DataError when it is none of this kind."""
        ...

    def is_blank(self, value: Any) -> bool:
        """Whether an accepted value holds nothing to read."""
        ...

    def value(self, text: str, root: Path) -> Any:
        """What a row says, as `accept` takes it."""
        ...

    def encode(self, values: Sequence[Any]) -> Column:
        """Accepted values as a column."""
        ...

    def batch_group(self, column: Column) -> np.ndarray | None:
        """A number (N,) for each example, equal for those that may be predicted together; None: all may."""
        ...

    def transform(self, examples: Sequence[Example], draw: np.random.Generator | None) -> Sequence[Example]:
        """Make whole examples fit this input; with `draw`, as they are varied for training."""
        ...

    def unknown(self, value: Any) -> list[str]:
        """The pieces of a value that the model never saw in training."""
        ...

    def encoder(
        self, tables: Embeddings, model: ModelOptions, outputs: Mapping[str, OutputKind]
    ) -> nn.Module:
        """The encoder that the options ask for, with what the outputs want of it."""
        ...

    def to_json(self, value: Any) -> dict[str, Any]:
        """An accepted value as a page shows it, in JSON."""
        ...

    def axis(self, value: Any, batch: Any, memory: Memory) -> Axis:
        """What the states of the memory stand for that the encoder made of a batch of one value."""
        ...

    def cells(self, batch: Any, grid: tuple[int, int], beside: int) -> Axis | None:
        """What a feature map of so many rows and columns stands for, with some tokens beside it; None without any."""
        ...

    def pixels(self, value: Any) -> Tensor | None:
        """The pixels (3, Y, X) of a value, to draw answers on; None where there is nothing to see."""
        ...

    def batch_pixels(self, batch: Any) -> Sequence[Tensor]:
        """The pixels (3, Y, X) of each example of a batch, as the model gets them; none where nothing is to see."""
        ...


class OutputKind(Kind, Protocol):
    """A field that is answered."""

    @property
    def needs(self) -> FeatureRequest:
        """What it wants of the encoder of an image."""
        ...

    @property
    def loss_unit(self) -> str:
        """What losses and speeds are told for: "token" or "image"."""
        ...

    @property
    def supported(self) -> str:
        """What scores of single classes are about, in the plural: objects, or images."""
        ...

    def unknown_classes(self, store: TextStore, rows: np.ndarray) -> dict[int, str]:
        """Which of the rows show a class that training did not, by their number among them, and its name."""
        ...

    def lacks(self, store: TextStore, rows: np.ndarray, learning: bool) -> str | None:
        """Why nothing can be learned from the rows, or scored by them; None where something can."""
        ...

    def decoder(
        self, tables: Embeddings, model: ModelOptions, encoders: Mapping[str, nn.Module]
    ) -> nn.Module:
        """The decoder or head that the options ask for, on these encoders."""
        ...

    def num_targets(self, column: Column, rows: np.ndarray) -> int:
        """What the losses of these rows are sums of, together."""
        ...

    def loss(self, decoder: Any, memory: Memory, target: Any, smoothing: float) -> Loss: ...

    def predict(
        self, decoder: Any, memory: Memory, inputs: Mapping[str, Any], asked: DecodingRequest
    ) -> Sequence[Value]:
        """The best answer to each example of a batch of inputs."""
        ...

    def replay(
        self, decoder: Any, memory: Memory, inputs: Mapping[str, Any], asked: DecodingRequest
    ) -> Rescorable:
        """The answers to a batch of one example, to be given again while somebody watches."""
        ...

    @property
    def empty_prediction(self) -> Value:
        """The answer to an empty input."""
        ...

    def to_metric(self, value: Any) -> Any:
        """A predicted value as metrics take it."""
        ...

    def reference(self, texts: Sequence[str], root: Path) -> Any:
        """All right answers to one example, as rows have them, as metrics take them."""
        ...

    def metrics(self) -> dict[str, Metric]:
        """The scores of this output by name."""
        ...

    def headline(self, right: Sequence[Any]) -> list[str]:
        """The names of scores that are worth a person's look, where these are the right answers."""
        ...

    def support(self, right: Sequence[Any]) -> dict[str, int]:
        """How many of what is `supported` each score is about, by its name; of scores of whole examples nothing."""
        ...

    def occurrence(self, found: Sequence[Any], right: Sequence[Any]) -> Occurrence:
        """Classes that the right answers do not have, and those that are never predicted."""
        ...

    def selection_metric(self) -> Metric:
        """The score that chooses the best model."""
        ...

    def per_example_metric(self) -> Metric:
        """The score of a single example, by which good and bad ones are told apart."""
        ...

    def pack(self, value: Any) -> Any:
        """A value as plain JSON, without alternatives, to travel between processes."""
        ...

    def unpack(self, packed: Any) -> Value: ...

    @property
    def classes(self) -> Sequence[Class]:
        """What answers are made of, by number; empty for texts."""
        ...

    @property
    def score_threshold(self) -> float | None:
        """The score from which on parts of answers are told and drawn; None where an answer has no such parts."""
        ...

    def excess(self, column: Column, rows: np.ndarray) -> str | None:
        """What these rows ask for that the model cannot do, in a sentence; None where there is nothing."""
        ...

    def references_from_rows(self, texts: Sequence[str], root: Path) -> Sequence[Value]:
        """All right answers to one example, as rows have them, as if they were predicted."""
        ...

    def references_from_batch(self, batch: Any) -> Sequence[Value]:
        """The right answers of a batch, as the model gets it, as if they were predicted."""
        ...

    def drawn(self, value: Any, image: Tensor) -> LabelledImage:
        """A value on the pixels (3, Y, X) that it belongs to."""
        ...

    def results(self, value: Any, image: int | str) -> list[dict[str, Any]]:
        """What a file of predictions says of one image, in the format of the field where there is one."""
        ...

    def as_image(self, value: Any) -> Image.Image | None:
        """A value that is an image of its own, to be kept as PNG."""
        ...

    def details(self, found: list[Any], right: list[Any]) -> list[ErrorTable]:
        """Tables that say more than scores, of values as metrics take them."""
        ...

    def tuned(self, found: list[Any], right: list[Any]) -> OutputKind | None:
        """The same with a better choice of what is told of answers, by answers to the valid part; None: as it is."""
        ...
