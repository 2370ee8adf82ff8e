"""How the losses of several outputs are weighed against each other: by fixed weights, or by learned uncertainties."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn

from jumok.kinds.contract import OutputField
from jumok.training.optimizer import build_optimizer, optimizer_tensors, restore_optimizer

if TYPE_CHECKING:
    from jumok.experiment.options import TrainingOptions

MAX_LOG_WEIGHT = (
    5.0  # of a learned weight; a loss that falls below zero, as those of densities do, cannot take all
)


class LossWeights(Protocol):
    """The weights of losses, and what training keeps of them in a checkpoint."""

    def values(self) -> dict[str, float]:
        """The weight of each output now."""
        ...

    def step(self, means: Mapping[str, float], rate: float) -> None:
        """Learn from the mean loss of each output in a step of training, at a learning rate."""
        ...

    def to_log(self) -> dict[str, float]:
        """What the log of a training says of them."""
        ...

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """What a checkpoint keeps, in groups."""
        ...

    def restore(self, groups: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go on from what a checkpoint kept."""
        ...


class FixedWeights:
    """The weights that outputs have as options."""

    def __init__(self, outputs: Mapping[str, OutputField]) -> None:
        self.fixed = {name: field.loss_weight for name, field in outputs.items()}

    def values(self) -> dict[str, float]:
        """The weight of each output."""
        return dict(self.fixed)

    def step(self, means: Mapping[str, float], rate: float) -> None:
        """Learn nothing."""

    def to_log(self) -> dict[str, float]:
        """Nothing: they stand in the configuration."""
        return {}

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Nothing."""
        return {}

    def restore(self, groups: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Do nothing."""


class UncertaintyWeights(nn.Module):
    """Weights 1 / variance of each loss, whose logarithms are learned (Kendall et al., 2018, equation 10).

    The joint loss is the sum of `loss / variance + log(variance) / 2` over outputs. Its gradient by a variance needs
    the mean loss alone, so that the variances are learned beside the model, equally in every process.
    """

    def __init__(self, outputs: Mapping[str, OutputField], betas: tuple[float, float]) -> None:
        super().__init__()
        self.names = tuple(outputs)
        self.raw = nn.Parameter(torch.zeros(len(self.names)))
        self.optimizer = build_optimizer(self, 0.0, betas, 1e-9, 0.0)

    def log_variance(self) -> Tensor:
        """The logarithm of each variance (n,), within bounds."""
        return MAX_LOG_WEIGHT * torch.tanh(self.raw / MAX_LOG_WEIGHT)

    @torch.no_grad()
    def values(self) -> dict[str, float]:
        """The weight of each output now."""
        return dict(zip(self.names, torch.exp(-self.log_variance()).tolist(), strict=True))

    def step(self, means: Mapping[str, float], rate: float) -> None:
        """Learn the variances by the mean losses of a step."""
        self.optimizer.set_learning_rate(rate)
        losses = torch.tensor([means[name] for name in self.names])
        with torch.enable_grad():
            log_variance = self.log_variance()
            (torch.exp(-log_variance) * losses + log_variance / 2).sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def to_log(self) -> dict[str, float]:
        """The weight of each output."""
        return {f"{name}.weight": value for name, value in self.values().items()}

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """The logarithms of the variances, and the memory of their optimizer."""
        return {"loss_weights": {"raw": self.raw.detach(), **optimizer_tensors(self.optimizer, self)}}

    @torch.no_grad()
    def restore(self, groups: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go on from what a checkpoint kept."""
        kept = dict(groups["loss_weights"])
        self.raw.copy_(kept.pop("raw"))
        restore_optimizer(self.optimizer, self, kept)


def build_weights(options: "TrainingOptions", outputs: Mapping[str, OutputField]) -> LossWeights:
    """The weights that the options ask for."""
    if options.loss_weights == "uncertainty":
        return UncertaintyWeights(outputs, options.betas)
    return FixedWeights(outputs)
