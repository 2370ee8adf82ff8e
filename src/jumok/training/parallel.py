"""One model in several processes: each takes its rows of a batch, and the gradients are summed on the way back."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

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


class Replica(Protocol):
    """What the loop needs of the model in this process, wherever its weights are."""

    @property
    def losses(self) -> nn.Module:
        """The loss of a batch, when it is called."""
        ...

    def gradient_sync(self, last: bool) -> AbstractContextManager[None]:
        """Go forward and backward in it; with the `last` batch of a step the gradients of all processes meet."""
        ...

    def unsharded(self) -> AbstractContextManager[None]:
        """All weights are here, and any method of the model may be called."""
        ...


class Single:
    """All there is, in one process."""

    def __init__(self, losses: BatchLoss, device: torch.device) -> None:
        self.losses = losses.to(device)

    def gradient_sync(self, last: bool) -> AbstractContextManager[None]:
        """A context that does nothing."""
        return nullcontext()

    def unsharded(self) -> AbstractContextManager[None]:
        """A context that does nothing."""
        return nullcontext()


class Replicated:
    """All weights in each process; gradients are averaged while the backward pass goes on (DDP)."""

    def __init__(self, losses: BatchLoss, device: torch.device) -> None:
        kept = losses.state_dict()  # has the measures of batch norms, which follow those of the first process
        tables = [name for name, _ in losses.named_buffers() if name not in kept]  # each process makes them
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(losses, tables)
        # every weight has a part in every step (see the tests), but those that read an optional input
        partial = any(field.is_optional for field in losses.split.inputs.values())
        self.losses: Any = DistributedDataParallel(
            losses.to(device), gradient_as_bucket_view=True, find_unused_parameters=partial
        )

    def gradient_sync(self, last: bool) -> AbstractContextManager[None]:
        """A context in which gradients are summed over processes only in the last batch of a step."""
        return nullcontext() if last else self.losses.no_sync()

    def unsharded(self) -> AbstractContextManager[None]:
        """A context that does nothing: every process has all weights."""
        return nullcontext()


class Sharded:
    """A part of each weight, of its gradient and of the optimizer's memory in each process (FSDP2).

    The layers of Transformers come together one by one as they are needed, the rest for a whole step. Gradients
    are exchanged with every batch: to keep them until the last one of a step, they would have to be whole. To
    evaluate, each device holds all weights for a while, as one that uses the model later must.
    """

    def __init__(self, losses: BatchLoss, device: torch.device, number: int) -> None:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(device.type, (number,))
        layers = [
            m for m in losses.modules() if isinstance(m, TransformerEncoderLayer | TransformerDecoderLayer)
        ]
        for layer in layers:  # not the tables and norms, which other layers and the loss read, too
            fully_shard(layer, mesh=mesh)
        self.losses: Any = fully_shard(losses, mesh=mesh)
        self.layers: list[Any] = layers  # Any: fully_shard has changed what they are

    def gradient_sync(self, last: bool) -> AbstractContextManager[None]:
        """A context that does nothing: gradients are reduced in every batch."""
        return nullcontext()

    @contextmanager
    def unsharded(self) -> Iterator[None]:
        """A context in which every process has all weights."""
        self.losses.set_reshard_after_forward(False)
        for module in (self.losses, *self.layers):
            module.unshard()
        try:
            yield
        finally:
            for module in (self.losses, *self.layers):
                module.reshard()
            for layer in self.layers:
                layer.set_reshard_after_forward(True)


def replicate(losses: BatchLoss, device: torch.device, processes: Distributed, shard: bool) -> Replica:
    """Bring a model to its device, or its part to each device; all processes must have the same weights."""
    if processes.world_size == 1:
        return Single(losses, device)
    return Sharded(losses, device, processes.world_size) if shard else Replicated(losses, device)
