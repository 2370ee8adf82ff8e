"""Stacks of torch's recurrent cells."""

from typing import Any

import torch
from torch import Tensor, nn

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


CELL_STEPS: dict[str, Any] = {"RNN_TANH": torch.rnn_tanh_cell, "LSTM": torch.lstm_cell, "GRU": torch.gru_cell}


def scanned(recurrence: Stack, x: Tensor, valid: Tensor) -> Tensor:
    """What a stack gives for the positions of x (B, S, ·) that are valid (B, S), without dropout; (B, S, D).

    It is a loop within a graph, for any length: what torch exports of a stack itself is for one length only.

    Args:
        recurrence: The stack.
        x: The inputs (B, S, ·).
        valid: Which positions are real (B, S).

    Returns:
        The outputs (B, S, D).
    """
    for layer in range(recurrence.num_layers):
        backwards = (False, True) if recurrence.bidirectional else (False,)
        x = torch.cat([scanned_one_way(recurrence, layer, x, valid, way) for way in backwards], -1)
    return x


def scanned_one_way(recurrence: Stack, layer: int, x: Tensor, valid: Tensor, backwards: bool) -> Tensor:
    """One direction of one layer: x (B, S, ·) to (B, S, D); the state stays as it is where nothing is valid."""
    from torch._higher_order_ops.scan import scan  # torch loads its compiler for it, which takes seconds

    suffix = f"l{layer}_reverse" if backwards else f"l{layer}"
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    weights = [getattr(recurrence, f"{name}_{suffix}") for name in names]
    advance, has_cell = CELL_STEPS[recurrence.mode], recurrence.mode == "LSTM"

    def step(state: tuple[Tensor, ...], position: tuple[Tensor, Tensor]) -> tuple[tuple[Tensor, ...], Tensor]:
        read, real = position  # (B, ·), (B, 1)
        new = advance(read, state, *weights) if has_cell else (advance(read, state[0], *weights),)
        kept = tuple(torch.where(real, after, before) for after, before in zip(new, state, strict=True))
        return kept, kept[0].clone()

    start = x.new_zeros(x.shape[0], recurrence.hidden_size)
    first = (start, start.clone()) if has_cell else (start,)
    _, states = scan(step, first, (x.transpose(0, 1), valid.t()[:, :, None]), reverse=backwards)
    return states.transpose(0, 1)


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
