"""A model as programs of plain tensors: one that encodes a batch, and a step of each decoder of texts."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from jumok.data.text.specials import BOS
from jumok.exporting.steps import DecoderStep
from jumok.kinds.contract import OutputField
from jumok.model import EncoderDecoder
from jumok.nested import replaced, tensors_of


class EncodeProgram(nn.Module):
    """From the tensors of a batch to what heads compute, and to the state that each decoder of texts starts from."""

    def __init__(
        self, model: EncoderDecoder, outputs: Mapping[str, OutputField], batch: Mapping[str, Any]
    ) -> None:
        """`batch` tells how tensors are put together; its numbers do not matter."""
        super().__init__()
        self.model, self.outputs, self.structure = model, outputs, dict(batch)

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """All results, in the order of `results`."""
        rest: Iterator[Tensor] = iter(tensors)
        batch = {name: replaced(part, rest) for name, part in self.structure.items()}
        return tuple(tensor for _, _, tensor in self.results(batch))

    def results(self, batch: Mapping[str, Any]) -> Iterator[tuple[str, str, Tensor]]:
        """The output, the path within what is computed of it, and the tensor."""
        memories = self.model.encode(batch)
        for name, field in self.outputs.items():
            decoder: Any = self.model.decoders[name]
            made = (
                decoder.start(memories.joined) if field.program is None else field.program(decoder, memories)
            )
            for path, tensor in named_tensors(made).items():
                yield name, path, tensor


class StepProgram(nn.Module):
    """One step of a decoder: a token and the tensors of a state to logits and the tensors that have changed.

    Those that change are of hypotheses, the others of sources; an exported step has one hypothesis of each source.
    """

    def __init__(self, decoder: Any, state: Any, sources: int) -> None:
        """`state` is one before the first token, of so many sources."""
        super().__init__()
        self.step = DecoderStep(decoder, state)
        given = tuple(tensors_of(state).values())
        _, *after = self.step(torch.full((sources,), BOS), *given)
        pairs = zip(self.step.names, given, after, strict=True)
        self.changed = tuple(name for name, before, now in pairs if before is not now)

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        """A token and a state to the logits (B, V) of the next token, and the changed tensors of the state."""
        logits, *after = self.step(*given)
        named = dict(zip(self.step.names, after, strict=True))
        return logits, *(named[name] for name in self.changed)


def differing_axes(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> dict[str, list[int]]:
    """The axes in which tensors of one name differ in length."""
    return {
        name: [i for i, (a, b) in enumerate(zip(tensor.shape, other[name].shape, strict=True)) if a != b]
        for name, tensor in one.items()
    }


def named_tensors(made: Any) -> dict[str, Tensor]:
    """The tensors of a named tuple by name; a single tensor has the name ""."""
    return {path.removeprefix("0").removeprefix("."): one for path, one in tensors_of((made,)).items()}
