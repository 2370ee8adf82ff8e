"""What a model proposes to mark on items, how unsure it is of them, and what they are like to it."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from jumok.data.series.cells import parse_cell
from jumok.errors import DataError
from jumok.kinds.contract import DecodingRequest, OutputField
from jumok.kinds.presence import encode_inputs
from jumok.labelling.contract import LabelStore
from jumok.labelling.proposing.marks import AnsweredPart, MarksForm, marks_form
from jumok.predictor import Predictor
from jumok.runs.config import experiment_of
from jumok.search import Search, SearchRequest
from jumok.values import Decoder, Hypothesis, Memory, Pyramid


@dataclass(frozen=True)
class Proposal:
    """What a model would mark on an item."""

    marks: Mapping[str, Any]  # as the store writes them, with scores
    unsure: float  # 0 to 1
    features: np.ndarray | None  # (F,) what the item is like to the model; None for an item that is empty


class AskedPart(NamedTuple):
    """What a model is asked of an item."""

    key: str  # of the item
    given: Mapping[str, Any]  # parsed inputs
    start: int = 0  # the first row of a window
    end: int = 0  # the one after its last


class ItemAnswer(NamedTuple):
    """What a model answers to a part."""

    part: AnsweredPart
    unsure: float
    features: np.ndarray  # (F,)


@dataclass
class HeardSearch:
    """A search that keeps what it has found."""

    search: Search
    found: list[list[Hypothesis]] = field(default_factory=list)

    def __call__(self, decoder: Decoder, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        """The answers of the search."""
        self.found = self.search(decoder, memory, request)
        return self.found


class Proposer:
    """Proposes marks for items of a store by a model; several threads may ask it at a time."""

    def __init__(
        self, predictor: Predictor, store: LabelStore, output: str | None = None, window: int | None = None
    ) -> None:
        """Find what the model and the store have in common.

        Args:
            predictor: The model.
            store: The annotations.
            output: The output of the model; by default the only one that gives such marks, of a table all columns.
            window: The rows of an example that the model was trained on (`trained_window`), to propose stretches.

        Raises:
            DataError: The model gives no such marks, or stretches are asked of one that knows no windows.
        """
        self.predictor, self.store, self.window = predictor, store, window
        self.form: MarksForm = marks_form(store, predictor.outputs, output)
        if store.kind == "stretches" and window is None:
            raise DataError(
                "stretches are proposed by a model that was trained on windows of recordings; train one with "
                "window: in its data"
            )

    @property
    def outputs(self) -> Mapping[str, OutputField]:
        """The outputs of the model that are proposed, by name."""
        return self.form.outputs

    @property
    def unknown_classes(self) -> tuple[str, ...]:
        """The classes that the model may find and the file lacks, so that they are not proposed."""
        return self.form.unknown_classes

    @property
    def threshold(self) -> float | None:
        """The score from which on objects are proposed; None where parts of an answer have no scores."""
        found = [one.threshold.score for one in self.outputs.values() if one.threshold is not None]
        return min(found, default=None)

    @property
    def remark(self) -> dict[str, str] | None:
        """What a user should know of the proposals, in English and Korean; None where there is nothing."""
        lacking = ", ".join(self.unknown_classes)
        if not lacking:
            return None
        return {
            "en": f"the model also finds {lacking}, which the file has no class for: these are not proposed; "
            "add the classes that you want",
            "ko": f"모델은 {lacking}도 찾지만 파일에 그런 클래스가 없어 제안하지 않습니다. 필요한 클래스를 추가하세요",
        }

    def propose(
        self, keys: Sequence[str], refused: dict[str, DataError] | None = None
    ) -> dict[str, Proposal]:
        """What the model would mark on items; each gets the same whatever else it is asked with.

        Args:
            keys: The items.
            refused: Is filled with the items that cannot be read, and why; None raises at the first one.

        Returns:
            The proposals by key.

        Raises:
            DataError: An item cannot be read, or the model reads inputs that items do not have.
        """
        wanted = list(dict.fromkeys(keys))
        try:
            return self.propose_all(wanted)
        except DataError as error:
            if refused is None:
                raise
            if len(wanted) == 1:
                refused[wanted[0]] = error
                return {}
        return {key: one for alone in wanted for key, one in self.propose([alone], refused).items()}

    def propose_all(self, keys: Sequence[str]) -> dict[str, Proposal]:
        """The proposals for items that can all be read."""
        parts = [part for key in keys for part in self.parts(key)]
        asked = [part for part in parts if not self.predictor.is_empty(part.given)]
        columns = encode_inputs(self.predictor.inputs, [part.given for part in asked])
        self.predictor.check_lengths(columns, range(len(asked)))
        answers: dict[str, list[ItemAnswer]] = {key: [] for key in keys}
        for rows in self.predictor.batches(columns, len(asked)):
            here = [asked[int(row)] for row in rows]
            batch = self.predictor.collate(columns, [int(row) for row in rows])
            for part, answer in zip(here, self.answer(batch, here), strict=True):
                answers[part.key].append(answer)
        return {key: self.proposal(found) for key, found in answers.items()}

    def proposal(self, answers: list["ItemAnswer"]) -> Proposal:
        """The proposal for an item, of the answers to it or to its windows; the means of their doubts and features."""
        if not answers:
            empty = self.predictor.empty_prediction.outputs
            return Proposal(
                self.form.marks([AnsweredPart({name: empty[name] for name in self.outputs})]), 0.0, None
            )
        answers.sort(key=lambda one: one.part.start)
        return Proposal(
            self.form.marks([one.part for one in answers]),
            float(np.mean([one.unsure for one in answers])),
            np.mean([one.features for one in answers], axis=0),
        )

    def parts(self, key: str) -> list["AskedPart"]:
        """What is asked of an item: its inputs, or each window of a recording; every row is in one or two windows.

        The only input of a model may have another name than that of the items.
        """
        given, names = self.store.inputs(key), list(self.predictor.inputs)
        if len(names) == len(given) == 1:
            given = {names[0]: next(iter(given.values()))}
        if self.store.kind != "stretches" or self.window is None:
            return [AskedPart(key, self.predictor.parse_inputs(given))]
        found = []
        for start, end in windows_over(recorded_rows(given), self.window):
            cells = {name: spanned(str(cell), start, end) for name, cell in given.items()}
            found.append(AskedPart(key, self.predictor.parse_inputs(cells), start, end))
        return found

    @torch.inference_mode()
    def answer(self, batch: Mapping[str, Any], parts: Sequence["AskedPart"]) -> list["ItemAnswer"]:
        """What the model answers to a batch of collated inputs, which were made of these parts of items."""
        predictor = self.predictor
        with predictor.engine.computing(predictor.decoding.precision):
            memories = predictor.engine.encode(batch)
            answers = {name: self.answer_output(name, memories, batch, parts) for name in self.outputs}
        features = memory_features(memories)
        if features is None:
            features = [self.summary_features(part.given) for part in parts]
        return [
            ItemAnswer(
                AnsweredPart(
                    {name: values[row] for name, (values, _) in answers.items()}, part.start, part.end
                ),
                max(doubts[row] for _, doubts in answers.values()),
                features[row],
            )
            for row, part in enumerate(parts)
        ]

    def answer_output(
        self, name: str, memories: Any, batch: Mapping[str, Any], parts: Sequence["AskedPart"]
    ) -> tuple[Sequence[Any], list[float]]:
        """The values of an output for a batch, and how unsure each is.

        Args:
            name: The output.
            memories: What the engine made of the batch.
            batch: The collated inputs.
            parts: The items of the batch, by whose keys sampling draws.

        Returns:
            Values and doubts; a kind that knows no doubt has 0.
        """
        one, decoder, heard = (
            self.outputs[name],
            self.predictor.engine.decoders[name],
            HeardSearch(self.predictor.search),
        )
        numbers = [zlib.crc32(part.key.encode()) for part in parts]
        request = DecodingRequest(heard, self.predictor.max_tokens, numbers, self.predictor.least)
        if one.program is None:
            values = one.head.predict(decoder, memories, batch, request)
            computed: Any = heard.found
        else:
            computed = one.program(decoder, memories)
            values = one.head.predict(lambda memory: computed, memories, batch, request)
        doubts = [0.0] * len(parts) if one.doubts is None else one.doubts(values, computed, batch)
        return values, doubts

    def summary_features(self, given: Mapping[str, Any]) -> np.ndarray:
        """What an item is like by statistics of its inputs (F,), where the model does not tell its own features."""
        found = [
            read.summary_features(given[name])
            for name, read in self.predictor.inputs.items()
            if read.summary_features is not None and name in given
        ]
        return np.concatenate(found) if found else np.zeros(0)


def trained_window(run: Path) -> int | None:
    """The rows of a window that a run was trained on; None where its recordings were not cut."""
    return experiment_of(run).data.train.window


def windows_over(rows: int, window: int) -> list[tuple[int, int]]:
    """Windows that begin every half window over all rows; the last one ends with the rows."""
    last = max(0, rows - window)
    starts = sorted({*range(0, last, max(1, window // 2)), last})
    return [(start, min(start + window, rows)) for start in starts]


def recorded_rows(inputs: Mapping[str, Any]) -> int:
    """The rows of a recording, whose inputs are spans of a table."""
    span = parse_cell(str(next(iter(inputs.values()))), Path()).span or (0, 0)
    return span[1] - span[0]


def spanned(cell: str, start: int, end: int) -> str:
    """The cell of some rows of the rows that a cell names."""
    place = parse_cell(cell, Path())
    first = place.span[0] if place.span is not None else 0
    return f"{place.path}#{first + start}:{first + end}"


def memory_features(memories: Any) -> list[np.ndarray] | None:
    """What a model makes of each item of a batch, as one vector; None of an exported model, which has no memories.

    Of each input it is the summary of its memory. A detector without one has feature maps: the mean of each level over
    the real part of the image (global average pooling).
    """
    parts: Mapping[str, Memory] | None = getattr(memories, "parts", None)
    if parts is None:
        return None
    found = []
    for part in parts.values():
        pooled = part.pyramid is not None and not part.summary.shape[1]
        found.append(level_means(part.pyramid) if pooled and part.pyramid is not None else part.summary)
    return list(torch.cat([one.float() for one in found], 1).cpu().numpy())


def level_means(pyramid: Pyramid) -> Tensor:
    """The mean of each level over the real part of each image, one after the other (B, ...)."""
    means = []
    for level, stride in zip(pyramid.levels, pyramid.strides, strict=True):
        rows, columns = (torch.arange(side, device=level.device) * stride for side in level.shape[-2:])
        height, width = pyramid.valid_size.unbind(1)
        inside = (rows < height[:, None])[:, :, None] & (columns < width[:, None])[:, None]  # (B, Y, X)
        real = inside[:, None].float()
        means.append((level.float() * real).sum((2, 3)) / real.sum((2, 3)))
    return torch.cat(means, 1)


def feature_matrix(proposals: Sequence[Proposal | None]) -> np.ndarray:
    """The features (N, F) of proposals as orders of work take them; NaN in rows that have none.

    Raises:
        DataError: No item has any.
    """
    known = [
        one.features
        for one in proposals
        if one is not None and one.features is not None and len(one.features)
    ]
    if not known:
        raise DataError(
            "this model tells nothing of what items are like, so they cannot be put into an order by difference; "
            "take the order unsure, or the run itself in place of its export"
        )
    whole = np.full((len(proposals), len(known[0])), np.nan)
    for row, one in enumerate(proposals):
        if one is not None and one.features is not None and len(one.features):
            whole[row] = one.features
    return whole
