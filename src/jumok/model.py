"""An encoder–decoder model: named encoders make a memory, named decoders read it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from jumok.values import Memory


class EncoderDecoder(nn.Module):
    """Encoders and decoders by the names of their inputs and outputs; independent of their kinds."""

    def __init__(self, encoders: Mapping[str, nn.Module], decoders: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(encoders)
        self.decoders = nn.ModuleDict(decoders)

    def encode(self, inputs: Mapping[str, Any]) -> Memory:
        """One memory of all inputs: their states concatenated, and the mean of their summaries."""
        memories = [encoder(inputs[name]) for name, encoder in self.encoders.items()]
        if len(memories) == 1:
            return memories[0]
        return Memory(
            torch.cat([memory.states for memory in memories], dim=1),
            torch.cat([memory.valid for memory in memories], dim=1),
            torch.stack([memory.summary for memory in memories]).mean(0),
        )

    def forward(self, inputs: Mapping[str, Any], written: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The output of each decoder, by name, given the inputs and the target so far."""
        memory = self.encode(inputs)
        return {name: decoder(written[name], memory) for name, decoder in self.decoders.items()}

    def size(self) -> int:
        """The number of parameters; shared ones count once."""
        return sum(parameter.numel() for parameter in self.parameters())
