"""Weights that training starts from, found in closed form where an output knows how."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from jumok.data.batching import longest_first
from jumok.dataset.split import Split
from jumok.predictor import weights_of
from jumok.training.sharding import copy_full_into
from jumok.values import Memories

if TYPE_CHECKING:
    from jumok.training.loop import Trainer


@dataclass(frozen=True)
class Remembered:
    """The examples of a split in batches, as the encoders of a trainer's model remember them, beside right answers."""

    trainer: "Trainer"
    split: Split
    output: str

    def __iter__(self) -> Iterator[tuple[Memories, Any]]:
        trainer, options = self.trainer, self.trainer.options
        for examples in longest_first(self.split.all_lengths(), options.batch_tokens, trainer.batch_size):
            batch = self.split.batch(examples).to(trainer.device)
            yield trainer.model.encode(batch.inputs), batch.outputs[self.output]


@torch.no_grad()
def start_in_closed_form(trainer: "Trainer") -> bool:
    """Give the model the weights that its outputs find in closed form; tells whether any does.

    The first process finds them, and all get them.
    """
    finders = {
        name: field.start for name, field in trainer.prepared.outputs.items() if field.start is not None
    }
    if not finders:
        return False
    found: dict[str, Tensor] = {}

    def find() -> None:
        for name, finder in finders.items():
            parts = (Remembered(trainer, split, name) for split in (trainer.train, trainer.valid))
            start = finder(trainer.model.decoders[name], *parts)
            trainer.reporter.message(start.remark)
            found.update({f"decoders.{name}.{key}": value for key, value in start.weights.items()})

    trainer.model.eval()
    with trainer.replica.unsharded():
        trainer.processes.broadcast(find)
    weights = weights_of(trainer.model)
    for key, value in trainer.processes.broadcast_tensors(found).items():
        copy_full_into(weights[key], value)
    return True
