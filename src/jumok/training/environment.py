"""What a training ran on, for the record."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from jumok.training.reporter import Began


def describe_environment(began: Began) -> dict[str, Any]:
    """Size of model and data, versions, processor."""
    return {
        "parameters": began.parameters,
        "examples": began.examples,
        "fields": began.fields,
        "precision": began.precision,
        "device": began.device,
        "processor": processor(began.device),
        "processes": began.processes,
        "threads": torch.get_num_threads(),
        "jumok": installed("jumok"),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def processor(device: str) -> str:
    """The name of what computes."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(torch.device(device))
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name} ({os.cpu_count()} cores)"


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
