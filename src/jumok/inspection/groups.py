"""The groups of attention layers in a recording of any model, and their axes."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from jumok.attention.maps import AttentionMap
from jumok.attention.record import Recording
from jumok.errors import DataError
from jumok.inspection.beams import Rows, refuse_beams, require_steps
from jumok.inspection.heads import Positions
from jumok.inspection.layers import Layer, ScoreKind, WindowedLayer, score_kind
from jumok.inspection.windows import Windows
from jumok.kinds.axes import Axis, positions
from jumok.wording import quantity

Purpose = Literal["encoder", "decoder", "cross"]
CROSS = re.compile(
    r"cross|enc(oder)?_?dec|encoder_attn|src_attn|multihead_attn|crossattention", re.IGNORECASE
)
DECODER = re.compile(r"(^|[._])(decoder|dec)([._]|s?$|s?\.)", re.IGNORECASE)
START = "<start>"  # the default name of what a decoder reads before its first token
ALIKE = 0.08  # how far the cells of an image may be from squares, as a logarithm
MAX_PREFIX_TOKENS = 8  # tokens before the cells of an image, at most


@dataclass(frozen=True, eq=False)
class RecordedLayer:
    """A module's calls while one answer was made: one call, or a first one and one for each step after it."""

    name: str
    calls: Sequence[AttentionMap]
    rows: Rows | None = None  # the row of the answer in each call; None: its example in all of them

    @property
    def kind(self) -> ScoreKind:
        """How the scores are computed."""
        return score_kind(self.calls[0])

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """B, H, T, S."""
        B, H, _, S = self.calls[-1].shape
        return B, H, sum(call.shape[2] for call in self.calls), S

    def weights(self, example: int, head: int) -> Tensor:
        """All weights (T, S) of a head; a step sees no keys of later ones."""
        S = self.shape[3]
        examples = [example] * len(self.calls) if self.rows is None else self.rows
        rows = [call[row, head] for call, row in zip(self.calls, examples, strict=True)]  # (T', S')
        return torch.cat([F.pad(row, (0, S - row.shape[1])) for row in rows]).cpu()


GroupLayer = TypeVar("GroupLayer", bound=Layer | RecordedLayer, covariant=True)


@dataclass(frozen=True, eq=False)
class AttentionGroup(Generic[GroupLayer]):
    """Layers with the same queries and keys, for each answer."""

    id: str
    use: Purpose
    answers: Sequence[Sequence[GroupLayer]]  # the layers for each answer; once where all answers share them
    queries: Axis = field(default_factory=dict)  # of the best answer
    keys: Axis = field(default_factory=dict)
    causal: bool = False
    example: int = 0  # of the layers' batch

    def layers(self, answer: int = 0) -> Sequence[GroupLayer]:
        """The layers of an answer; those of an encoder are the same for all answers."""
        return self.answers[answer if len(self.answers) > 1 else 0]

    def of(self, answer: int) -> "AttentionGroup[GroupLayer]":
        """The group for one answer alone."""
        return replace(self, answers=(self.layers(answer),))

    @property
    def kind(self) -> ScoreKind:
        """How the scores are computed."""
        return self.layers()[0].kind

    @property
    def sides(self) -> tuple[int, int]:
        """T and S."""
        return self.layers()[0].shape[2:]

    @property
    def heads(self) -> list[int]:
        """The number of heads of each layer."""
        return [layer.shape[1] for layer in self.layers()]

    def to_json(self) -> dict[str, Any]:
        """The group with its layers and axes as JSON."""
        layers = [{"name": layer.name, "heads": layer.shape[1]} for layer in self.layers()]
        about = {"id": self.id, "use": self.use, "kind": self.kind, "layers": layers}
        return {**about, "queries": self.queries, "keys": self.keys, "causal": self.causal}

    def stands(self, answer: int) -> Positions | None:
        """The positions of queries and keys; None if there is no distance between them."""
        T, S = self.of(answer).sides
        queries, keys = positions(self.queries, T), positions(self.keys, S)
        if queries is None or keys is None or queries.shape[1] != keys.shape[1]:
            return None
        if self.use == "cross":  # of another text, at the same share of its length
            queries = queries * ((S - 1) / max(1, T - 1))
        return Positions(queries, keys)


AnyGroup = AttentionGroup[Layer | RecordedLayer]


def groups_of(
    maps: Recording, example: int, windows: Mapping[str, Windows], rows: Rows | None = None
) -> list[AnyGroup]:
    """Group layers of the same shape whose names differ by numbers only, in the order of their first calls.

    Args:
        maps: The recording.
        example: The example of the batch.
        windows: The windows of layers that attend within windows, by name.
        rows: The rows of one answer of a beam search; without them, steps of beams are refused.

    Returns:
        The groups.
    """
    steps = {
        name: calls
        for name in maps.names
        if name not in windows and len(calls := merge_step_calls(maps.all(name))) > 1
    }
    if rows is None:
        crossing = [name for name in steps if CROSS.search(name)]
        refuse_beams(
            [steps[name] for name in steps if name not in crossing], [steps[name] for name in crossing]
        )
    found: dict[tuple[Any, ...], list[Layer | RecordedLayer]] = {}
    for name in maps.names:
        calls = maps.all(name)
        layer: Layer | RecordedLayer
        if name in windows:
            layer = in_place(calls[-1], windows[name])
        elif rows is not None and name in steps:
            require_steps(steps[name], rows)
            layer = RecordedLayer(name, steps[name][: len(rows)], rows)
        else:
            layer = RecordedLayer(name, merge_step_calls(calls))
        B, _, T, S = layer.shape
        found.setdefault((re.sub(r"\d+", "*", name), B, T, S), []).append(layer)
    crosses = any(is_cross(layer) for layers in found.values() for layer in layers)
    return [
        group_layers(str(n), layers, example_index(layers[0], example, steps, rows), crosses)
        for n, layers in enumerate(found.values())
    ]


def example_index(
    layer: Layer | RecordedLayer, example: int, steps: Mapping[str, Any], rows: Rows | None
) -> int:
    """The example of a layer that belongs to an answer.

    Args:
        layer: The layer.
        example: The example of the batch.
        steps: The calls of layers that run once a step.
        rows: The row of the answer at each step, if it is of a beam search.

    Returns:
        The index; for an encoder, which all beams share, that of the source.
    """
    if rows is None:
        return example
    batch = max((calls[0].shape[0] for calls in steps.values()), default=1)
    return rows[0] * layer.shape[0] // batch


def in_place(call: AttentionMap, windows: Windows) -> WindowedLayer:
    """The windows of an image, each in its place."""
    if call.shape[0] != len(windows.cells):
        raise DataError(
            f"{call.name} was called with {quantity(call.shape[0], 'window')}, where one image "
            f"has {len(windows.cells)}; "
            "windows are put back in place for a batch of one image"
        )
    return WindowedLayer(call, windows)


def merge_step_calls(calls: Sequence[AttentionMap]) -> Sequence[AttentionMap]:
    """The calls to be read as one: steps of a single query through a cache follow one another; else the last call."""
    heads = {(call.shape[0], call.shape[1]) for call in calls}
    steps = all(call.shape[2] == 1 for call in calls[1:])
    return calls if len(calls) > 1 and steps and len(heads) == 1 else calls[-1:]


def is_cross(layer: Layer | RecordedLayer) -> bool:
    """Whether a layer's queries and keys are of different sequences, by its shape or name."""
    return layer.shape[2] != layer.shape[3] or bool(CROSS.search(layer.name))


def group_layers(id: str, layers: list[Layer | RecordedLayer], example: int, crosses: bool) -> AnyGroup:
    """Find out what layers are for, by their shape, names and causality.

    Args:
        id: The name of the group.
        layers: The layers.
        example: The example of the batch.
        crosses: Whether the model has cross-attention.

    Returns:
        The group.
    """
    T = layers[0].shape[2]
    if is_cross(layers[0]):
        return AttentionGroup(id, "cross", (layers,), example=example)
    causal = T > 1 and not bool(layers[0].weights(example, 0).triu(1).any())
    decodes = causal or (crosses and DECODER.search(layers[0].name) is not None)
    use: Purpose = "decoder" if decodes else "encoder"
    return AttentionGroup(id, use, (layers,), causal=causal, example=example)


@dataclass(frozen=True, eq=False)
class Sides:
    """What is known of queries and keys: their tokens, and an image."""

    queries: Sequence[str] | None
    keys: Sequence[str] | None
    image_size: tuple[int, int] | None  # width and height
    writes: bool  # there are layers that look from queries to keys
    image_count: int  # examples that are images; windows of them are more
    start: str = START

    def named(self, group: AnyGroup) -> AnyGroup:
        """The group with its axes."""
        queries, keys = self.axes(group)
        return replace(group, queries=queries, keys=keys)

    def axes(self, group: AnyGroup) -> tuple[Axis, Axis]:
        """The axes of a group's queries and keys."""
        T, S = group.sides
        if group.use == "encoder" or not self.writes:  # a row is of the token that stands there
            both = self.cells(group, S) or self.tokens("input", S, self.keys, self.queries)
            return both, both
        if group.use == "decoder" and group.causal and self.queries is not None and len(self.queries) == T:
            read = [self.start, *self.queries[:-1]]
            return self.tokens("output", T, self.queries), self.tokens("output", S, read)
        if group.use == "decoder":
            both = self.tokens("output", S, self.queries)
            return both, both
        keys = self.cells(group, S) or self.tokens("input", S, self.keys)
        return self.tokens("output", T, self.queries), keys

    def tokens(self, of: Literal["input", "output"], count: int, *labels: Sequence[str] | None) -> Axis:
        """Tokens by the first labels that are as many; by their numbers, where there are none."""
        fitting = (one for one in labels if one is not None and len(one) == count)
        named = next(fitting, None) or [str(number + 1) for number in range(count)]
        return {"of": of, "name": of, "kind": "tokens", "labels": list(named)}

    def cells(self, group: AnyGroup, count: int) -> Axis | None:
        """Cells of the image, with the tokens beside them; None if these are none."""
        named = self.keys is not None and len(self.keys) == count
        if self.image_size is None or named or group.layers()[0].shape[0] != self.image_count:
            return None
        grid = grid_of(count, self.image_size)
        if grid is None:
            return None
        (rows, columns), (width, height) = grid, self.image_size
        beside = count - rows * columns
        extra = ["[CLS]", *(f"[{number}]" for number in range(2, beside + 1))][:beside]
        cell = [height / rows, width / columns]
        axis = {"of": "input", "name": "image", "kind": "cells", "rows": rows, "columns": columns}
        return axis | {"cell": cell, "extra": extra}


def grid_of(count: int, image_size: tuple[int, int]) -> tuple[int, int] | None:
    """Rows and columns of an image's cells, prefix tokens excluded; None if they are no grid.

    Most models make images square; where cells are no square number, they are taken as square themselves.
    """
    width, height = image_size
    for besides, square in (((0, 1), True), ((0, 1), False), (range(2, MAX_PREFIX_TOKENS + 1), True)):
        for beside in besides:
            cells = count - beside
            side = math.isqrt(max(0, cells))
            if square and side > 1 and side**2 == cells:
                return side, side
            for rows in () if square else range(2, cells // 2 + 1):
                if not cells % rows and abs(math.log(cells / rows**2 * height / width)) < ALIKE:
                    return rows, cells // rows
    return None
