"""Forecasts by a recurrent decoder, patch by patch, with attention to the memories of all inputs."""

import torch
from torch import Tensor, nn

from jumok.decoders.recurrent import RecurrentDecoder
from jumok.heads.forecast import KnownAhead, WindowUnits, by_step, mean_by_patch
from jumok.values import Memories


class RecurrentForecastHead(nn.Module):
    """A recurrent decoder that forecasts patch by patch, each from those before it (as DeepAR: Salinas et al., 2020).

    It learns from what really came (teacher forcing); when it forecasts, it reads its own median, or path. It attends
    to the memory before or after each patch, as the decoder of tokens does.
    """

    attends = True

    def __init__(
        self,
        units: WindowUnits,
        recurrent: RecurrentDecoder,
        known: KnownAhead,
        horizon: int,
        patch: int,
        middle: int,
    ) -> None:
        """Forecast by a decoder whose embedding reads, and whose output writes, the numbers of a patch.

        Args:
            units: The units of the past.
            recurrent: The decoder, which reads P · C numbers and writes P · C · Q.
            known: The covariates.
            horizon: Steps to forecast, H.
            patch: Steps that are forecast together, P.
            middle: Which of the Q numbers of a step is read at the next one.
        """
        super().__init__()
        self.units, self.recurrent, self.known = units, recurrent, known
        self.horizon, self.patch, self.middle = horizon, patch, middle
        self.first = nn.Parameter(
            torch.randn(recurrent.embedding.width) * 0.02
        )  # for the patch before the first

    @property
    def patches(self) -> int:
        """How many patches are forecast, the last of them perhaps in part."""
        return -(-self.horizon // self.patch)

    def follow(self, memories: Memories, came: Tensor) -> Tensor:
        """The forecast (B, H, C, Q) of each patch when those before it are known: came (B, H, C)."""
        came = self.units.normalize(came, memories)[:, : (self.patches - 1) * self.patch]
        read = self.recurrent.embedding(
            came.unflatten(1, (self.patches - 1, self.patch)).flatten(2)
        )  # (B, N - 1, D)
        x = torch.cat((self.first.expand(came.shape[0], 1, -1).to(read.dtype), read), 1)
        ahead = self.ahead(memories)
        states = self.recurrent.follow(x if ahead is None else x + ahead, memories.joined)  # (B, N, D)
        return self.units.restore(self.steps(self.recurrent.output(states), self.horizon), memories)

    def forecast(self, memories: Memories) -> Tensor:
        """The forecast (B, H, C, Q), patch by patch, each read by the next one."""
        memory, ahead = memories.joined, self.ahead(memories)
        state, found = self.recurrent.start(memory), []
        x = self.first.expand(memory.states.shape[0], 1, -1)
        for number in range(self.patches):
            x = x if ahead is None else x + ahead[:, number : number + 1]
            states, state = self.recurrent.advance(x, state)
            found.append(self.recurrent.output(states))  # (B, 1, P · C · Q)
            middle = self.steps(found[-1], self.patch)[..., self.middle]  # (B, P, C)
            x = self.recurrent.embedding(middle.flatten(1)[:, None])
        return self.units.restore(self.steps(torch.cat(found, 1), self.horizon), memories)

    def ahead(self, memories: Memories) -> Tensor | None:
        """The mean states (B, N, D) of the covariates of each patch."""
        states = self.known(memories)
        return None if states is None else mean_by_patch(states, self.patch)

    def steps(self, found: Tensor, horizon: int) -> Tensor:
        """(B, N, P · C · Q) to (B, horizon, C, Q)."""
        return by_step(found, self.patch, len(self.units.channels), horizon)
