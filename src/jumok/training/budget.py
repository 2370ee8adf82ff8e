"""How long a step takes here: some steps are taken as in training, and taken back."""

from typing import Protocol

import torch

from jumok.model import EncoderDecoder
from jumok.training.distributed import Distributed
from jumok.training.precision import now

FIRST = 3  # steps that do not count: they are slow, since kernels are made and memory is taken
MIN_TIMED_STEPS, MAX_TIMED_STEPS = 3, 30  # steps that do
ENOUGH = 4.0  # seconds


class Steps(Protocol):
    """What takes steps: a trainer."""

    model: EncoderDecoder
    processes: Distributed

    def train_step(self) -> None: ...
    def begin(self) -> None: ...


@torch.no_grad()
def measured_pace(trainer: Steps) -> float:
    """Seconds that a step takes, the same in all processes; the trainer stands before its first step again."""
    kept = [(value, value.detach().clone()) for value in trainer.model.state_dict(keep_vars=True).values()]
    with torch.enable_grad():
        paces = measured(trainer)
    for value, before in kept:
        value.copy_(before)
    trainer.begin()
    return sum(paces) / len(paces)


def measured(trainer: Steps) -> list[float]:
    """Seconds of each step."""
    trainer.model.train()
    for _ in range(FIRST):
        trainer.train_step()
    paces: list[float] = []
    while len(paces) < MIN_TIMED_STEPS or (sum(paces) < ENOUGH and len(paces) < MAX_TIMED_STEPS):
        started = trainer.processes.broadcast(now)
        trainer.train_step()
        paces.append(trainer.processes.broadcast(now) - started)
    return paces
