"""A made-up kind: rows of counts that are read, and a count that is answered."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from jumok.errors import DataError
from jumok.kinds.contract import Batching, Blueprint, InputField, OutputField
from jumok.kinds.features import FeatureRequest
from jumok.kinds.replay import Bilingual, Measure
from jumok.losses.tokens import Loss
from jumok.metrics.metric import UNIT_RANGE, Metric, ratio
from jumok.values import Memories, Memory, Padded
from tally.options import TallyInput, TallyOutput

Counts = tuple[int, ...]


def counts_of(name: str, text: object) -> Counts:
    try:
        return tuple(int(one) for one in str(text).split())
    except ValueError:
        raise DataError(f"{name!r} of an input must be counts like '3 1 4'; got {text!r}") from None


@dataclass(frozen=True)
class TallyColumn:
    """Rows of counts."""

    rows: list[Counts]

    @property
    def lengths(self) -> np.ndarray:
        return np.array([len(row) for row in self.rows], dtype=np.int64)

    def __getitem__(self, i: int) -> Counts:
        return self.rows[i]


class TallyEncoder(nn.Module):
    """Counts (B, L) as states."""

    max_length = math.inf

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.first = nn.Linear(1, width)
        self.others = nn.ModuleList(nn.Linear(width, width) for _ in range(layers - 1))

    def forward(self, read: Padded) -> Memory:
        states = self.first(read.values[..., None].float())
        for layer in self.others:
            states = layer(states.relu())
        states = states * read.valid[..., None]
        return Memory(states, read.valid, states.sum(1))


@dataclass(frozen=True)
class TallyInputCodec:
    name: str
    digest: str = "tally"

    def column(self, store: Any, root: Path) -> TallyColumn:
        return TallyColumn([counts_of(self.name, text) for text in store.texts(self.name)])

    def parse(self, value: object) -> Counts:
        return value if isinstance(value, tuple) else counts_of(self.name, value)

    def parse_cell(self, text: str, root: Path) -> str:
        return text

    def is_empty(self, value: Counts) -> bool:
        return not value

    def encode(self, values: Sequence[Counts]) -> TallyColumn:
        return TallyColumn(list(values))

    def collate(self, items: Sequence[Counts]) -> Padded:
        longest = max(map(len, items))
        values = torch.tensor([[*item, *[0] * (longest - len(item))] for item in items])
        valid = torch.arange(longest) < torch.tensor([len(item) for item in items])[:, None]
        return Padded(values, valid)

    def save(self, folder: Path, module: nn.Module) -> None:
        (folder / f"{self.name}.tally.txt").write_text("counts\n")


@dataclass(frozen=True)
class TallyPage:
    name: str

    def parse_posted(self, value: object) -> object:
        return value

    def label(self, value: Counts) -> str:
        return " ".join(map(str, value))

    def to_json(self, value: Counts) -> dict[str, Any]:
        return {"name": self.name, "kind": "tally", "text": self.label(value)}

    def axis(self, value: Counts, batch: Padded, memory: Memory) -> dict[str, Any]:
        labels = [str(one) for one in value]
        return {
            "of": "input",
            "name": self.name,
            "kind": "tokens",
            "labels": labels,
            "first": 0,
            "backwards": False,
        }


@dataclass(frozen=True)
class Tally:
    """An answer."""

    count: float

    @property
    def text(self) -> str:
        return str(round(self.count))

    def to_json(self) -> dict[str, object]:
        return {"text": self.text, "count": self.count}

    def with_score_threshold(self, score: float) -> "Tally":
        return self


class TallyTargets(tuple[Tensor]):
    def to(self, device: torch.device) -> "TallyTargets":
        return TallyTargets((self[0].to(device),))


@dataclass(frozen=True)
class TallyOutputCodec:
    name: str
    digest: str = "tally"

    def column(self, store: Any, root: Path) -> TallyColumn:
        return TallyColumn([counts_of(self.name, text) for text in store.texts(self.name)])

    def collate(self, items: Sequence[Counts]) -> TallyTargets:
        return TallyTargets((torch.tensor([item[0] for item in items]),))

    def from_cells(self, texts: Sequence[str], root: Path) -> list[Tally]:
        return [Tally(int(text)) for text in texts]

    def from_batch(self, batch: TallyTargets) -> list[Tally]:
        return [Tally(int(one)) for one in batch[0]]

    def pack(self, value: Tally) -> float:
        return value.count

    def unpack(self, packed: float) -> Tally:
        return Tally(packed)

    def save(self, folder: Path, module: nn.Module) -> None:
        (folder / f"{self.name}.tally.txt").write_text("a count\n")


@dataclass(frozen=True)
class Counted:
    """An answer that can be given again."""

    name: str
    answer: Tally
    measure: ClassVar[Measure] = "score"
    count: int = 1
    axes: None = None
    part_at: None = None
    steps: None = None

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        return {"reason": "sum", "text": {"en": "A sum has no attention.", "ko": "합에는 어텐션이 없습니다."}}

    def rescore(self, decoder: Any, memories: Memories, answer: int) -> Tensor:
        return -(decoder(memories.joined.summary)[:, 0] - self.answer.count).abs()

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        return {"name": self.name, "kind": "tally", "answers": [self.answer.to_json()]}

    def part_of(self, answer: int, query: int) -> int:
        return 0

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        return scores.sum()

    def part_name(self, answer: int, part: int) -> Bilingual:
        return Bilingual("count", "수")


@dataclass(frozen=True)
class TallyHead:
    name: str
    options: TallyOutput
    needs: FeatureRequest = FeatureRequest((8,), states=True)
    empty_prediction: Tally = Tally(0.0)

    def build(self, plan: Blueprint) -> nn.Module:
        return nn.Linear(plan.model.width, 1, bias=self.options.head.bias)

    def loss(self, decoder: Any, memories: Memories, target: TallyTargets, smoothing: float) -> Loss:
        found = decoder(memories.joined.summary)[:, 0]
        errors = (found - target[0]) ** 2
        return Loss(errors.sum(), len(errors), int((errors < 0.25).sum()))

    def predict(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: Any
    ) -> list[Tally]:
        return [Tally(one) for one in decoder(memories.joined.summary)[:, 0].tolist()]

    def replay(self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: Any) -> Counted:
        return Counted(self.name, self.predict(decoder, memories, inputs, request)[0])


def share_right(predictions: list[int], references: list[list[int]]) -> Any:
    return ratio([(float(one in right), 1.0) for one, right in zip(predictions, references, strict=True)])


RIGHT: Metric[int, list[int]] = Metric("right", higher_is_better=True, prepare=share_right, limits=UNIT_RANGE)


class TallyScoring:
    def prediction(self, value: Tally) -> int:
        return round(value.count)

    def reference(self, texts: Sequence[str], root: Path) -> list[int]:
        return [int(text) for text in texts]

    def metrics(self) -> dict[str, Metric]:
        return {"right": RIGHT}

    def headline(self, references: Sequence[list[int]]) -> list[str]:
        return ["right"]

    def selection_metric(self) -> Metric:
        return RIGHT

    def per_example_metric(self) -> Metric:
        return RIGHT


def rate(model: Any) -> float:
    return 3e-3


def tally_input(name: str, options: TallyInput) -> InputField:
    return InputField(
        name=name,
        kind="tally",
        summary="counts",
        architecture="sum",
        codec=TallyInputCodec(name),
        build=lambda plan: TallyEncoder(plan.model.width, options.encoder.layers),
        learning_rate=rate,
        batching=Batching(lengths=lambda column: column.lengths),
        page=TallyPage(name),
    )


def tally_output(name: str, options: TallyOutput) -> OutputField:
    head = TallyHead(name, options)
    return OutputField(
        name=name,
        kind="tally",
        summary="a count",
        architecture="linear",
        codec=TallyOutputCodec(name),
        head=head,
        scoring=TallyScoring(),
        learning_rate=rate,
        replay=head.replay,
    )


def fit_input(name: str, options: TallyInput, context: Any) -> InputField:
    return tally_input(name, options)


def load_input(name: str, options: TallyInput, context: Any, folder: Path) -> InputField:
    return tally_input(name, options)


def fit_output(name: str, options: TallyOutput, context: Any) -> OutputField:
    return tally_output(name, options)


def load_output(name: str, options: TallyOutput, context: Any, folder: Path) -> OutputField:
    return tally_output(name, options)
