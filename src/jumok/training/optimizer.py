"""The optimizer: making it, and keeping its memory in named tensors."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from jumok.training.checkpoint import require_same
from jumok.training.muon import Muon
from jumok.training.sharding import copy_full_into, full

# What multiplies activations. Pulling such a matrix towards zero makes the function smoother; pulling at a
# bias or the gain of a norm does not, and the rows of an embedding table would shrink in every step, even
# when their token was not seen. So a table is not decayed, also where it serves as the matrix of the output.
DECAYED = (nn.Linear, nn.RNNBase, nn.RNNCellBase, nn.Conv1d, nn.Conv2d)


class AdamW(torch.optim.AdamW):
    """AdamW in one fused kernel (Loshchilov & Hutter, 2019)."""

    @staticmethod
    def fresh(parameter: Tensor) -> dict[str, Tensor]:
        """The memory that a parameter starts with, on its device."""
        return {
            "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
            "exp_avg": torch.zeros_like(parameter, requires_grad=False),
            "exp_avg_sq": torch.zeros_like(parameter, requires_grad=False),
        }


@dataclass(frozen=True)
class Optimizer:
    """What moves the parameters of a model: AdamW, and Muon beside it where it is asked for."""

    adamw: AdamW
    muon: Muon | None = None
    muon_factor: float = 1.0  # the learning rate of Muon, as a multiple of that of AdamW

    @property
    def parts(self) -> list[AdamW | Muon]:
        """The optimizers, each with parameters of its own."""
        return [self.adamw] if self.muon is None else [self.adamw, self.muon]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all parts."""
        return [group for part in self.parts for group in part.param_groups]

    def set_learning_rate(self, rate: float) -> None:
        """Move by this learning rate from the next step on."""
        for group in self.adamw.param_groups:
            group["lr"] = rate
        if self.muon is not None:
            for group in self.muon.param_groups:
                group["lr"] = rate * self.muon_factor

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for part in self.parts:
            part.step()

    def zero_grad(self) -> None:
        """Drop all gradients."""
        for part in self.parts:
            part.zero_grad(set_to_none=True)


def build_optimizer(
    model: nn.Module,
    learning_rate: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    muon_factor: float | None = None,
) -> Optimizer:
    """The optimizer of a model; only the matrices of layers decay.

    Args:
        model: The model.
        learning_rate: Of AdamW.
        betas: Of AdamW.
        eps: Of AdamW.
        weight_decay: Of the matrices of layers.
        muon_factor: Muon moves the matrices of layers, by so many times the learning rate; None: AdamW moves all.

    Returns:
        The optimizer.
    """
    decayed = _decayed(model)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]  # tied ones once
    matrices = [p for p in parameters if id(p) in decayed]
    others = {"params": [p for p in parameters if id(p) not in decayed], "weight_decay": 0.0}
    if muon_factor is not None and matrices and others["params"]:
        muon = Muon(matrices, learning_rate * muon_factor, weight_decay)
        adamw = AdamW([others], lr=learning_rate, betas=betas, eps=eps, fused=True)
        return Optimizer(adamw, muon, muon_factor)
    groups = [{"params": matrices, "weight_decay": weight_decay}, others]
    groups = [group for group in groups if group["params"]]
    return Optimizer(AdamW(groups, lr=learning_rate, betas=betas, eps=eps, fused=True))


def clip_gradients(parameters: Iterable[Tensor], limit: float) -> float:
    """Scale all gradients down to a joint norm of at most limit; gives the norm before that.

    A norm that is not finite leaves gradients that are not: then the step must not be taken.
    """
    return float(full(torch.nn.utils.clip_grad_norm_(parameters, limit)))


def optimizer_tensors(optimizer: Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """The optimizer's memory by name of the parameter: exp_avg.NAME, exp_avg_sq.NAME and step.NAME, or momentum.NAME.

    Not copies. A parameter that never had a gradient has the zeros that the optimizer would start with.
    """
    tensors = {}
    for name, parameter, part in _moved(optimizer, model):
        memory = part.state.get(parameter) or part.fresh(parameter)
        for key in part.fresh(parameter):
            tensors[f"{key}.{name}"] = memory[key]
    return tensors


def restore_optimizer(optimizer: Optimizer, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimizer the memory that `optimizer_tensors` told of another one, of an equal model.

    Args:
        optimizer: The optimizer to restore.
        model: Its model.
        tensors: What `optimizer_tensors` returned.

    Raises:
        RunError: Names or shapes differ from those of the model.
    """
    require_same(tensors, optimizer_tensors(optimizer, model), "the tensors of the optimizer")
    for name, parameter, part in _moved(optimizer, model):
        memory = part.fresh(parameter)
        for key, tensor in memory.items():
            copy_full_into(tensor, tensors[f"{key}.{name}"])
        part.state[parameter] = memory


def _decayed(model: nn.Module) -> set[int]:
    """The ids of the parameters that decay."""
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    matrices = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, DECAYED)
        for parameter in module.parameters(recurse=False)
        if parameter.ndim >= 2
    }
    return matrices - embeddings


def _moved(optimizer: Optimizer, model: nn.Module) -> Iterator[tuple[str, nn.Parameter, AdamW | Muon]]:
    """The parameters that the optimizer moves, by their name in the model, each with the part that moves it."""
    parts = {
        id(parameter): part
        for part in optimizer.parts
        for group in part.param_groups
        for parameter in group["params"]
    }
    for name, parameter in model.named_parameters():
        if id(parameter) in parts:
            yield name, parameter, parts[id(parameter)]
