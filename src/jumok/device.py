"""Where a process computes."""

import torch

from jumok.errors import RunError


def choose_device(name: str, option: str = "device") -> torch.device:
    """The device of this name; `auto` is a GPU where there is one. RunError names the option when it is unusable."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise RunError(f"{option}: {name!r} cannot be used here: {str(error).splitlines()[0]}") from None
    return device
