"""The losses of a batch and of a whole split, by output, and the joint loss that a model learns by."""

from collections.abc import Mapping

import torch
from torch import Tensor

from jumok.data.batching import longest_first
from jumok.dataset.split import Batch, Split
from jumok.kinds.contract import OutputField
from jumok.losses.tokens import Loss
from jumok.model import EncoderDecoder
from jumok.training.distributed import Distributed


def batch_losses(model: EncoderDecoder, split: Split, batch: Batch, smoothing: float) -> dict[str, Loss]:
    """The loss of each output of a batch, by name.

    Args:
        model: The model.
        split: The split that the batch is of, which knows the outputs.
        batch: The batch.
        smoothing: Label smoothing of tokens.
    """
    memories = model.encode(batch.inputs)
    return {
        name: field.head.loss(model.decoders[name], memories, batch.outputs[name], smoothing)
        for name, field in split.outputs.items()
    }


def joint_loss(
    weights: Mapping[str, float], totals: Mapping[str, Tensor], counts: Mapping[str, float]
) -> Tensor:
    """The weighted sum of the mean losses of all outputs.

    Each is divided by its own count, so that a text of many tokens does not outweigh an image.

    Args:
        weights: The weight of the loss of each output.
        totals: Summed losses by output, scalars.
        counts: What they are sums of, by output.

    Returns:
        A scalar.
    """
    first, *others = (weight * (totals[name] / counts[name]) for name, weight in weights.items())
    return sum(others, start=first)


@torch.no_grad()
def split_losses(
    model: EncoderDecoder,
    split: Split,
    batch_tokens: int,
    batch_size: int | None,
    device: torch.device,
    processes: Distributed,
) -> "RunningLoss":
    """The losses over a split, without smoothing.

    Processes divide the batches.

    Args:
        model: The model.
        split: The split.
        batch_tokens: The token budget of a batch.
        batch_size: The most examples of a batch; None for no limit.
        device: Where the model is.
        processes: Those that divide the batches.

    Returns:
        The losses, summed over all processes.
    """
    found = RunningLoss(split.outputs)
    for examples in longest_first(split.all_lengths(), batch_tokens, batch_size)[
        processes.rank :: processes.world_size
    ]:
        losses = batch_losses(model, split, split.batch(examples).to(device), 0.0)
        found.add(
            {name: float(loss.total) for name, loss in losses.items()},
            {name: loss.count for name, loss in losses.items()},
        )
    return found.summed(processes)


class RunningLoss:
    """Summed losses with what they are sums of, by output, while batches pass."""

    def __init__(self, outputs: Mapping[str, OutputField]) -> None:
        self.outputs = outputs
        self.totals = dict.fromkeys(outputs, 0.0)
        self.counts = dict.fromkeys(outputs, 0)

    def add(self, totals: Mapping[str, float], counts: Mapping[str, int]) -> None:
        """Add the sums of a batch."""
        for name in self.outputs:
            self.totals[name] += totals[name]
            self.counts[name] += counts[name]

    def restore(self, totals: Mapping[str, float] | float, counts: Mapping[str, int] | int) -> None:
        """Go on from sums; those of older checkpoints are plain numbers, of the single output."""
        self.totals = dict(totals) if isinstance(totals, Mapping) else dict.fromkeys(self.outputs, totals)
        self.counts = dict(counts) if isinstance(counts, Mapping) else dict.fromkeys(self.outputs, counts)

    def summed(self, processes: Distributed) -> "RunningLoss":
        """The sums of all processes together."""
        found = RunningLoss(self.outputs)
        found.add(
            {name: processes.sum(total) for name, total in self.totals.items()},
            {name: int(processes.sum(count)) for name, count in self.counts.items()},
        )
        return found

    @property
    def count(self) -> int:
        """What the loss of the first output is a sum of."""
        return next(iter(self.counts.values()))

    @property
    def means(self) -> dict[str, float]:
        """The mean loss of each output."""
        return {name: total / max(self.counts[name], 1) for name, total in self.totals.items()}

    @property
    def joint(self) -> float:
        """The weighted sum of the means."""
        return sum(self.outputs[name].loss_weight * mean for name, mean in self.means.items())

    def to_log(self) -> dict[str, float]:
        """The joint loss, and where there are several outputs the loss of each."""
        each = {f"{name}.loss": mean for name, mean in self.means.items()}
        return {"loss": self.joint, **(each if len(each) > 1 else {})}
