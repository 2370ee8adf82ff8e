"""The numbers that a training computes in: bf16 where this machine is faster in it, measured, not guessed.

fp16 is not offered: its small range needs a scaled loss, and what computes fast in fp16 does so in bf16.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import torch

from jumok.device import Precision, autocast, has_fast_bf16

MIN_SPEEDUP = 1.1  # bf16 must be this many times faster, or its rounding is not worth it
BUDGET_SECONDS = 2.0  # for all measuring
SHARES = (1 / 16, 1 / 4, 1.0)  # of a batch: larger ones are measured as far as the budget goes
PRODUCT = 256  # rows and columns of the matrices of the first, tiny comparison


class Chosen(NamedTuple):
    """A precision, the shortest measured seconds of both (empty where nothing was measured), and why."""

    precision: Precision
    seconds: dict[str, float]
    reason: str


def now() -> float:
    """The clock of this process."""
    return time.perf_counter()


def choose_precision(
    device: torch.device,
    trial: Callable[[float], None],
    say: Callable[[str], None] = lambda sentence: None,
    rounds: int = 10,
    clock: Callable[[], float] = now,
    decide: Callable[[Callable[[], Any]], Any] = lambda question: question(),
) -> Chosen:
    """Choose between fp32 and bf16: ask the processor, compare a tiny product, then a growing part of a real batch.

    Args:
        device: Where the training computes.
        trial: One forward and backward on this share of a real batch; clears its gradients. The random numbers that
            it draws are given back.
        say: Told what is measured before it is measured.
        rounds: Repetitions of each measurement at most; the shortest time counts, for first runs are slow.
        clock: Processes that look at one clock choose alike.
        decide: Answers a question about the machine; of several processes, the first one's answer for all.

    Measuring stops before it is expected to exceed `BUDGET_SECONDS`. A bf16 that fails means fp32.
    """
    if not decide(lambda: has_fast_bf16(device)):
        return Chosen("fp32", {}, "this processor does not multiply in bf16")
    if not decide(lambda: _product_is_faster(device)):
        return Chosen("fp32", {}, "a small product is no faster in bf16 here")
    say(f"measuring whether fp32 or bf16 is faster here (at most about {BUDGET_SECONDS:.0f} seconds)")
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        seconds = _race(device, trial, rounds, clock)
    if "bf16" not in seconds:
        return Chosen("fp32", seconds, "an operation of this model is missing in bf16")
    share = max(seconds["fp32"] / max(seconds["bf16"], 1e-9), 1e-9)
    faster = share >= MIN_SPEEDUP
    return Chosen("bf16" if faster else "fp32", seconds, f"bf16 takes {1 / share:.2f} of the time of fp32")


def _race(
    device: torch.device, trial: Callable[[float], None], rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    """The shortest seconds of both precisions by turns, on the largest share of the batch that the budget allows."""
    end = clock() + BUDGET_SECONDS
    best: dict[str, float] = {}
    before = 0.0
    with suppress(RuntimeError):  # the first runs load code and say nothing; what is wrong shows again below
        _measure(device, trial, SHARES[0], "fp32", {}, clock)
        _measure(device, trial, SHARES[0], "bf16", {}, clock)
    for share in SHARES:
        if best and clock() + (best["fp32"] + best["bf16"]) * share / before > end:
            break
        seconds: dict[str, float] = {}
        last = share == SHARES[-1]
        for _ in range(rounds if last else 2):
            try:
                _measure(device, trial, share, "fp32", seconds, clock)
                _measure(device, trial, share, "bf16", seconds, clock)
            except RuntimeError:
                if "fp32" not in seconds:
                    raise
                return {"fp32": seconds["fp32"]}  # this build of torch lacks bf16 for some operation here
            if clock() + seconds["fp32"] + seconds["bf16"] > end:
                break
        best, before = seconds, share
    return best


def _product_is_faster(device: torch.device) -> bool:
    """Whether a tiny matrix product in bf16 takes less time than in fp32; a few milliseconds."""
    seconds: dict[str, float] = {}
    for _ in range(5):
        for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
            x = torch.ones(PRODUCT, PRODUCT, dtype=dtype, device=device)
            _wait(device)
            start = now()
            x @ x
            _wait(device)
            elapsed = now() - start
            seconds[precision] = min(elapsed, seconds.get(precision, elapsed))
    return device.type != "cpu" or seconds["bf16"] < seconds["fp32"]


def _measure(
    device: torch.device,
    trial: Callable[[float], None],
    share: float,
    precision: Precision,
    seconds: dict[str, float],
    clock: Callable[[], float],
) -> None:
    """Run the trial once, and keep its time if it is the shortest in this precision."""
    _wait(device)
    start = clock()
    with autocast(device, precision):
        trial(share)
    _wait(device)
    elapsed = clock() - start
    seconds[precision] = min(elapsed, seconds.get(precision, elapsed))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":  # kernels run on after the call that asked for them
        torch.cuda.synchronize(device)
