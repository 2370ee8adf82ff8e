"""Stacks of torch's recurrent cells."""

from typing import Any

import torch
from torch import nn

from jumok import device
from jumok.choices import Cell

Stack = nn.RNN | nn.LSTM | nn.GRU


class LSTM(nn.LSTM):
    """torch's LSTM, computed in fp32 if autocast asks for bf16 and the processor has no LSTM in bf16."""

    def forward(self, x: Any, state: Any = None) -> Any:
        """Like torch's LSTM."""
        place: torch.device = next(self.parameters()).device
        if not torch.is_autocast_enabled(place.type) or device.has_bf16(place):
            return super().forward(x, state)
        with torch.autocast(place.type, enabled=False):
            return super().forward(x.float(), None if state is None else tuple(s.float() for s in state))


CELLS: dict[Cell, type[Stack]] = {"rnn": nn.RNN, "lstm": LSTM, "gru": nn.GRU}


def stack(
    cell: Cell, inputs: int, width: int, layers: int, dropout: float = 0.0, bidirectional: bool = False
) -> Stack:
    """Build a stack of recurrent layers, batch first; recurrent weights start orthogonal.

    Args:
        cell: Kind of the cells: "rnn", "lstm" or "gru".
        inputs: Width of the inputs.
        width: Width of the states, of each direction.
        layers: Number of layers.
        dropout: Probability of dropout between layers.
        bidirectional: Whether a second stack reads the sequence backwards.

    Returns:
        The stack, from (B, L, inputs) to (B, L, width), twice as wide if bidirectional.
    """
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
