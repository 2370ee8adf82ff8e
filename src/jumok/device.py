"""Where a process computes, and in which numbers."""

import platform

import torch

from jumok.choices import Precision
from jumok.errors import RunError


def choose_device(name: str, option: str = "device") -> torch.device:
    """The device of this name; `auto` is a GPU where there is one. RunError names the option when it is unusable."""
    name = resolve_device(name)
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise RunError(f"{option}: {name!r} cannot be used here: {str(error).splitlines()[0]}") from None
    return device


def resolve_device(name: str) -> str:
    """What `auto` means here; another name as it is."""
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


NO_BF16 = "this processor does not compute in bf16; computing in fp32"


def has_bf16(device: torch.device) -> bool:
    """Whether all operations that models are made of exist in bf16 here.

    oneDNN, which computes on CPUs, has bf16 from AVX-512 on (and on ARM with its bf16 instructions). On a plain AVX2
    processor products are hundreds of times slower than in fp32, and there is no LSTM at all.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu":
        return True
    if not torch.backends.mkldnn.is_available():
        return False
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the processor itself multiplies in bf16 (AVX512-BF16, AMX, ARM's bf16), so that it may be faster."""
    if device.type != "cpu" or not has_bf16(device):
        return has_bf16(device)
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def usable_precision(device: torch.device, asked: Precision) -> Precision:
    """The precision that is computed in where `asked` is asked for: fp32 where there is no bf16."""
    return asked if asked == "fp32" or has_bf16(device) else "fp32"


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """A context in which products are computed in this precision, if the device has it; weights stay as they are."""
    enabled = usable_precision(device, precision) == "bf16"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
