"""Muon: matrices move by orthogonalized momentum (Jordan et al., 2024), everything else by AdamW.

torch.optim.Muon computes in bf16, in which plain AVX2 processors are hundreds of times slower, and takes no kernels of
convolutions; here matrices of one shape are orthogonalized together, in their own precision.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that lifts all singular values towards one
ITERATIONS = 5
WIDE = 2  # from this ratio of its sides on, a matrix is cheaper to orthogonalize by its product with itself
MOMENTUM = 0.95
RMS = 0.2  # root mean square of an update of AdamW, which updates are scaled to (Liu et al., 2025)


def orthogonalize(matrices: Tensor) -> Tensor:
    """Matrices with the singular vectors of those given, and singular values between about 0.7 and 1.2.

    Newton–Schulz iteration (https://kellerjordan.github.io/posts/muon).

    Args:
        matrices: (N, Y, X).

    Returns:
        (N, Y, X).
    """
    is_tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if is_tall else matrices
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    x = _of_gram(x) if x.shape[-1] >= WIDE * x.shape[-2] else _step_by_step(x)
    return x.mT if is_tall else x


def _step_by_step(x: Tensor) -> Tensor:
    """The iteration on matrices (N, Y, X)."""
    for _ in range(ITERATIONS):
        x = _polynomial(x @ x.mT) @ x
    return x


def _of_gram(x: Tensor) -> Tensor:
    """The same for wide matrices (N, Y, X), cheaper: all steps are polynomials of x xᵀ, and meet x once, at the end."""
    gram = x @ x.mT  # (N, Y, Y)
    whole = _polynomial(gram)
    step = whole
    for _ in range(ITERATIONS - 1):
        gram = step @ gram @ step
        step = _polynomial(gram)
        whole = step @ whole
    return whole @ x


def _polynomial(gram: Tensor) -> Tensor:
    """What a step multiplies by, for products x xᵀ (N, Y, Y)."""
    a, b, c = COEFFICIENTS
    product = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    product.diagonal(dim1=-2, dim2=-1).add_(a)
    return product


class Muon(torch.optim.Optimizer):
    """Moves matrices, and kernels of convolutions as matrices of their outputs."""

    def __init__(self, parameters: Iterable[nn.Parameter], learning_rate: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": learning_rate, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault(parameter.shape, []).append(parameter)
            for parameters in alike.values():
                self._move(parameters, group["lr"], group["weight_decay"])

    def _move(self, parameters: list[nn.Parameter], rate: float, decay: float) -> None:
        """Move parameters of one shape."""
        directions = torch.stack([self._direction(parameter).flatten(1) for parameter in parameters])
        scale = RMS * max(directions.shape[1:]) ** 0.5
        for parameter, update in zip(parameters, orthogonalize(directions), strict=True):
            parameter.mul_(1 - rate * decay)
            parameter.add_(update.view(parameter.shape), alpha=-rate * scale)

    def _direction(self, parameter: nn.Parameter) -> Tensor:
        """The gradient, pulled towards the mean of the past ones (Nesterov)."""
        gradient = parameter.grad
        if gradient is None:
            raise ValueError("a parameter without a gradient has no direction")
        if not self.state[parameter]:
            self.state[parameter] = self.fresh(parameter)
        momentum: Tensor = self.state[parameter]["momentum"].lerp_(gradient, 1 - MOMENTUM)
        return gradient.lerp(momentum, MOMENTUM)

    @staticmethod
    def fresh(parameter: Tensor) -> dict[str, Tensor]:
        """The memory that a parameter starts with."""
        return {"momentum": torch.zeros_like(parameter, requires_grad=False)}
