"""Where a process of a training computes."""

import torch

from jumok.device import choose_device, resolve_device
from jumok.errors import RunError
from jumok.training.distributed import Distributed

OPTION = "training.device"


def device_of(name: str, processes: Distributed) -> torch.device:
    """The device of this name; `auto` is a GPU where there is one. Of several processes each has its own GPU."""
    name = resolve_device(name)
    if processes.world_size > 1 and name.startswith("cuda"):
        return own_gpu(name, processes.local_rank)
    return choose_device(name, OPTION)


def own_gpu(name: str, local_rank: int) -> torch.device:
    """The GPU of a process with this rank on its machine, which it takes for everything."""
    if name != "cuda":
        raise RunError(
            f"training.device: {name!r} is one GPU for several processes; say cuda, and each takes its own"
        )
    if local_rank >= torch.cuda.device_count():
        raise RunError(
            f"there are more processes ({local_rank + 1} at least) than GPUs ({torch.cuda.device_count()}) on this "
            "machine; lower --nproc-per-node, or set training.device: cpu"
        )
    device = choose_device(f"cuda:{local_rank}", OPTION)
    torch.cuda.set_device(device)
    return device
