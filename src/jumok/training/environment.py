"""What a training ran on, for the record."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from jumok.files import write_json
from jumok.machine import time_now
from jumok.reporting.runs import read
from jumok.training.reporter import RunInfo


def describe_environment(began: RunInfo, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """Size of model and data, versions, processor, and when it all began; `before` is what an earlier session told."""
    before = before or {}
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
        "began": before.get("began") or before.get("date") or time_now(),
        "sessions": int(before.get("sessions") or 0) + 1,
    }


def begin_environment(file: Path, began: RunInfo) -> None:
    """Note what a session trains, and on what; a training that goes on began when its first session did."""
    write_json(file, describe_environment(began, read(file) if began.start else None))


def end_environment(file: Path, stopped: str | None = None) -> None:
    """Note that a training came to its end, and why, where that was before its last step."""
    reason = {} if stopped is None else {"stopped": stopped}
    write_json(file, {**read(file), "ended": time_now(), **reason})


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
    """The installed version of a package, or "unknown"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
