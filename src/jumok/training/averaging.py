"""Averages of the weights over the steps of a training, which often predict better than the last weights.

All of them average the floating-point parameters and buffers that belong to the model's state; other buffers
keep the newest value. Make an average when the model is on its device. Where weights are sharded, each process
averages its part of them.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from jumok.training.checkpoint import require_same
from jumok.training.sharding import as_sharded, local, part_of


class ExponentialAverage:
    """A moving average in which a step weighs `decay` times what the step after it weighs.

    With `warm`, the decay after t steps is at most (1 + t) / (10 + t): the first weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float, warm: bool = True) -> None:
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"decay must be at least 0 and below 1; got {decay}")
        self.decay = decay
        self.warm = warm
        self.steps = 0
        self.weights = _averaged_weights(model)
        self.averages = {name: _as_float32(local(weight)).clone() for name, weight in self.weights.items()}

    @torch.no_grad()
    def step(self) -> None:
        """Move the averages towards the current weights."""
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps)) if self.warm else self.decay
        news = [_as_float32(local(weight)) for weight in self.weights.values()]
        torch._foreach_lerp_(list(self.averages.values()), news, 1.0 - decay)
        self.steps += 1

    def before_evaluation(self) -> None:
        """Do nothing; the average is brought up to date at each step."""
        pass

    def averaged_weights(self) -> AbstractContextManager[None]:
        """A context in which the model has the averaged weights."""
        return _exchanged(self.weights, self.averages.items())

    def tensors(self) -> dict[str, Tensor]:
        """The averages by the names of their weights."""
        return {name: as_sharded(average, self.weights[name]) for name, average in self.averages.items()}

    def state(self) -> dict[str, Any]:
        """The number of steps averaged so far."""
        return {"steps": self.steps}

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Restore the averages and their number of steps from a checkpoint."""
        require_same(tensors, self.weights, "the averaged weights")
        for name, average in self.averages.items():
            average.copy_(part_of(tensors[name], self.weights[name]))
        self.steps = state["steps"]


class SnapshotAverage:
    """The mean of the weights at the last `count` evaluations (Vaswani et al., 2017, section 6.1); of 0, the last ones.

    The snapshots wait on the CPU. Before the first of them, the average is the weights themselves.
    """

    def __init__(self, model: nn.Module, count: int) -> None:
        if count < 0:
            raise ValueError(f"count must be at least 0; got {count}")
        self.weights = _averaged_weights(model) if count else {}
        self.snapshots: deque[dict[str, Tensor]] = deque(maxlen=count)

    def step(self) -> None:
        """Do nothing; snapshots are made before evaluations."""
        pass

    def before_evaluation(self) -> None:
        """Keep a snapshot of the weights, and forget the oldest."""
        copies = {name: local(weight).to("cpu", copy=True) for name, weight in self.weights.items()}
        self.snapshots.append(copies)

    def averaged_weights(self) -> AbstractContextManager[None]:
        """A context in which the model has the mean of the snapshots, if there are any."""
        return _exchanged(self.weights, self._means()) if self.snapshots else nullcontext()

    def tensors(self) -> dict[str, Tensor]:
        """The snapshots by number and name of the weight."""
        numbered = enumerate(self.snapshots)
        return {
            f"{number}.{name}": as_sharded(kept, self.weights[name])
            for number, copies in numbered
            for name, kept in copies.items()
        }

    def state(self) -> dict[str, Any]:
        """The number of snapshots; nothing if there will be none."""
        return {"snapshots": len(self.snapshots)} if self.snapshots.maxlen else {}

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Restore the snapshots from a checkpoint."""
        numbers = range(state.get("snapshots", 0))
        wanted = {f"{number}.{name}": weight for number in numbers for name, weight in self.weights.items()}
        require_same(tensors, wanted, "the averaged weights")
        self.snapshots.clear()
        for number in numbers:
            kept = {name: tensors[f"{number}.{name}"] for name in self.weights}
            self.snapshots.append(
                {
                    name: part_of(kept[name], weight).to("cpu", copy=True)
                    for name, weight in self.weights.items()
                }
            )

    def _means(self) -> Iterator[tuple[str, Tensor]]:
        for name in self.weights:
            yield name, torch.stack([_as_float32(copies[name]) for copies in self.snapshots]).mean(0)


Average = ExponentialAverage | SnapshotAverage


def _averaged_weights(model: nn.Module) -> dict[str, Tensor]:
    """The floating-point parameters and persistent buffers of a model by name; tied ones once."""
    found: dict[int, tuple[str, Tensor]] = {}
    for name, value in model.state_dict(keep_vars=True).items():
        if isinstance(value, Tensor) and value.is_floating_point():
            found.setdefault(id(value), (name, value))
    return dict(found.values())


def _as_float32(weight: Tensor) -> Tensor:
    """The weight in float32 at least: in bf16 the small steps of an average would be lost in rounding."""
    return weight.to(torch.promote_types(weight.dtype, torch.float32))


@contextmanager
def _exchanged(weights: Mapping[str, Tensor], averages: Iterable[tuple[str, Tensor]]) -> Iterator[None]:
    originals = {name: local(weight).clone() for name, weight in weights.items()}
    try:
        _copy(weights, averages)
        yield
    finally:
        _copy(weights, originals.items())


@torch.no_grad()
def _copy(weights: Mapping[str, Tensor], values: Iterable[tuple[str, Tensor]]) -> None:
    for name, value in values:
        local(weights[name]).copy_(value)
