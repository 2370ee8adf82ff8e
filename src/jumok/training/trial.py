"""One batch, tried before a training: whether the model can be built and how long a step takes."""

import time
from typing import NamedTuple

import torch

from jumok.data import batching
from jumok.dataset import Prepared
from jumok.experiment.options import Experiment
from jumok.kinds.catalogue import build_model
from jumok.training.device import device_of
from jumok.training.distributed import init_distributed
from jumok.training.loss import batch_losses, joint_loss
from jumok.training.planning import most_examples
from jumok.wording import quantity


class Trial(NamedTuple):
    """What one batch of the middle length showed."""

    parameters: int
    seconds: float  # of a batch forward and backward, in fp32
    examples: int  # of the batch

    def __str__(self) -> str:
        return (
            f"the model: {quantity(self.parameters, 'parameter')}; a batch of "
            f"{quantity(self.examples, 'example')} forward and backward "
            f"takes about {self.seconds:.2g} s in fp32"
        )


def try_batch(experiment: Experiment, prepared: Prepared) -> Trial:
    """Build the model and compute the loss of a batch and its gradients, twice: the first time things are set up."""
    device = device_of(experiment.training.device, init_distributed())
    torch.manual_seed(experiment.training.seed)
    model = build_model(prepared.fields, experiment.model).to(device).train()
    train, options = prepared.splits["train"], experiment.training
    size = options.batch_size or most_examples(prepared.fields)
    plan = batching.longest_first(train.all_lengths(), options.batch_tokens, size)
    examples = plan[len(plan) // 2]
    batch = train.batch(examples).to(device)
    weights = {name: field.loss_weight for name, field in train.outputs.items()}
    seconds = 0.0
    for _ in range(2):
        began = time.perf_counter()
        losses = batch_losses(model, train, batch, options.label_smoothing)
        totals = {name: one.total for name, one in losses.items()}
        loss = joint_loss(weights, totals, train.target_counts(examples))
        loss.backward()
        loss.item()  # waits for the device
        seconds = time.perf_counter() - began
    return Trial(model.size(), seconds, len(examples))
