"""The numbers that a training computes in: bf16 where this machine is faster in it, measured, not guessed.

fp16 is not offered: its small range needs a scaled loss, and what computes fast in fp16 does so in bf16.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from jumok.device import Precision, autocast, has_fast_bf16

MIN_SPEEDUP = 1.1  # bf16 must be this many times faster, or its rounding is not worth it
BUDGET_SECONDS = 2.0  # for all measuring
SHARES = (1 / 16, 1 / 4, 1.0)  # of a batch: larger ones are measured as far as the budget goes
PRODUCT = 256  # rows and columns of the matrices of the first, tiny comparison
SURE = 2.0  # a product that gains so much in bf16 decides alone, where a batch takes too long to be tried


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

    Measuring stops before it is expected to exceed `BUDGET_SECONDS`: nothing of which the same in fp32 took more than
    what is left is tried in bf16. A bf16 that fails means fp32.
    """
    if not decide(lambda: has_fast_bf16(device)):
        return Chosen("fp32", {}, "this processor does not multiply in bf16")
    gain = decide(lambda: _gain_of_product(device))
    if gain <= 1.0 and device.type == "cpu":  # elsewhere a small product is too short to tell
        return Chosen("fp32", {}, "a small product is no faster in bf16 here")
    say(f"measuring whether fp32 or bf16 is faster here (at most about {BUDGET_SECONDS:.0f} seconds)")
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        seconds = _race(device, trial, rounds, clock)
    if not seconds:
        reason = f"a batch takes too long to be tried; a small product is {gain:.1f} times as fast in bf16"
        return Chosen("bf16" if gain >= SURE else "fp32", {}, reason)
    if "bf16" not in seconds:
        return Chosen("fp32", seconds, "an operation of this model is missing in bf16")
    share = max(seconds["fp32"] / max(seconds["bf16"], 1e-9), 1e-9)
    faster = share >= MIN_SPEEDUP
    return Chosen("bf16" if faster else "fp32", seconds, f"bf16 takes {1 / share:.2f} of the time of fp32")


def _race(
    device: torch.device, trial: Callable[[float], None], rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    """The shortest seconds of both precisions by turns, on the largest share of the batch that the budget allows.

    Empty where even the smallest share takes too long, without bf16 where that fails.
    """
    end = clock() + BUDGET_SECONDS
    best: dict[str, float] = {}
    before = 0.0
    first: dict[str, float] = {}  # loads code, and says nothing but how long the next one takes at most
    _measure(device, trial, SHARES[0], "fp32", first, clock)
    if clock() + first["fp32"] > end:
        return {}
    for share in SHARES:
        if best and clock() + sum(best.values()) * share / before > end:
            break
        seconds: dict[str, float] = {}
        for _ in range(rounds if share == SHARES[-1] else 2):
            _measure(device, trial, share, "fp32", seconds, clock)
            if clock() + seconds["fp32"] > end:
                break
            try:
                _measure(device, trial, share, "bf16", seconds, clock)
            except RuntimeError:  # this build of torch lacks bf16 for some operation here
                return {"fp32": seconds["fp32"]}
            if clock() + sum(seconds.values()) > end:
                break
        if "bf16" not in seconds:
            break
        best, before = seconds, share
    return best


def _gain_of_product(device: torch.device) -> float:
    """How many times as fast a tiny matrix product is in bf16; a few milliseconds."""
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
    return seconds["fp32"] / max(seconds["bf16"], 1e-9)


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
