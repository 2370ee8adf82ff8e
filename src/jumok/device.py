"""Devices and precisions."""

import platform

import torch

from jumok.choices import Precision
from jumok.errors import RunError


def choose_device(name: str, option: str = "device") -> torch.device:
    """The device of this name; `auto` is a GPU if there is one. Raises RunError if it cannot be used."""
    name = resolve_device(name)
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise RunError(f"{option}: {name!r} cannot be used here: {str(error).splitlines()[0]}") from None
    return device


def resolve_device(name: str) -> str:
    """What `auto` means on this machine; another name unchanged."""
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def seed_device(seed: int, device: torch.device) -> None:
    """Seed the random numbers of a device; `torch.manual_seed` would also tell those that are not there."""
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


NO_BF16 = "this processor does not compute in bf16; computing in fp32"


def has_bf16(device: torch.device) -> bool:
    """Whether all operations of models exist in bf16 on this device.

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
    """The precision to compute in: `asked`, or fp32 if the device has no bf16."""
    return asked if asked == "fp32" or has_bf16(device) else "fp32"


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """A context that computes products in this precision, if the device has it; weights are unchanged."""
    enabled = usable_precision(device, precision) == "bf16"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
