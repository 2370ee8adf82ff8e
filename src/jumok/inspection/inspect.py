"""The prediction for one input, with the attention of every layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from jumok.attention.maps import Check
from jumok.attention.record import Recording, record
from jumok.attention.shares import attention_shares
from jumok.data.text.specials import BANNED
from jumok.device import autocast
from jumok.errors import DataError, did_you_mean
from jumok.inspection.layers import Layer
from jumok.inspection.uses import InputStates, Use, decoder_uses, encoder_uses
from jumok.inspection.windows import finding_windows
from jumok.kinds.contract import DecodingRequest, InputField, InputPage
from jumok.kinds.presence import encode_inputs
from jumok.kinds.replay import Rescorable, part_required, questions_memory
from jumok.kinds.searching import build_search
from jumok.predictor.predictor import Predictor
from jumok.search import Search
from jumok.values import Memories

DOCUMENT_VERSION = 1


@dataclass(frozen=True)
class OutputReplay:
    """The answers of one output, and the recording of each while it was rescored."""

    name: str
    replay: Rescorable
    scores: list[Tensor]  # (N,) of the parts of each answer
    recordings: list[Recording]


@dataclass(frozen=True, eq=False)
class Inspection:
    """The answers to one input, and all attention; weights are computed lazily."""

    predictor: Predictor
    batch: Mapping[str, Any]  # the inputs as the model reads them
    memories: Memories
    outputs: Sequence[OutputReplay]
    uses: Mapping[str, Use]
    name: str = ""  # of the model
    id: str | None = None
    inputs: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """All that a page draws without asking for weights, in JSON."""
        return {
            "version": DOCUMENT_VERSION,
            "id": self.id,
            "model": {"name": self.name, "summary": summarize_model(self.predictor)},
            "inputs": self.inputs,
            "outputs": [one.replay.to_json(one.scores) for one in self.outputs],
            "attentions": [use.to_json() for use in self.uses.values()],
            "nothing": None if self.uses else self.no_attention_reason,
            "note": self.no_attention_reason if self.uses else None,
            **({"shares": self.input_shares(0)} if len(self.memories.parts) > 1 else {}),
        }

    def input_shares(self, answer: int) -> list[dict[str, Any]]:
        """The share of attention that each of several inputs gets while an answer is given, by output and layer.

        An output that does not question the joined memory is left out.
        """
        found = []
        for one in (one for one in self.outputs if answer < len(one.recordings)):
            maps = one.recordings[answer]
            modules = [module for module in maps.names if questions_memory(one.name, module)]
            shares = attention_shares(maps, modules, self.memories.spans())
            layers = [{"name": module, "inputs": inputs} for module, inputs in shares.items()]
            found += [{"output": one.name, "layers": layers}] if layers else []
        return found

    @property
    def no_attention_reason(self) -> dict[str, Any] | None:
        """Why there is nothing to see between the inputs and the outputs, where that is so."""
        crossing = any(use.use == "cross" for use in self.uses.values())
        return None if crossing else self.outputs[0].replay.no_attention_reason

    @cached_property
    def answers(self) -> int:
        """The number of answers, that of the output with most of them."""
        return max(one.replay.count for one in self.outputs)

    @cached_property
    def size(self) -> int:
        """The bytes of all that is kept of what went through attention."""
        layers = (layer for use in self.uses.values() for answer in use.answers for layer in answer)
        kept = (part.untyped_storage() for layer in layers for part in layer.tensors())
        return sum({storage.data_ptr(): storage.nbytes() for storage in kept}.values())

    def use(self, attention: str) -> Use:
        """The use of attention of this name; DataError if there is none."""
        if attention not in self.uses:
            raise DataError(f"there is no attention {attention!r}{did_you_mean(attention, self.uses)}")
        return self.uses[attention]

    def layers(self, attention: str, answer: int) -> Sequence[Layer]:
        """The layers of a use while an answer was given."""
        if not 0 <= answer < self.answers:
            raise DataError(f"there is no answer {answer}; there are {self.answers}")
        return self.use(attention).layers(answer)

    def row(self, attention: str, answer: int, query: int) -> Tensor:
        """The exact weights of a query in all layers and heads, (L, H, S).

        Args:
            attention: The name of the group of layers.
            answer: The number of the answer.
            query: The query.

        Returns:
            (L, H, S).
        """
        layers = self.layers(attention, answer)
        part_required(query, layers[0].shape[2], "query")
        return torch.stack([layer[0, :, query] for layer in layers])

    def map_of(self, attention: str, answer: int, layer: int) -> Layer:
        """One layer, to be indexed like the tensor (1, H, T, S) of its weights.

        Args:
            attention: The name of the group of layers.
            answer: The number of the answer.
            layer: The layer.

        Returns:
            The layer.
        """
        layers = self.layers(attention, answer)
        return layers[part_required(layer, len(layers), "layer")]

    def check(self, answer: int) -> Check:
        """The worst comparison of weights · values with what the kernel gave, among all layers."""
        checks = [layer.check() for use in self.uses for layer in self.layers(use, answer)]
        if not checks:
            raise DataError("this model has no attention to check")
        return max(checks, key=lambda one: one.error / one.tolerance)


def inspect_input(predictor: Predictor, inputs: Any, name: str = "", id: str | None = None) -> Inspection:
    """Predict one input, and record the attention while each answer is rescored by teacher forcing.

    Args:
        predictor: The predictor.
        inputs: A value, or values by name.
        name: The name of the run.
        id: The id of the inspection.

    Returns:
        The inspection of all answers of the search.

    Raises:
        DataError: The input is empty or faulty.
    """
    value = predictor.parse_inputs(inputs)
    if predictor.is_empty(value):
        raise DataError(
            "the input is empty, so there is nothing to look at; type something",
            "입력이 비어 있어 볼 것이 없습니다. 무언가 입력하세요.",
        )
    columns = encode_inputs(predictor.inputs, [value])
    predictor.check_lengths(columns, [0])
    model = predictor.model
    with torch.no_grad(), autocast(predictor.device, predictor.decoding.precision):
        batch = predictor.collate(columns, [0])
        with record(model) as maps, finding_windows(model) as windows:
            memories = model.encode(batch)
        said = [replay_output(predictor, part, memories, batch) for part in predictor.outputs]
        sources = sources_of(predictor, value, batch, memories)
    uses = [*encoder_uses(maps, sources, windows), *(use for one in said for use in uses_of(one, sources))]
    documents = [
        input_document(field, value[part])
        if part in value
        else {"name": part, "kind": field.kind, "absent": True}
        for part, field in predictor.inputs.items()
    ]
    return Inspection(predictor, batch, memories, said, {use.id: use for use in uses}, name, id, documents)


def input_document(field: InputField, value: Any) -> dict[str, Any]:
    """What a page shows of an input."""
    unknown = [] if field.coverage is None else sorted(dict.fromkeys(field.coverage.unknown(value)))
    return {**input_page(field).to_json(value), "unknown": unknown}


def input_page(field: InputField) -> InputPage:
    """How an input is shown; DataError if its kind cannot be looked into."""
    if field.page is None:
        raise DataError(f"{field.name} is of the kind {field.kind}, which cannot be looked into")
    return field.page


def replay_output(
    predictor: Predictor, name: str, memories: Memories, batch: Mapping[str, Any]
) -> OutputReplay:
    """Search for the answers of an output, and record while they are rescored.

    Args:
        predictor: The predictor.
        name: The output.
        memories: The memories of the inputs.
        batch: The batch of each input.

    Returns:
        Answers with recordings.
    """
    replay = predictor.outputs[name].replay
    if replay is None:
        kind = predictor.outputs[name].kind
        raise DataError(f"{name} is of the kind {kind}, whose answers cannot be looked into")
    model, decoder = predictor.model, predictor.model.decoders[name]
    asked = DecodingRequest(every_answer(predictor), predictor.max_tokens, [0])
    scored = replay(decoder, memories, batch, asked)
    scores, recordings = [], []
    for answer in range(scored.count):
        with record(model) as maps:
            scores.append(scored.rescore(decoder, memories, answer).float().cpu())
        recordings.append(maps)
    return OutputReplay(name, scored, scores, recordings)


def every_answer(predictor: Predictor) -> Search:
    """The predictor's search, giving all that it keeps while it searches."""
    decoding = predictor.decoding
    if decoding.method == "beam":
        decoding = decoding.model_copy(update={"best": max(decoding.best, decoding.beam)})
    return build_search(decoding, BANNED)


def sources_of(
    predictor: Predictor, value: Mapping[str, Any], batch: Mapping[str, Any], memories: Memories
) -> list[InputStates]:
    """The states of the memory, input by input.

    Args:
        predictor: The predictor.
        value: The value of each input.
        batch: The batch of each input.
        memories: The memories of the inputs.

    Returns:
        One for each input.
    """
    sources = []
    for name, states in memories.spans().items():
        field, memory = predictor.inputs[name], memories.of(name)
        axis = input_page(field).axis(value[name], batch[name], memory)
        sources.append(InputStates(field, batch[name], axis, states, memory))
    return sources


def uses_of(said: OutputReplay, sources: Sequence[InputStates]) -> list[Use]:
    """The attention of one decoder."""
    axes = said.replay.axes
    if axes is None:
        return []
    return list(decoder_uses(said.name, said.recordings, axes.queries(0), axes.past(0), sources))


def summarize_model(predictor: Predictor) -> str:
    """A model in a line of words."""
    read = " + ".join(kind.architecture for kind in predictor.inputs.values())
    written = " + ".join(kind.architecture for kind in predictor.outputs.values())
    size = predictor.model.size()
    many = f"{size / 1e6:.1f} M" if size >= 1e6 else f"{size:,}"
    return f"{read} → {written}, {many} parameters"
