"""Stacks of recurrent cells, as torch has them."""

from typing import Any

import torch
from torch import nn

from jumok import device
from jumok.choices import Cell

Stack = nn.RNN | nn.LSTM | nn.GRU


class LSTM(nn.LSTM):
    """torch's, which computes in fp32 where bf16 is asked for by autocast and the processor has no such LSTM."""

    def forward(self, x: Any, state: Any = None) -> Any:
        """As torch's."""
        place: torch.device = next(self.parameters()).device
        if not torch.is_autocast_enabled(place.type) or device.has_bf16(place):
            return super().forward(x, state)
        with torch.autocast(place.type, enabled=False):
            return super().forward(x.float(), None if state is None else tuple(s.float() for s in state))


CELLS: dict[Cell, type[Stack]] = {"rnn": nn.RNN, "lstm": LSTM, "gru": nn.GRU}


def stack(
    cell: Cell, inputs: int, width: int, layers: int, dropout: float = 0.0, bidirectional: bool = False
) -> Stack:
    """`layers` recurrent layers of `width`, batch first, dropout between them; gates start orthogonal."""
    made = CELLS[cell](
        inputs,
        width,
        layers,
        batch_first=True,
        dropout=dropout if layers > 1 else 0.0,
        bidirectional=bidirectional,
    )
    for name, parameter in made.named_parameters():
        if "weight_hh" in name:  # each gate keeps the length of the state it is given (Saxe et al., 2014)
            for gate in parameter.data.split(width):
                nn.init.orthogonal_(gate)
        elif "weight_ih" in name:
            nn.init.xavier_uniform_(parameter)
        else:
            nn.init.zeros_(parameter)
            if cell == "lstm" and "bias_ih" in name:
                parameter.data[width : 2 * width] = 1.0  # remember by default (Jozefowicz et al., 2015)
    return made
