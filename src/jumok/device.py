"""Where a process computes, and in which numbers."""

import torch

from jumok.choices import Precision
from jumok.errors import RunError


def choose_device(name: str, option: str = "device") -> torch.device:
    """The device of this name; `auto` is a GPU where there is one. RunError names the option when it is unusable."""
    name = settled(name)
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise RunError(f"{option}: {name!r} cannot be used here: {str(error).splitlines()[0]}") from None
    return device


def settled(name: str) -> str:
    """What `auto` means here; another name as it is."""
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """A context in which products are computed in this precision; weights stay as they are."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")
