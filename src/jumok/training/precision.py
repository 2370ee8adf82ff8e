"""The numbers that a training computes in: bf16 where this machine is faster in it, measured, not guessed.

fp16 is not offered: its small range needs a scaled loss, and what computes fast in fp16 does so in bf16.
"""

import time
from collections.abc import Callable

import torch

from jumok.device import Precision, autocast

WORTHWHILE = 1.1  # bf16 must be this many times faster, or its rounding is not worth it
HOPELESS = 3.0  # bf16 this many times slower is not tried a third time
ENOUGH = 2.0  # seconds


def now() -> float:
    """The clock of this process."""
    return time.perf_counter()


def choose_precision(
    device: torch.device, trial: Callable[[], None], rounds: int = 10, clock: Callable[[], float] = now
) -> tuple[Precision, dict[str, float]]:
    """Measure a trial in both precisions by turns: the one to use, and the shortest time of each in seconds.

    Short trials are repeated up to `rounds` times, for the first ones are slow and others may be disturbed.

    `trial` is one forward and backward on a real batch, and clears its gradients; the random numbers that it
    draws are given back. A bf16 that fails is not among the times. Processes that look at one clock choose alike.
    """
    seconds: dict[str, float] = {}
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        started = clock()
        for number in range(1, rounds + 1):
            _measure(device, trial, "fp32", seconds, clock)
            if not _bf16_possible(device):
                continue
            try:
                _measure(device, trial, "bf16", seconds, clock)
            except RuntimeError:  # this build of torch lacks bf16 for some operation here
                return "fp32", {"fp32": seconds["fp32"]}
            hopeless = seconds["bf16"] > HOPELESS * seconds["fp32"]
            if (number >= 2 and hopeless) or (number >= 3 and clock() - started > ENOUGH):
                break
    faster = "bf16" in seconds and seconds["fp32"] >= WORTHWHILE * seconds["bf16"]
    return "bf16" if faster else "fp32", seconds


def _bf16_possible(device: torch.device) -> bool:
    return device.type != "cuda" or torch.cuda.is_bf16_supported()


def _measure(
    device: torch.device,
    trial: Callable[[], None],
    precision: Precision,
    seconds: dict[str, float],
    clock: Callable[[], float],
) -> None:
    """Run the trial once, and keep its time if it is the shortest in this precision."""
    _wait(device)
    start = clock()
    with autocast(device, precision):
        trial()
    _wait(device)
    elapsed = clock() - start
    seconds[precision] = min(elapsed, seconds.get(precision, elapsed))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":  # kernels run on after the call that asked for them
        torch.cuda.synchronize(device)
