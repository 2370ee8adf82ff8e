"""Answers to one example that the model can be made to give again, while somebody watches what it looks at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from jumok.data.annotations.palette import PALETTE
from jumok.data.text.specials import BOS, SPECIALS
from jumok.drawing.encoding import data_url, shrunk
from jumok.drawing.masks import mask_image
from jumok.errors import DataError
from jumok.geometry import iou
from jumok.kinds.axes import Axis, query_axis, token_axis
from jumok.search.scoring import log_probabilities
from jumok.search.tracing import LiveHypothesis
from jumok.values import BoxesPrediction, Detections, ImageBatch, MaskPrediction, Memory, TextPrediction

UNSURE = 1e-6  # score of an object that is gone, for logarithms
SAME = 0.5  # overlap from which on two boxes stand for one object


class Bilingual(NamedTuple):
    """What a part is called."""

    en: str
    ko: str


class Rescorable(Protocol):
    """The answers of an output to one example, best first."""

    @property
    def count(self) -> int: ...

    def rescore(self, decoder: Any, memory: Memory, answer: int) -> Tensor:
        """Let the decoder give an answer again, all at once; how sure it is of each part (N,), in logarithms."""
        ...

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        """What a page shows, with what `again` gave for each answer."""
        ...

    def queries(self, answer: int) -> Axis | None:
        """What asks where the decoder attends; None where it has no attention."""
        ...

    def past(self, answer: int) -> Axis | None:
        """What is looked at where the decoder attends to its own answer."""
        ...

    def part_of(self, answer: int, query: int) -> int:
        """The number of the part that a query answers for; DataError where it is none."""
        ...

    def part_at(self, x: float, y: float) -> int | None:
        """The number of the part at a point of the image as it came; None where there is no such."""
        ...

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        """How sure an answer is of a part, or of its parts together, by what `again` gave; a scalar."""
        ...

    def part_name(self, answer: int, part: int) -> Bilingual: ...

    def steps(self) -> list[dict[str, Any]] | None:
        """The search step by step; None where nothing was searched for."""
        ...

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        """Why there is nothing to see between inputs and this output, where no attention is recorded."""
        ...


def part_required(part: int, count: int, what: str) -> int:
    """The part if there is one of this number; DataError else."""
    if not 0 <= part < count:
        raise DataError(f"there is no {what} {part}; they are numbered from 0 to {count - 1}")
    return part


@dataclass(frozen=True)
class RescorableTexts:
    """The texts of a search; a part is a token, its score a log-probability given those before it."""

    name: str
    answers: tuple[TextPrediction, ...]
    tokens: tuple[tuple[int, ...], ...]  # of each answer, as the decoder writes them, end mark included
    pieces: tuple[tuple[str, ...], ...]  # the same, readable
    forbidden_tokens: tuple[int, ...]  # never written
    courses: list[list[LiveHypothesis]]  # hypotheses of each step
    to_pieces: Callable[[list[int]], list[str]]
    backwards: bool = False  # the last token of a text is written first

    @property
    def count(self) -> int:
        return len(self.answers)

    def rescore(self, decoder: Any, memory: Memory, answer: int) -> Tensor:
        written = torch.tensor(self.tokens[answer], device=memory.states.device)  # (T,)
        read = torch.cat((written.new_tensor([BOS]), written[:-1]))
        logits = decoder(read[None], memory)[0]  # (T, V)
        return log_probabilities(logits, self.forbidden_tokens).gather(1, written[:, None]).squeeze(1)

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        answers = [
            {
                "text": one.text,
                "score": one.score,
                "tokens": list(pieces),
                "log_probabilities": found.tolist(),
            }
            for one, pieces, found in zip(self.answers, self.pieces, scores, strict=True)
        ]
        return {"name": self.name, "kind": "text", "answers": answers}

    def queries(self, answer: int) -> Axis:
        return token_axis("output", self.name, self.pieces[answer], backwards=self.backwards)

    def past(self, answer: int) -> Axis:
        """The decoder has read the begin mark, and then all but the last token."""
        read = (SPECIALS[BOS], *self.pieces[answer][:-1])
        return token_axis("output", self.name, read, first=-1, backwards=self.backwards)

    def part_of(self, answer: int, query: int) -> int:
        return part_required(query, len(self.tokens[answer]), "token")

    def part_at(self, x: float, y: float) -> None:
        return None

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        return scores.sum() if part is None else scores[part]

    def part_name(self, answer: int, part: int) -> Bilingual:
        what = f"{part + 1} {self.pieces[answer][part]!r}"
        return Bilingual(f"token {what}", f"토큰 {what}")

    def steps(self) -> list[dict[str, Any]]:
        return [{"beams": [self.told(one) for one in beams]} for beams in self.courses]

    def told(self, one: LiveHypothesis) -> dict[str, Any]:
        about = {"tokens": self.to_pieces(one.tokens), "score": one.log_probability}
        return {**about, "parent": one.parent if len(one.tokens) > 1 else None, "chosen": one.chosen}

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        return {
            "reason": "bottleneck",
            "text": {
                "en": "This decoder has no attention: it reads one summary vector that the encoder made of the whole "
                "input, and never looks back at single tokens.",
                "ko": "이 디코더에는 어텐션이 없어, 인코더가 입력 전체를 요약한 벡터 하나만 읽고 "
                "토큰 하나하나를 다시 보지 않습니다.",
            },
        }


CONVOLUTIONAL = {
    "reason": "convolutional",
    "text": {
        "en": "This answer is made by convolutions, each of which sees a fixed neighbourhood; no attention weighs one "
        "place against another. To see attention, train a model that has it: boxes with `head: {kind: query}`, a "
        "text output (`jumok demo digits --output text`), or a transformer as encoder.",
        "ko": "이 답은 정해진 주변만 보는 합성곱으로 만들어지며, 위치끼리 비교해 가중치를 주는 어텐션이 없습니다. "
        "어텐션을 보려면 어텐션이 있는 모델을 학습시키세요: 상자라면 `head: {kind: query}`, 글을 출력하는 모델"
        "(`jumok demo digits --output text`), 또는 트랜스포머 인코더.",
    },
}


@dataclass(frozen=True)
class RescorableBoxes:
    """The objects of an image; a part is an object, its score the one it is found with."""

    name: str
    prediction: BoxesPrediction
    found: Detections  # in the same order, in pixels of the batch
    num_queries: int | None  # how many object queries there are; None: cells answer, without attention
    count: int = 1

    def rescore(self, decoder: Any, memory: Memory, answer: int) -> Tensor:
        """The score of an object is that of its query or cell; of the surest one at its place, if that has moved on.

        Where something is hidden from the encoder, other places may have become queries.
        """
        made = decoder(memory)
        boxes = made.boxes.reshape(-1, *made.boxes.shape[-2:])[-1].float()  # (Q, 4)
        of_class = decoder.scores(made)[0][:, self.found.labels].T  # (N, Q)
        near = iou(self.found.boxes, boxes) >= SAME  # (N, Q)
        rows = torch.arange(len(near), device=near.device)
        finders = self.found.source_ids.clamp(max=len(boxes) - 1)
        surest = of_class.masked_fill(~near, 0.0).amax(1)
        found = torch.where(near[rows, finders], of_class[rows, finders], surest)
        return found.clamp(min=UNSURE).log()

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        finders = self.found.source_ids.tolist()
        objects = [
            {**one.to_json(), "query": finder}
            for one, finder in zip(self.prediction.objects, finders, strict=True)
        ]
        return {
            "name": self.name,
            "kind": "boxes",
            "objects": objects,
            "least": self.prediction.score_threshold,
        }

    def queries(self, answer: int) -> Axis | None:
        return None if self.num_queries is None else query_axis(self.name, self.num_queries)

    past = queries

    def part_of(self, answer: int, query: int) -> int:
        finders = self.found.source_ids.tolist()
        if query not in finders:
            raise DataError(f"object query {query} found nothing, so there is no score to compare")
        return finders.index(query)

    def part_at(self, x: float, y: float) -> int | None:
        boxes = (one.box for one in self.prediction.objects)
        return next((n for n, (x1, y1, x2, y2) in enumerate(boxes) if x1 <= x < x2 and y1 <= y < y2), None)

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        if not len(scores):
            raise DataError("nothing was found, so there is no score to compare")
        return scores.mean() if part is None else scores[part]

    def part_name(self, answer: int, part: int) -> Bilingual:
        what = f"{part + 1} {self.prediction.objects[part].name!r}"
        return Bilingual(f"object {what}", f"물체 {what}")

    def steps(self) -> None:
        return None

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        return CONVOLUTIONAL


@dataclass(frozen=True)
class RescorableMask:
    """The class of each pixel; a part is a pixel of the mask as it is shown, its score the class's log-probability."""

    name: str
    prediction: MaskPrediction
    pictures: ImageBatch
    count: int = 1

    @cached_property
    def shown(self) -> Tensor:
        """The classes (Y, X) of the mask in the size in which it is shown."""
        classes = torch.from_numpy(self.prediction.classes.astype("int64"))
        grid = shrunk((classes.shape[0], classes.shape[1]))
        return F.interpolate(classes[None, None].double(), size=grid, mode="nearest-exact")[0, 0].long()

    def rescore(self, decoder: Any, memory: Memory, answer: int) -> Tensor:
        height, width = self.pictures.valid_size[0].tolist()
        logits = decoder(memory).float()[:, :, :height, :width]
        size = (self.shown.shape[0], self.shown.shape[1])
        fitted = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)  # (1, C, Y, X)
        wanted = self.shown.to(fitted.device)[None, None]
        return fitted.log_softmax(1).gather(1, wanted).flatten()

    def to_json(self, scores: Sequence[Tensor]) -> dict[str, Any]:
        classes = [
            {"name": name, "colour": "#" + bytes(PALETTE[number % len(PALETTE)]).hex()}
            for number, name in enumerate(self.prediction.names)
        ]
        image = mask_image(self.shown.numpy() % len(PALETTE), dict(enumerate(PALETTE)))
        shown = {"mask": data_url(image, exact=True), "grid": list(self.shown.shape)}
        return {"name": self.name, "kind": "mask", "classes": classes, **shown}

    def queries(self, answer: int) -> None:
        return None

    past = queries

    def part_of(self, answer: int, query: int) -> int:
        return part_required(query, self.shown.numel(), "pixel")

    def part_at(self, x: float, y: float) -> int:
        (height, width), (rows, columns) = self.prediction.classes.shape, self.shown.shape
        row, column = int(y * rows / height), int(x * columns / width)
        return min(max(row, 0), rows - 1) * columns + min(max(column, 0), columns - 1)

    def score(self, scores: Tensor, part: int | None) -> Tensor:
        return scores.mean() if part is None else scores[part]

    def part_name(self, answer: int, part: int) -> Bilingual:
        row, column = divmod(part, self.shown.shape[1])
        what = f"({column}, {row}) {self.prediction.names[int(self.shown[row, column])]!r}"
        return Bilingual(f"pixel {what}", f"픽셀 {what}")

    def steps(self) -> None:
        return None

    @property
    def no_attention_reason(self) -> dict[str, Any]:
        return CONVOLUTIONAL
