"""The loss of a batch and of a whole split."""

import torch

from jumok.data.batching import longest_first
from jumok.dataset.split import Batch, Split
from jumok.losses.tokens import Loss
from jumok.model import EncoderDecoder
from jumok.training.distributed import Distributed


def batch_loss(model: EncoderDecoder, split: Split, batch: Batch, smoothing: float) -> Loss:
    """The joint loss of all outputs of a batch."""
    memories = model.encode(batch.inputs)
    losses = [
        field.head.loss(model.decoders[name], memories, batch.outputs[name], smoothing)
        for name, field in split.outputs.items()
    ]
    if len(losses) == 1:
        return losses[0]
    total = torch.stack([loss.total for loss in losses]).sum()
    return Loss(total, sum(loss.count for loss in losses), sum(loss.correct for loss in losses))


@torch.no_grad()
def split_loss(
    model: EncoderDecoder,
    split: Split,
    batch_tokens: int,
    batch_size: int | None,
    device: torch.device,
    processes: Distributed,
) -> float:
    """The loss of a target token, in nats, or of an image over a split, without smoothing.

    Processes divide the batches.
    """
    total, count = 0.0, 0
    for examples in longest_first(split.all_lengths(), batch_tokens, batch_size)[
        processes.rank :: processes.world_size
    ]:
        loss = batch_loss(model, split, split.batch(examples).to(device), 0.0)
        total, count = total + float(loss.total), count + loss.count
    return processes.sum(total) / max(processes.sum(count), 1)
