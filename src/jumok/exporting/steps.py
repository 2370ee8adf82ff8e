"""A decoder as programs of plain tensors, which exporters take; the search that calls them stays outside."""

from collections.abc import Iterable
from itertools import repeat

import torch
from torch import Tensor, nn

from jumok.nested import replaced, tensors_of
from jumok.values import Decoder, Memory, State


class DecoderStart(nn.Module):
    """The state of a decoder before the first token, as its tensors in the order of `tensors_of`."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, states: Tensor, valid: Tensor, summary: Tensor) -> tuple[Tensor, ...]:
        """Start from a memory of states (B, S, D), valid (B, S), with its summary (B, D).

        Args:
            states: The states of the memory (B, S, D).
            valid: Which of them are real (B, S).
            summary: The whole source in one vector (B, D).

        Returns:
            The tensors of the decoder's state.
        """
        return tuple(tensors_of(self.decoder.start(Memory(states, valid, summary))).values())


class DecoderStep(nn.Module):
    """One step of a decoder whose state goes in and comes out as its tensors, named by `names`.

    `state` is any state that `start` or `step` gave: it tells how tensors are put together, and its numbers do not
    matter. The number of hypotheses of a source, R / B, is the same in all calls of an exported step.
    """

    def __init__(self, decoder: Decoder, state: State) -> None:
        super().__init__()
        self.decoder = decoder
        self.names = tuple(tensors_of(state))
        self.structure = replaced(state, repeat(torch.empty(0)))

    def forward(self, token: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Read token (R,) in a state; the logits of the next one (R, V), then the tensors of the state after it."""
        logits, state = self.decoder.step(token, self.state(tensors))
        return logits, *tensors_of(state).values()

    def state(self, tensors: Iterable[Tensor]) -> State:
        """The state that is made of these tensors."""
        return replaced(self.structure, iter(tensors))
