"""An encoder–decoder model: named encoders make a memory, named decoders read it."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from jumok.values import Memories


class EncoderDecoder(nn.Module):
    """Encoders and decoders by the names of their inputs and outputs; independent of their kinds."""

    def __init__(self, encoders: Mapping[str, nn.Module], decoders: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(encoders)
        self.decoders = nn.ModuleDict(decoders)

    def encode(self, inputs: Mapping[str, Any]) -> Memories:
        """The memory of each input, by name."""
        return Memories({name: encoder(inputs[name]) for name, encoder in self.encoders.items()})

    def forward(self, inputs: Mapping[str, Any], written: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What each decoder makes of the joined memory and of what was written so far, by name."""
        memory = self.encode(inputs).joined
        return {name: decoder(written[name], memory) for name, decoder in self.decoders.items()}

    def size(self) -> int:
        """The number of parameters; shared ones count once."""
        return sum(parameter.numel() for parameter in self.parameters())
