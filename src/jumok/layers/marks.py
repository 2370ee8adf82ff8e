"""A learned mark of the input that each state of a joined memory comes from."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class InputMarks(nn.Module):
    """One learned vector for each input, added to its states, as segments are marked by Devlin et al. (2019).

    They start at zero: a model without marks is one whose marks are zero.
    """

    def __init__(self, names: Sequence[str], width: int) -> None:
        super().__init__()
        self.names = tuple(names)
        self.table = nn.Parameter(torch.zeros(len(self.names), width))

    def forward(self) -> dict[str, Tensor]:
        """The mark (D,) of each input."""
        return dict(zip(self.names, self.table, strict=True))
