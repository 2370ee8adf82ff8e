"""AdamW: making it, and keeping its memory in named tensors."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from jumok.training.checkpoint import require_same
from jumok.training.sharding import copy_full_into, full

# What multiplies activations. Pulling such a matrix towards zero makes the function smoother; pulling at a
# bias or the gain of a norm does not, and the rows of an embedding table would shrink in every step, even
# when their token was not seen. So a table is not decayed, also where it serves as the matrix of the output.
DECAYED = (nn.Linear, nn.RNNBase, nn.RNNCellBase, nn.Conv1d, nn.Conv2d)


def build_optimizer(
    model: nn.Module, learning_rate: float, betas: tuple[float, float], eps: float, weight_decay: float
) -> torch.optim.AdamW:
    """AdamW in one fused kernel (Loshchilov & Hutter, 2019); only the matrices of layers decay."""
    decayed = _decayed(model)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]  # tied ones once
    groups = [
        {"params": [p for p in parameters if id(p) in decayed], "weight_decay": weight_decay},
        {"params": [p for p in parameters if id(p) not in decayed], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=betas, eps=eps, fused=True)


def clip_gradients(parameters: Iterable[Tensor], limit: float) -> float:
    """Scale all gradients down to a joint norm of at most limit; gives the norm before that.

    A norm that is not finite leaves gradients that are not: then the step must not be taken.
    """
    return float(full(torch.nn.utils.clip_grad_norm_(parameters, limit)))


def optimizer_tensors(optimizer: torch.optim.AdamW, model: nn.Module) -> dict[str, Tensor]:
    """The optimizer's memory by name of the parameter: exp_avg.NAME, exp_avg_sq.NAME and step.NAME.

    Not copies. A parameter that never had a gradient has the zeros that the optimizer would start with.
    """
    tensors = {}
    for name, parameter in _named(optimizer, model).items():
        memory = optimizer.state.get(parameter) or _fresh(parameter)
        for part in ("exp_avg", "exp_avg_sq", "step"):
            tensors[f"{part}.{name}"] = memory[part]
    return tensors


def restore_optimizer(optimizer: torch.optim.AdamW, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimizer the memory that `optimizer_tensors` told of another one, of an equal model."""
    require_same(tensors, optimizer_tensors(optimizer, model), "the tensors of the optimizer")
    for name, parameter in _named(optimizer, model).items():
        memory = _fresh(parameter)
        for part, tensor in memory.items():
            copy_full_into(tensor, tensors[f"{part}.{name}"])
        optimizer.state[parameter] = memory


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


def _named(optimizer: torch.optim.AdamW, model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that the optimizer moves, by their name in the model."""
    moved = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    return {name: parameter for name, parameter in model.named_parameters() if id(parameter) in moved}


def _fresh(parameter: nn.Parameter) -> dict[str, Tensor]:
    """The memory that a fused AdamW starts with, on the device of the parameter."""
    return {
        "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
        "exp_avg": torch.zeros_like(parameter, requires_grad=False),
        "exp_avg_sq": torch.zeros_like(parameter, requires_grad=False),
    }
