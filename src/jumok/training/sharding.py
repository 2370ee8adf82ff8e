"""Tensors of which each process holds a part (FSDP2): from the whole to the part and back.

Every function takes ordinary tensors too, and leaves them as they are: they are whole in each process.
The imports wait until they are needed, for commands that train nothing should not pay for them.
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

import torch
from torch import Tensor


def is_sharded(tensor: Tensor) -> TypeGuard[Any]:
    """Whether a tensor is torch's DTensor, which knows what part of it is here."""
    from torch.distributed.tensor import DTensor

    return isinstance(tensor, DTensor)


def local(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor; shares its memory."""
    tensor = tensor.detach()
    return tensor.to_local() if is_sharded(tensor) else tensor


def full(tensor: Tensor) -> Tensor:
    """All of a tensor; where it is sharded all processes must ask for it together."""
    tensor = tensor.detach()
    return tensor.full_tensor() if is_sharded(tensor) else tensor


def as_sharded(held: Tensor, like: Tensor) -> Tensor:
    """The tensor of which each process holds a part, sharded as another one is."""
    if not is_sharded(like):
        return held
    from torch.distributed.tensor import DTensor

    held = held.to(like.device)
    return DTensor.from_local(
        held, like.device_mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride()
    )


@torch.no_grad()
def copy_full_into(place: Tensor, values: Tensor) -> None:
    """Copy a whole tensor to where this process holds it, or a part of it."""
    local(place).copy_(part_of(values, place))


def part_of(values: Tensor, like: Tensor) -> Tensor:
    """What this process would hold of a whole tensor that was sharded as another one is."""
    if not is_sharded(like):
        return values
    from torch.distributed.tensor import distribute_tensor

    values = values.to(like.device)
    return distribute_tensor(values, like.device_mesh, like.placements, src_data_rank=None).to_local()


def gather(tensors: Mapping[str, Tensor], keep: bool) -> dict[str, Tensor]:
    """All of each tensor, those of shards on the CPU; without `keep` this process only helps the others."""
    found = {}
    for name, tensor in tensors.items():
        value = full(tensor).cpu() if is_sharded(tensor) else tensor
        if keep:
            found[name] = value
    return found
