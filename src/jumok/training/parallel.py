"""One model in several processes: each takes its rows of a batch, and the gradients are summed on the way back."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from jumok.dataset import Batch
from jumok.dataset.split import Split
from jumok.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer
from jumok.model import EncoderDecoder
from jumok.training.distributed import Distributed
from jumok.training.loss import batch_losses


class BatchLoss(nn.Module):
    """The losses of a batch as a module, for torch's wrappers work when a module is called."""

    def __init__(self, model: EncoderDecoder, split: Split, smoothing: float) -> None:
        super().__init__()
        self.model, self.split, self.smoothing = model, split, smoothing

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The summed loss of each output of a batch, scalars by name."""
        losses = batch_losses(self.model, self.split, batch, self.smoothing)
        return {name: loss.total for name, loss in losses.items()}


@dataclass(frozen=True)
class Replica:
    """The model in this process, wherever its weights are."""

    losses: Any  # the losses of a batch, when it is called
    # go forward and backward in it; with the last batch of a step (True) the gradients of all processes meet
    gradient_sync: Callable[[bool], AbstractContextManager[Any]] = nullcontext
    # all weights are here, and any method of the model may be called
    unsharded: Callable[[], AbstractContextManager[Any]] = nullcontext


def replicated(losses: BatchLoss) -> Replica:
    """All weights in each process; gradients are averaged while the backward pass goes on (DDP)."""
    kept = losses.state_dict()  # has the measures of batch norms, which follow those of the first process
    tables = [name for name, _ in losses.named_buffers() if name not in kept]  # each process makes them
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(losses, tables)
    # every weight has a part in every step (see the tests), but those that read an optional input
    partial = any(field.is_optional for field in losses.split.inputs.values())
    whole = DistributedDataParallel(losses, gradient_as_bucket_view=True, find_unused_parameters=partial)
    return Replica(whole, lambda last: nullcontext() if last else whole.no_sync())


def sharded(losses: BatchLoss, device: torch.device, number: int) -> Replica:
    """A part of each weight, of its gradient and of the optimizer's memory in each process (FSDP2).

    The layers of Transformers come together one by one as they are needed, the rest for a whole step. Gradients
    are exchanged with every batch: to keep them until the last one of a step, they would have to be whole. To
    evaluate, each device holds all weights for a while, as one that uses the model later must.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (number,))
    kinds = TransformerEncoderLayer | TransformerDecoderLayer
    layers: list[Any] = [module for module in losses.modules() if isinstance(module, kinds)]
    for layer in layers:  # not the tables and norms, which other layers and the loss read, too
        fully_shard(layer, mesh=mesh)
    whole: Any = fully_shard(losses, mesh=mesh)

    @contextmanager
    def unsharded() -> Iterator[None]:
        whole.set_reshard_after_forward(False)
        for module in (whole, *layers):
            module.unshard()
        try:
            yield
        finally:
            for module in (whole, *layers):
                module.reshard()
            for layer in layers:
                layer.set_reshard_after_forward(True)

    return Replica(whole, unsharded=unsharded)


def replicate(losses: BatchLoss, device: torch.device, processes: Distributed, shard: bool) -> Replica:
    """Bring a model to its device, or its part to each device; all processes must have the same weights.

    Args:
        losses: The model with its losses.
        device: The device of this process.
        processes: All processes.
        shard: Whether each process holds a part of the weights only.

    Returns:
        What computes losses and gradients.
    """
    if processes.world_size == 1:
        return Replica(losses.to(device))
    return sharded(losses, device, processes.world_size) if shard else replicated(losses.to(device))
