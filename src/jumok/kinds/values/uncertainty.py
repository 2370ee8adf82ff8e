"""Ways to be unsure of values: quantiles, a variance, or none; all in standard deviations of training."""

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from scipy.special import ndtri
from torch import Tensor

from jumok.losses.numbers import LEAST_LOG_DEVIATION, gaussian_loss, pinball_loss, squared_loss


class Estimate(NamedTuple):
    """Values with a measure of how far they may be off, each (B, N)."""

    value: Tensor
    below: Tensor  # from the value down to the lower bound, at least 0; NaN where nothing is known
    above: Tensor  # from the value up to the upper bound


class Uncertainty(Protocol):
    """How answers are learned and read."""

    @property
    def outputs(self) -> int:
        """Numbers that the head gives for each value."""
        ...

    @property
    def scales(self) -> bool:
        """Whether calibration multiplies the distances from value to bounds, or adds to them."""
        ...

    def loss(self, answer: Tensor, values: Tensor, level: float) -> Tensor:
        """The loss of each value (B, N), of answers (B, N, outputs) to be intervals that hold a share `level`."""
        ...

    def estimate(self, answer: Tensor, level: float) -> Estimate:
        """Values and bounds of answers (B, N, outputs), not calibrated."""
        ...


class NoUncertainty:
    """The mean alone, by squared errors; intervals are as wide everywhere, and come from calibration."""

    outputs, scales = 1, False

    def loss(self, answer: Tensor, values: Tensor, level: float) -> Tensor:
        """The squared error."""
        return squared_loss(answer[..., 0], values)

    def estimate(self, answer: Tensor, level: float) -> Estimate:
        """No bounds."""
        unknown = answer[..., 0].new_full(answer.shape[:-1], float("nan"))
        return Estimate(answer[..., 0], unknown, unknown)


class Variance:
    """A normal distribution for each value (Nix & Weigend, 1994)."""

    outputs, scales = 2, True

    def loss(self, answer: Tensor, values: Tensor, level: float) -> Tensor:
        """The negative log-likelihood."""
        return gaussian_loss(answer[..., 0], answer[..., 1], values)

    def estimate(self, answer: Tensor, level: float) -> Estimate:
        """The bounds of the middle of the distribution."""
        width = answer[..., 1].clamp(min=LEAST_LOG_DEVIATION).exp() * float(ndtri((1 + level) / 2))
        return Estimate(answer[..., 0], width, width)


class Quantiles:
    """The median with a lower and an upper quantile, in order (Koenker & Bassett, 1978)."""

    outputs, scales = 3, False

    def quantiles(self, answer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Median, and the distances to the quantiles below and above (B, N) each."""
        return answer[..., 0], F.softplus(answer[..., 1]), F.softplus(answer[..., 2])

    def loss(self, answer: Tensor, values: Tensor, level: float) -> Tensor:
        """The pinball loss of the three quantiles."""
        median, below, above = self.quantiles(answer)
        levels = answer.new_tensor([(1 - level) / 2, 0.5, (1 + level) / 2])
        found = torch.stack((median - below, median, median + above), -1)  # (B, N, 3)
        return pinball_loss(found, values, levels)

    def estimate(self, answer: Tensor, level: float) -> Estimate:
        """Median and quantiles."""
        return Estimate(*self.quantiles(answer))


UNCERTAINTIES: dict[str, Uncertainty] = {
    "none": NoUncertainty(),
    "variance": Variance(),
    "quantiles": Quantiles(),
}
