"""Where a process computes."""

import torch

from jumok.errors import RunError
from jumok.training.processes import Processes


def choose_device(name: str, processes: Processes) -> torch.device:
    """The device of this name; `auto` is a GPU where there is one. Of several processes each has its own GPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if processes.number > 1 and name.startswith("cuda"):
        return own_gpu(name, processes.local_rank)
    return usable(name)


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
    device = usable(f"cuda:{local_rank}")
    torch.cuda.set_device(device)
    return device


def usable(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise RunError(
            f"training.device: {name!r} cannot be used here: {str(error).splitlines()[0]}"
        ) from None
    return device
