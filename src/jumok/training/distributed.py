"""The processes that train one model together: who they are, and the little that they tell each other.

torchrun starts them alike. The first one reads the command line, writes the files and talks; the others follow it.
What they tell each other is JSON and tensors, over gloo; gradients take the fastest way (nccl between GPUs).
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from jumok.errors import RunError
from jumok.machine import is_one_of_several

T = TypeVar("T")  # of values that JSON can hold, where they travel
PATIENCE = timedelta(
    days=2
)  # others wait while the first one reads a large corpus; a dead one is noticed at once


class RemoteFailure(RunError):
    """Another process failed, and says why; this one only stops."""


class SingleProcess:
    """One process, which has nobody to talk to."""

    rank, world_size, local_rank, is_first = 0, 1, 0, True

    def broadcast(self, work: Callable[[], T]) -> T:
        """Do the work."""
        return work()

    def all_gather(self, work: Callable[[], T]) -> list[T]:
        """Do the work; a list with its only result."""
        return [work()]

    def rank_zero_first(self, work: Callable[[], T]) -> T:
        """Do the work."""
        return work()

    def sum(self, value: float) -> float:
        """The value itself."""
        return value

    def broadcast_tensors(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The tensors themselves."""
        return tensors


class ProcessGroup:
    """Several processes, as torch.distributed connects them. All call the same methods in the same order."""

    def __init__(self) -> None:
        self.rank, self.world_size = dist.get_rank(), dist.get_world_size()
        self.local_rank = int(os.environ.get("LOCAL_RANK", self.rank))  # among those of this machine
        self.is_first = self.rank == 0

    def broadcast(self, work: Callable[[], T]) -> T:
        """Do the work in the first process; all get its result or its error."""
        attempt = attempted(work) if self.is_first else Attempt({}, None)
        (value,) = settled(attempt, [self._sent(attempt.to_json, 0)])
        return value

    def all_gather(self, work: Callable[[], T]) -> list[T]:
        """Do the work in every process; all get all results, or the error of one."""
        attempt = attempted(work)
        return settled(attempt, [self._sent(attempt.to_json, source) for source in range(self.world_size)])

    def rank_zero_first(self, work: Callable[[], T]) -> T:
        """Do the work in the first process, then in the others, which may find what it wrote."""
        done: list[T] = []
        self.broadcast(lambda: done.append(work()))
        self.all_gather(lambda: None if done else done.append(work()))
        return done[0]

    def sum(self, value: float) -> float:
        """The sum of a value over all processes."""
        total = torch.tensor(value, dtype=torch.float64)
        dist.all_reduce(total)
        return float(total)

    def broadcast_tensors(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The tensors of the first process, in every process."""
        forms = self.broadcast(lambda: {name: form(tensor) for name, tensor in tensors.items()})
        received = {}
        for name, (shape, dtype) in forms.items():
            empty = torch.empty(shape, dtype=getattr(torch, dtype))
            received[name] = tensors[name].contiguous() if self.is_first else empty
            dist.broadcast(received[name], 0)
        return received

    def _sent(self, document: dict[str, Any], source: int) -> dict[str, Any]:
        """The document of the process `source`, in all."""
        data = torch.frombuffer(bytearray(json.dumps(document).encode()), dtype=torch.uint8)
        size = torch.tensor(len(data))
        dist.broadcast(size, source)
        if self.rank != source:
            data = torch.empty(int(size), dtype=torch.uint8)
        dist.broadcast(data, source)
        return dict(json.loads(data.numpy().tobytes()))


Distributed = SingleProcess | ProcessGroup  # what a training needs of the processes that it runs in


def form(tensor: Tensor) -> tuple[tuple[int, ...], str]:
    """Shape and type of a tensor, as JSON can say them."""
    return tuple(tensor.shape), str(tensor.dtype).removeprefix("torch.")


class Attempt(NamedTuple):
    """How a piece of work went."""

    to_json: dict[str, Any]  # its value, or its error in words
    error: BaseException | None


def attempted(work: Callable[[], Any]) -> Attempt:
    """Do a piece of work; its error, of whatever kind, is kept until the others know of it."""
    try:
        return Attempt({"value": work()}, None)
    except BaseException as error:
        return Attempt({"error": str(error) or type(error).__name__}, error)


def settled(attempt: Attempt, documents: list[dict[str, Any]]) -> list[Any]:
    """The values of all; or the error of this process, or word of another one's."""
    if attempt.error is not None:
        raise attempt.error
    for document in documents:
        if "error" in document:
            raise RemoteFailure(document["error"])
    return [document["value"] for document in documents]


def init_distributed() -> Distributed:
    """The processes that torchrun started together with this one, or this one alone."""
    if not is_one_of_several():
        return SingleProcess()
    if not dist.is_initialized():
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE
        )
    return ProcessGroup()


def shutdown() -> None:
    """Take leave of the other processes at the end of all work, as nccl asks for."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
