"""Stacks of recurrent cells, as torch has them."""

from torch import nn

from jumok.choices import Cell

Stack = nn.RNN | nn.LSTM | nn.GRU
CELLS: dict[Cell, type[Stack]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


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
