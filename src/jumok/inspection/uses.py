"""The uses of attention in a model: which recorded calls belong together, and their axes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from jumok.attention.record import Recording
from jumok.inspection.groups import MAX_PREFIX_TOKENS, AttentionGroup
from jumok.inspection.layers import CallLayer, Layer, WindowedLayer, merge_layer_calls
from jumok.inspection.windows import Windows
from jumok.kinds.axes import Axis
from jumok.kinds.contract import InputField
from jumok.kinds.replay import questions_memory
from jumok.values import Memory

Use = AttentionGroup[Layer]


@dataclass(frozen=True, eq=False)
class InputStates:
    """An input, and its states in the memory."""

    field: InputField
    batch: Any
    axis: Axis  # of the states
    states: range  # of the memory
    memory: Memory  # of this input alone

    @property
    def name(self) -> str:
        """The name of the input."""
        return self.field.name

    def grid(self, count: int) -> tuple[int, int] | None:
        """The grid with this many positions, prefix tokens excluded."""
        levels = self.memory.pyramid.levels if self.memory.pyramid is not None else ()
        grids = [(level.shape[-2], level.shape[-1]) for level in levels]
        fitting = [grid for grid in grids if 0 <= count - grid[0] * grid[1] <= MAX_PREFIX_TOKENS]
        return fitting[0] if fitting else None


def layers_of(recording: Recording, prefix: str) -> list[CallLayer]:
    """The layers below a path in the order of their calls."""
    names = [name for name in recording.names if name.startswith(prefix)]
    return [layer for name in names for layer in merge_layer_calls(recording.all(name))]


def encoder_uses(
    recording: Recording, sources: Sequence[InputStates], windows: Mapping[str, Windows]
) -> list[Use]:
    """Self-attention within each input: in windows, of each channel, of the cells of a backbone, and of the states.

    Args:
        recording: The recording of the encoders.
        sources: The inputs with their states.
        windows: The windows of layers that attend within windows, by name.

    Returns:
        The uses.
    """
    found: list[Use] = []
    for source in sources:
        layers = layers_of(recording, f"encoders.{source.name}.")
        cut = [WindowedLayer(layer.call, windows[layer.name]) for layer in layers if layer.name in windows]
        found.extend(window_uses(source, cut))
        alone = [layer for layer in layers if layer.name not in windows and layer.shape[0] == 1]
        count = len(source.states)
        found.extend(channel_uses(source, [layer for layer in layers if layer.name not in windows]))
        found.extend(backbone_uses(source, [one for one in alone if one.shape[2:] != (count, count)]))
        same = tuple(layer for layer in alone if layer.shape[2:] == (count, count))
        if same:
            found.append(Use(f"{source.name}.encoder", "encoder", (same,), source.axis, source.axis))
    return found


def window_uses(source: InputStates, layers: Sequence[WindowedLayer]) -> Iterator[Use]:
    """One for each size of map."""
    for size in dict.fromkeys(layer.windows.size for layer in layers):
        canvas = source.field.canvas
        same = tuple(layer for layer in layers if layer.windows.size == size)
        if canvas is not None:
            axis, name = canvas.cells(source.batch, size, 0), f"{source.name}.windows.{size[0]}x{size[1]}"
            yield Use(name, "encoder", (same,), axis, axis)


def channel_uses(source: InputStates, layers: Sequence[CallLayer]) -> Iterator[Use]:
    """Attention within each channel of a series: where each is a row of the batch, they are put side by side."""
    channels, count = 1 if source.memory.time is None else source.memory.time.channels, len(source.states)
    length = count // channels
    own = Windows((channels, length), torch.arange(count).view(channels, length))
    apart = [one for one in layers if one.shape[0] == channels and one.shape[2:] == (length, length)]
    if channels > 1 and apart:
        same = tuple(WindowedLayer(layer.call, own) for layer in apart)
        yield Use(f"{source.name}.encoder", "encoder", (same,), source.axis, source.axis)


def backbone_uses(source: InputStates, layers: Sequence[CallLayer]) -> Iterator[Use]:
    """Attention of all cells of a backbone, with tokens beside them in some."""
    for count in dict.fromkeys(layer.shape[2] for layer in layers if layer.shape[2] == layer.shape[3]):
        grid, canvas = source.grid(count), source.field.canvas
        if grid is not None and canvas is not None:
            axis = canvas.cells(source.batch, grid, count - grid[0] * grid[1])
            same = tuple(layer for layer in layers if layer.shape[2:] == (count, count))
            yield Use(f"{source.name}.backbone.{grid[0]}x{grid[1]}", "encoder", (same,), axis, axis)


def decoder_uses(
    name: str, answers: Sequence[Recording], queries: Axis, past: Axis, sources: Sequence[InputStates]
) -> Iterator[Use]:
    """Attention of a decoder to its own answer, and to the memory of each input.

    Args:
        name: The output.
        answers: The recording of each answer.
        queries: The axis of the answer's tokens.
        past: The axis of the tokens that the decoder has read.
        sources: The inputs with their states.

    Returns:
        The uses.
    """
    layers = [layers_of(maps, f"decoders.{name}.") for maps in answers]
    own = tuple(tuple(one for one in answer if not questions_memory(name, one.name)) for answer in layers)
    if own[0]:
        yield Use(f"{name}.decoder", "decoder", own, queries, past, is_causal(own[0][0]))
    cross = tuple(tuple(one for one in answer if questions_memory(name, one.name)) for answer in layers)
    if not cross[0]:
        return
    for source in sources:
        if len(sources) == 1:
            yield Use(f"{name}.cross", "cross", cross, queries, source.axis)
        else:
            parts = tuple(tuple(replace(one, keys=source.states) for one in answer) for answer in cross)
            yield Use(f"{name}.cross.{source.name}", "cross", parts, queries, source.axis)


def is_causal(layer: CallLayer) -> bool:
    """Whether a recorded call was causal."""
    return getattr(layer.call.scores, "offset", None) is not None


def pool_map(layer: Layer, head: int, most: int = 160) -> tuple[torch.Tensor, bool]:
    """The map of a head, pooled by maximum if it is too large; computed row by row.

    Args:
        layer: The layer.
        head: The head.
        most: The largest number of rows and of columns.

    Returns:
        The map (R, C), and whether it is pooled.
    """
    _, _, T, S = layer.shape
    high, wide = -(-T // most), -(-S // most)
    if high == wide == 1:
        return layer[0, head].cpu(), False
    rows = [layer[0, head, start : start + high].cpu().amax(0) for start in range(0, T, high)]
    whole = torch.stack(rows)[None]  # (1, R, S)
    return torch.nn.functional.max_pool1d(whole, wide, ceil_mode=True)[0], True
