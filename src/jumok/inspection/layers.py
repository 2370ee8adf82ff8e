"""The weights of a layer as one tensor (1, H, T, S) to be indexed, however many calls and windows they came from."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from jumok.attention.maps import AttentionMap, Check, Index, ranges, sliced
from jumok.attention.masking import AttentionSite
from jumok.attention.scores import AdditiveScores
from jumok.inspection.heads import HeadStatistics, Positions, statistics
from jumok.inspection.windows import Windows

ScoreKind = Literal["dot", "additive", "windows"]


class Target(NamedTuple):
    """Where to mask the keys of a query: a call, and the query and keys as numbered in that call."""

    name: str
    call: int | None  # None: the only one
    example: int
    query: int
    keys: list[int]  # that may be hidden
    layer_keys: list[int]  # the numbers that the layer has for these keys

    def place(self, head: int | None) -> AttentionSite:
        """The site whose attention is masked; None stands for all heads."""
        return AttentionSite(self.name, self.call, head)


class Layer(ABC):
    """The weights of one layer, computed lazily; to be indexed like the tensor (1, H, T, S)."""

    call: AttentionMap  # what was recorded

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int, int]:
        """1, H, T, S."""

    @abstractmethod
    def __getitem__(self, index: Index | tuple[Index, ...]) -> Tensor: ...

    @abstractmethod
    def target(self, query: int) -> Target:
        """Where the weights of a query are in the recorded calls, and the keys that may be hidden."""

    @abstractmethod
    def statistics(self, number: int, stands: Positions) -> list[HeadStatistics]:
        """Statistics of each head; `number` is that of the layer."""

    @property
    def kind(self) -> ScoreKind:
        """How the scores are computed."""
        return score_kind(self.call)

    @property
    def name(self) -> str:
        """The name of the attention module."""
        return self.call.name

    @property
    def output(self) -> Tensor:
        """The output of the recorded call."""
        return self.call.output

    def weights(self, example: int, head: int) -> Tensor:
        """All weights (T, S) of a head."""
        return self[example, head].cpu()

    def check(self) -> Check:
        """Compare the weights with the output of the call."""
        return self.call.check()

    def tensors(self) -> list[Tensor]:
        """The tensors that are kept for the layer."""
        return list(self.call.kept())


def score_kind(call: AttentionMap) -> ScoreKind:
    """How the scores of a call are computed."""
    return "additive" if isinstance(call.scores, AdditiveScores) else "dot"


@dataclass(frozen=True, eq=False)
class CallLayer(Layer):
    """One call, or the calls of a recurrent decoder for each step, as one; with `keys`, those of one input only."""

    call: AttentionMap
    by_step: bool = False
    keys: range | None = None  # of several inputs; None for all

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """B, H, T and the number of keys."""
        B, H, T, S = self.call.shape
        return B, H, T, S if self.keys is None else len(self.keys)

    def __getitem__(self, index: Index | tuple[Index, ...]) -> Tensor:
        if self.keys is None:
            return self.call[index]
        (examples, heads, queries, keys), singles = ranges(index, self.shape)
        keys = self.keys[keys.start : keys.stop : keys.step]
        found = self.call[sliced(examples), sliced(heads), sliced(queries), sliced(keys)]
        return found[tuple(0 if single else slice(None) for single in singles)]

    def target(self, query: int) -> Target:
        """Where the weights of a query are in the recorded calls."""
        numbers = range(self.shape[3])
        call, row = (query, 0) if self.by_step else (None, query)
        return Target(self.name, call, 0, row, list(self.keys or numbers), list(numbers))

    def statistics(self, number: int, stands: Positions) -> list[HeadStatistics]:
        """Statistics of each head; `number` is that of the layer."""
        return statistics(self, 0, number, stands)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class WindowedLayer(Layer):
    """The windows of a map of cells, put back in their places: a cell gives no weight to those of other windows.

    The channels of a series that are read each by itself are such windows, of all steps of a channel.
    """

    call: AttentionMap  # (N, H, L, L)
    windows: Windows

    @property
    def kind(self) -> ScoreKind:
        """Attention within windows."""
        return "windows"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """1, H, cells, cells."""
        cells = self.windows.size[0] * self.windows.size[1]
        return 1, self.call.shape[1], cells, cells

    def __getitem__(self, index: Index | tuple[Index, ...]) -> Tensor:
        """Index the weights; only the windows of the queries are computed."""
        (examples, heads, queries, keys), singles = ranges(index, self.shape)
        asked = torch.tensor(list(queries), dtype=torch.long)
        made = torch.zeros(len(examples), len(heads), len(asked), self.shape[3])
        for window in self.home(asked).unique().tolist():
            cells = self.windows.cells[window]  # (L,)
            rows = (asked[:, None] == cells).nonzero()  # (M, 2): place among the asked, place in the window
            real = (cells >= 0).nonzero().flatten()
            weights = self.call[window, sliced(heads)].cpu()[:, rows[:, 1]][:, :, real]  # (H', M, L')
            made[:, :, rows[:, :1], cells[real]] = weights
        found = made[..., sliced(keys)]
        return found[tuple(0 if single else slice(None) for single in singles)]

    def home(self, cells: Tensor) -> Tensor:
        """The window (T',) of each cell."""
        flat = self.windows.cells.flatten()
        real = (flat >= 0).nonzero().flatten()
        homes = torch.empty(self.shape[3], dtype=torch.long)
        homes[flat[real]] = real // self.windows.cells.shape[1]
        return homes[cells]

    def target(self, query: int) -> Target:
        """Where the weights of a cell are: the row of its window, and the cells that the window's keys stand for."""
        window, place = self.windows.place(*divmod(query, self.windows.size[1]))
        cells = self.windows.cells[window].tolist()
        keys = [key for key, cell in enumerate(cells) if cell >= 0]
        return Target(self.name, None, window, place, keys, [cells[key] for key in keys])

    def statistics(self, number: int, stands: Positions) -> list[HeadStatistics]:
        """The means over all windows; keys are numbered within their window."""
        windows = [self.of_window(number, window, stands) for window in range(len(self.windows.cells))]
        shares = (self.windows.cells >= 0).sum(1).double()
        shares = shares / shares.sum()
        return [mean_of([one[head] for one in windows], shares) for head in range(self.shape[1])]

    def of_window(self, number: int, window: int, stands: Positions) -> list[HeadStatistics]:
        """Statistics of each head in one window.

        Args:
            number: The number of the layer.
            window: The number of the window.
            stands: The positions of all cells.

        Returns:
            One for each head, without the cells of padding.
        """
        cells = self.windows.cells[window]
        standing = Positions(*(side[cells.clamp(min=0)] for side in (stands.queries, stands.keys)))
        return statistics(self.call, window, number, standing, cells >= 0)


def mean_of(several: Sequence[HeadStatistics], shares: Tensor) -> HeadStatistics:
    """The mean of statistics of one head, weighted by shares."""
    names = ("entropy", "spread", "distance", "first", "last", "sink")
    rows = torch.tensor([[getattr(one, name) for name in names] for one in several], dtype=torch.float64)
    return replace(several[0], **dict(zip(names, (shares @ rows).tolist(), strict=True)))


def merge_layer_calls(calls: Sequence[AttentionMap]) -> list[CallLayer]:
    """The calls of a recurrent decoder, one for each step, as one of all steps; other calls as they are."""
    scores = [call.scores for call in calls if isinstance(call.scores, AdditiveScores)]
    if len(scores) < len(calls):
        return [CallLayer(call) for call in calls]
    queries = torch.cat([one.queries for one in scores], 1)  # (B, T, D)
    output = torch.cat([call.output for call in calls], 2)  # (B, 1, T, V)
    whole = replace(scores[0], queries=queries)
    return [
        CallLayer(AttentionMap(calls[0].name, whole, calls[0].values, output, calls[0].dropout), by_step=True)
    ]
