"""An encoder–decoder model: named encoders make a memory, named decoders read it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from jumok.values import Memories, Memory, PartialBatch


class EncoderDecoder(nn.Module):
    """Encoders and decoders by the names of their inputs and outputs; independent of their kinds."""

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        decoders: Mapping[str, nn.Module],
        modulations: Mapping[str, nn.Module] | None = None,
        marks: nn.Module | None = None,
    ) -> None:
        """Put the parts of a model together.

        Args:
            encoders: By input.
            decoders: Decoders and heads by output.
            modulations: By the name of an image, whose features they scale by what the other inputs say.
            marks: Gives the mark of each input, which tells its states in the joined memory (`InputMarks`).
        """
        super().__init__()
        self.encoders = nn.ModuleDict(encoders)
        self.decoders = nn.ModuleDict(decoders)
        self.modulations = nn.ModuleDict(modulations)
        self.marks = marks

    def encode(self, inputs: Mapping[str, Any]) -> Memories:
        """The memory of each input, by name; of a `PartialBatch`, the rows that it has are encoded."""
        parts: dict[str, Memory] = {}
        present: dict[str, Tensor] = {}
        for name, encoder in self.encoders.items():
            batch = inputs[name]
            if not isinstance(batch, PartialBatch):
                parts[name] = encoder(batch)
                continue
            present[name] = batch.present
            if batch.values is not None:
                parts[name] = encoder(batch.values).scatter(batch.present)
        marks = {} if self.marks is None else self.marks()
        return self._modulate(Memories(parts, present, marks=marks))

    def _modulate(self, memories: Memories) -> Memories:
        modulated = {}
        for name, modulation in self.modulations.items():
            if others := [other for other in memories.parts if other != name]:
                modulated[name] = modulation(memories.parts[name], memories.mean_summary(others))
        return replace(memories, modulated=modulated) if modulated else memories

    def forward(self, inputs: Mapping[str, Any], written: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What each decoder makes of the joined memory and of what was written so far, by name."""
        memory = self.encode(inputs).joined
        return {name: decoder(written[name], memory) for name, decoder in self.decoders.items()}

    def size(self) -> int:
        """The number of parameters; shared ones count once."""
        return sum(parameter.numel() for parameter in self.parameters())
