"""What the benchmark runs on."""

import os
import platform
from pathlib import Path
from typing import Any

import torch

from jumok.device import has_fast_bf16

FEATURES = ("amx_tile", "amx_bf16", "amx_int8", "avx512f", "avx512_bf16", "avx512_vnni", "avx2")


def describe_machine(threads: int) -> dict[str, Any]:
    return {
        "processor": cpu_lines().get("model name", platform.processor() or platform.machine()),
        "cores": os.cpu_count(),
        "threads": threads,
        "features": features(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def features() -> list[str]:
    """What of FEATURES the processor has."""
    flags = set(cpu_lines().get("flags", "").split())
    return [name for name in FEATURES if name in flags]


def computes_bf16() -> bool:
    """Whether the processor multiplies in bf16 by itself."""
    return has_fast_bf16(torch.device("cpu"))


def cpu_lines() -> dict[str, str]:
    """The first processor of /proc/cpuinfo; nothing where there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
