"""The uses that a model makes of attention: which recorded calls belong together, and what they ask and look at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from jumok.attention.maps import AttentionMap, Check, Index, ranges, sliced
from jumok.attention.record import Recording
from jumok.attention.scores import AdditiveScores
from jumok.kinds.axes import Axis

Purpose = Literal["encoder", "decoder", "cross"]


class Layer(Protocol):
    """The weights of one layer, to be indexed like the tensor (1, H, T, S) that is never made."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, int, int, int]: ...

    def __getitem__(self, index: Index | tuple[Index, ...]) -> Tensor: ...

    def check(self) -> Check: ...


@dataclass(frozen=True, eq=False)
class Part:
    """Some queries and some keys of a layer: one of several inputs, or an image without the tokens beside its cells."""

    whole: Layer
    queries: range
    keys: range

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def shape(self) -> tuple[int, int, int, int]:
        B, H, _, _ = self.whole.shape
        return B, H, len(self.queries), len(self.keys)

    def __getitem__(self, index: Index | tuple[Index, ...]) -> Tensor:
        (examples, heads, queries, keys), singles = ranges(index, self.shape)
        queries = self.queries[queries.start : queries.stop : queries.step]
        keys = self.keys[keys.start : keys.stop : keys.step]
        found = self.whole[sliced(examples), sliced(heads), sliced(queries), sliced(keys)]
        return found[tuple(0 if single else slice(None) for single in singles)]

    def check(self) -> Check:
        return self.whole.check()


@dataclass(frozen=True, eq=False)
class Use:
    """Layers that ask and look at the same things, for each answer."""

    id: str
    use: Purpose
    queries: Axis  # of the best answer
    keys: Axis
    answers: tuple[tuple[Layer, ...], ...]  # the layers for each answer; once where all answers share them
    kind: Literal["dot", "additive", "windows"] = "dot"
    causal: bool = False

    def layers(self, answer: int) -> tuple[Layer, ...]:
        return self.answers[answer if len(self.answers) > 1 else 0]

    def document(self) -> dict[str, Any]:
        layers = [{"name": layer.name, "heads": layer.shape[1]} for layer in self.layers(0)]
        return {
            "id": self.id,
            "use": self.use,
            "kind": self.kind,
            "layers": layers,
            "queries": self.queries,
            "keys": self.keys,
            "causal": self.causal,
        }


class Source(NamedTuple):
    """An input's states in the memory."""

    name: str
    axis: Axis
    states: range  # of the memory


def layers_of(recording: Recording, prefix: str) -> list[AttentionMap]:
    """The layers below a path in the order of their calls; a layer that asked step by step asks all at once."""
    found: list[AttentionMap] = []
    for name in recording.names:
        if name.startswith(prefix):
            found.extend(joined(recording.all(name)))
    return found


def joined(calls: Sequence[AttentionMap]) -> list[AttentionMap]:
    """The calls of a recurrent decoder, one for each step, as one of all steps; other calls as they are."""
    scores = [call.scores for call in calls if isinstance(call.scores, AdditiveScores)]
    if len(scores) < len(calls) or len(calls) == 1:
        return list(calls)
    queries = torch.cat([one.queries for one in scores], 1)  # (B, T, D)
    output = torch.cat([call.output for call in calls], 2)  # (B, 1, T, V)
    whole = replace(scores[0], queries=queries)
    return [AttentionMap(calls[0].name, whole, calls[0].values, output, calls[0].dropout)]


def encoder_uses(recording: Recording, sources: Sequence[Source]) -> Iterator[Use]:
    """Self-attention of the states of each input."""
    for source in sources:
        layers = layers_of(recording, f"encoders.{source.name}.")
        same = tuple(
            one for one in layers if one.shape[0] == 1 and one.shape[2:] == (len(source.states),) * 2
        )
        if same:
            yield Use(f"{source.name}.encoder", "encoder", source.axis, source.axis, (same,))


def decoder_use(name: str, answers: Sequence[Recording], queries: Axis, past: Axis) -> Iterator[Use]:
    """Attention of a decoder to its own answer."""
    layers = tuple(
        tuple(one for one in decoder_layers(name, maps) if not crosses(name, one)) for maps in answers
    )
    if layers[0]:
        yield Use(f"{name}.decoder", "decoder", queries, past, layers, causal=is_causal(layers[0][0]))


def cross_uses(
    name: str, answers: Sequence[Recording], queries: Axis, sources: Sequence[Source]
) -> Iterator[Use]:
    """Attention of a decoder to the memory, a use for each input."""
    layers = tuple(tuple(one for one in decoder_layers(name, maps) if crosses(name, one)) for maps in answers)
    if not layers[0]:
        return
    kind: Literal["dot", "additive"] = (
        "additive" if isinstance(layers[0][0].scores, AdditiveScores) else "dot"
    )
    for source in sources:
        if len(sources) == 1:
            yield Use(f"{name}.cross", "cross", queries, source.axis, layers, kind)
        else:
            parts = tuple(tuple(of_source(one, source) for one in answer) for answer in layers)
            yield Use(f"{name}.cross.{source.name}", "cross", queries, source.axis, parts, kind)


def decoder_layers(name: str, recording: Recording) -> list[AttentionMap]:
    return layers_of(recording, f"decoders.{name}.")


def crosses(name: str, layer: AttentionMap) -> bool:
    """Whether a layer looks at the memory: the `cross` of a block, or the only attention of a recurrent decoder."""
    return layer.name.endswith(".cross") or layer.name == f"decoders.{name}.attention"


def is_causal(layer: AttentionMap) -> bool:
    return getattr(layer.scores, "offset", None) is not None


def of_source(layer: Layer, source: Source) -> Part:
    return Part(layer, range(layer.shape[2]), source.states)
