"""Forecast heads: the next steps of a series from memories.

Each gives (B, H, C, Q): H steps of C channels, and Q numbers for each (a path, quantiles). Where the encoder has
normalized each window by itself, forecasts are brought back to the units of the batch (RevIN: Kim et al., 2022).
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from jumok.attention.multihead import KeyValue, KVCache, in_compute_dtype
from jumok.attention.positions import PositionLayer
from jumok.errors import ConfigurationError, DataError
from jumok.layers.query import QueryLayer
from jumok.layers.transformer import TransformerDecoderLayer
from jumok.values import Memories, Memory


class ForecastDecoder(Protocol):
    """What training and prediction need of a forecast head."""

    patch: int  # steps that are forecast together
    attends: bool  # whether its patches attend to the memory

    def forecast(self, memories: Memories) -> Tensor:
        """The forecast (B, H, C, Q)."""
        ...

    def follow(self, memories: Memories, came: Tensor) -> Tensor:
        """The forecast (B, H, C, Q) of each step when those before it are known: came (B, H, C)."""
        ...


class WindowUnits(nn.Module):
    """Between the units of a batch and those of a window that its encoder has normalized by itself."""

    def __init__(self, past: str | None, channels: Sequence[int]) -> None:
        """`channels` are the places of those that are forecast among the channels of the input `past`."""
        super().__init__()
        self.past, self.channels = past, list(channels)

    def center_scale(self, memories: Memories) -> tuple[Tensor, Tensor] | None:
        """Center and scale (B, 1, C) of the window; None where it was not normalized by itself."""
        time = None if self.past is None else memories.of(self.past).time
        if time is None or time.center is None or time.scale is None:
            return None
        return time.center[:, None, self.channels], time.scale[:, None, self.channels]

    def restore(self, found: Tensor, memories: Memories) -> Tensor:
        """Found (B, H, C, Q) in the units of the batch."""
        units = self.center_scale(memories)
        return found if units is None else found * units[1][..., None] + units[0][..., None]

    def normalize(self, values: Tensor, memories: Memories) -> Tensor:
        """Values (B, H, C) of the batch in the units of the window."""
        units = self.center_scale(memories)
        return values if units is None else (values - units[0]) / units[1]


class KnownAhead(nn.Module):
    """The states of covariates that are known for the steps to come, such as the hour of the day."""

    def __init__(self, names: Sequence[str], horizon: int) -> None:
        """`names` are inputs with a state for each step of the past, and then of the horizon."""
        super().__init__()
        self.names, self.horizon = tuple(names), horizon

    def forward(self, memories: Memories) -> Tensor | None:
        """The sum of the states (B, H, D) of the steps to come; None where no covariates are known."""
        for name in self.names:
            check_steps(name, memories.of(name))
        states = [last_states(memories.of(name), self.horizon) for name in self.names]
        return sum(states[1:], start=states[0]) if states else None


def check_steps(name: str, memory: Memory) -> None:
    """Refuse covariates whose encoder has not one state for each step; raises ConfigurationError."""
    time = memory.time
    if time is None or time.channels != 1 or len(time.intervals) != int(time.intervals[-1, 1]):
        raise ConfigurationError(
            f"{name} is known for the steps to come, which needs an encoder with a state for each step; say "
            "encoder: {kind: recurrent}"
        )


def last_states(memory: Memory, count: int) -> Tensor:
    """The last `count` states (B, count, D) of each row, padding left out."""
    length = memory.valid.sum(1, keepdim=True)  # (B, 1)
    places = length - count + torch.arange(count, device=length.device)  # (B, count)
    return memory.states.gather(1, places.clamp(min=0)[..., None].expand(-1, -1, memory.states.shape[-1]))


class FlattenForecastHead(nn.Module):
    """A linear map from all patches of a channel to its next steps, the same for all channels (PatchTST).

    Nie et al., 2023. It reads one input, whose encoder keeps channels apart, and windows of one length. Covariates add
    to each step and channel what a linear map makes of their states, at first nothing.
    """

    attends = False

    def __init__(
        self, units: WindowUnits, patches: int, width: int, known: KnownAhead, horizon: int, numbers: int
    ) -> None:
        super().__init__()
        self.units, self.known, self.horizon = units, known, horizon
        self.patches, self.patch = patches, horizon
        self.linear = nn.Linear(patches * width, horizon * numbers)
        self.covariates = nn.Linear(width, len(units.channels) * numbers) if known.names else None
        if self.covariates is not None:
            nn.init.zeros_(self.covariates.weight)
            nn.init.zeros_(self.covariates.bias)

    def forecast(self, memories: Memories) -> Tensor:
        """The forecast (B, H, C, Q)."""
        return self.units.restore(self.normalized(memories), memories)

    def normalized(self, memories: Memories) -> Tensor:
        """The forecast (B, H, C, Q) in the units of the window."""
        memory = memories.of(self.units.past or "")
        self.check_patches(memory)
        states = (memory.states * memory.valid[..., None]).unflatten(1, (-1, self.patches))  # (B, C', S, D)
        found = self.linear(states[:, self.units.channels].flatten(2))  # (B, C, H · Q)
        found = found.unflatten(-1, (self.horizon, -1)).transpose(1, 2)  # (B, H, C, Q)
        ahead = self.known(memories)
        if ahead is not None and self.covariates is not None:
            found = found + self.covariates(ahead).view_as(found)
        return found

    def start_from_nothing(self) -> None:
        """Let the forecast be 0 at first, in the units of the window."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def check_patches(self, memory: Memory) -> None:
        """Refuse windows of another length; raises DataError."""
        found = memory.states.shape[1] // (1 if memory.time is None else memory.time.channels)
        if found != self.patches:
            raise DataError(
                f"{self.units.past} has {found} patches here, but {self.patches} where its training begins; give "
                "windows of one length, or say head: {gather: attention}"
            )

    def follow(self, memories: Memories, came: Tensor) -> Tensor:
        """The forecast; no step depends on another one."""
        return self.forecast(memories)


class QueryForecastHead(nn.Module):
    """A learned query for each patch of the steps to come, which attends to the memories of all inputs.

    Covariates are added to the queries of their steps.
    """

    attends = True

    def __init__(
        self,
        units: WindowUnits,
        layers: Sequence[QueryLayer],
        width: int,
        known: KnownAhead,
        horizon: int,
        patch: int,
        numbers: int,
    ) -> None:
        super().__init__()
        self.units, self.known, self.horizon, self.patch = units, known, horizon, patch
        self.queries = nn.Parameter(torch.randn(-(-horizon // patch), width) * 0.02)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, patch * len(units.channels) * numbers)

    def forecast(self, memories: Memories) -> Tensor:
        """The forecast (B, H, C, Q)."""
        return self.units.restore(self.normalized(memories), memories)

    def normalized(self, memories: Memories) -> Tensor:
        """The forecast (B, H, C, Q) in the units of the window."""
        memory = memories.joined
        place = self.queries.expand(memory.states.shape[0], -1, -1)  # (B, N, D)
        ahead = self.known(memories)
        if ahead is not None:
            place = place + mean_by_patch(ahead, self.patch)
        x, states = torch.zeros_like(place), in_compute_dtype(memory.states)
        among, allowed = memory.valid.new_ones(1, 1, 1, 1), memory.valid[:, None, None, :]
        for layer in self.layers:
            x = layer(x, place, states, among, allowed)
        found = self.out(self.norm(x))  # (B, N, P · C · Q)
        return by_step(found, self.patch, len(self.units.channels), self.horizon)

    def start_from_nothing(self) -> None:
        """Let the forecast be 0 at first, in the units of the window."""
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def follow(self, memories: Memories, came: Tensor) -> Tensor:
        """The forecast; no step depends on another one."""
        return self.forecast(memories)


class AutoregressiveForecastHead(nn.Module):
    """A Transformer decoder that forecasts patch by patch, each from those before it and the memories of all inputs.

    It learns from what really came (teacher forcing); when it forecasts, it reads its own median, or path.
    """

    attends = True

    def __init__(
        self,
        units: WindowUnits,
        positions: PositionLayer,
        layers: Sequence[TransformerDecoderLayer],
        width: int,
        known: KnownAhead,
        horizon: int,
        patch: int,
        numbers: int,
        middle: int,
    ) -> None:
        """`middle` is which of the numbers of a step is read at the next one."""
        super().__init__()
        self.units, self.known, self.horizon, self.patch = units, known, horizon, patch
        self.middle = middle
        self.first = nn.Parameter(torch.randn(width) * 0.02)  # stands for the patch before the first one
        self.read = nn.Linear(patch * len(units.channels), width)
        self.positions = positions
        self.layers: Any = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, patch * len(units.channels) * numbers)

    @property
    def patches(self) -> int:
        """How many patches are forecast, the last of them perhaps in part."""
        return -(-self.horizon // self.patch)

    def follow(self, memories: Memories, came: Tensor) -> Tensor:
        """The forecast (B, H, C, Q) of each patch when those before it are known: came (B, H, C)."""
        came = self.units.normalize(came, memories)[:, : (self.patches - 1) * self.patch]
        read = self.read(came.unflatten(1, (self.patches - 1, self.patch)).flatten(2))  # (B, N - 1, D)
        first = self.first.expand(came.shape[0], 1, -1)
        x = self.positions(torch.cat((first.to(read.dtype), read), 1))
        ahead = self.ahead(memories)
        memory, x = memories.joined, x if ahead is None else x + ahead
        for layer in self.layers:
            x = layer(x, memory.states, memory.valid[:, None, None, :])
        return self.units.restore(self.answer(x), memories)

    def forecast(self, memories: Memories) -> Tensor:
        """The forecast (B, H, C, Q), patch by patch with a cache of keys and values."""
        memory, ahead = memories.joined, self.ahead(memories)
        states, allowed = in_compute_dtype(memory.states), memory.valid[:, None, None, :]
        seen = [layer.cross.project_kv(states) for layer in self.layers]
        pasts: list[KVCache] = [KVCache(self.none_seen(layer, states)) for layer in self.layers]
        x, found = self.first.expand(states.shape[0], 1, -1), []
        for number in range(self.patches):
            x = self.positions(x, number)
            x = x if ahead is None else x + ahead[:, number : number + 1]
            for i, layer in enumerate(self.layers):
                x, pasts[i] = layer.step(x, pasts[i], seen[i], allowed)
            found.append(self.out(self.norm(x)))  # (B, 1, P · C · Q)
            middle = self.steps(found[-1], self.patch)[..., self.middle]  # (B, P, C)
            x = self.read(middle.flatten(1))[:, None]  # (B, 1, D)
        return self.units.restore(self.steps(torch.cat(found, 1), self.horizon), memories)

    @staticmethod
    def none_seen(layer: TransformerDecoderLayer, states: Tensor) -> KeyValue:
        """Keys and values of no position, of the shape that the layer's own attention has."""
        return layer.attention.project_kv(states[:, :1]).empty()

    def ahead(self, memories: Memories) -> Tensor | None:
        """The mean states (B, N, D) of the covariates of each patch."""
        states = self.known(memories)
        return None if states is None else mean_by_patch(states, self.patch)

    def answer(self, x: Tensor) -> Tensor:
        """The numbers (B, H, C, Q) that states (B, N, D) stand for."""
        return self.steps(self.out(self.norm(x)), self.horizon)

    def steps(self, found: Tensor, horizon: int) -> Tensor:
        """(B, N, P · C · Q) to (B, horizon, C, Q)."""
        return by_step(found, self.patch, len(self.units.channels), horizon)


def mean_by_patch(states: Tensor, patch: int) -> Tensor:
    """The mean (B, N, D) of the states (B, H, D) of the steps of each patch, the last of them perhaps in part."""
    return torch.stack([part.mean(1) for part in states.split(patch, 1)], 1)


def by_step(found: Tensor, patch: int, channels: int, horizon: int) -> Tensor:
    """Numbers of patches (B, N, P · C · Q) as those of the first steps (B, horizon, C, Q).

    Args:
        found: The numbers of N patches of P steps, C channels and Q quantiles (B, N, P · C · Q).
        patch: P.
        channels: C.
        horizon: The number of time steps.

    Returns:
        The first `horizon` steps (B, horizon, C, Q).
    """
    return found.unflatten(-1, (patch, channels, -1)).flatten(1, 2)[:, :horizon]
