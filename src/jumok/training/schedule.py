"""How large a step is, at each step: step 1 is the first, `steps` the last."""

import math
from dataclasses import dataclass
from typing import Literal

ScheduleKind = Literal["inverse_sqrt", "cosine", "constant"]


def inverse_sqrt(step: int, warmup: int, peak: float) -> float:
    """Rise linearly to peak, then fall with the square root of the step (Vaswani et al., 2017, section 5.3).

    A warm-up of 0 counts as 1: the first step has the peak.
    """
    warmup = max(1, warmup)
    return peak * min(step / warmup, math.sqrt(warmup / step))


def cosine(step: int, warmup: int, steps: int, peak: float, final: float = 0.0) -> float:
    """Rise linearly to peak, then half a cosine down to final at step `steps` (Loshchilov & Hutter, 2017)."""
    if step <= warmup:
        return peak * step / warmup
    progress = min(1.0, (step - warmup) / max(1, steps - warmup))
    return final + (peak - final) * 0.5 * (1.0 + math.cos(math.pi * progress))


def constant(step: int, warmup: int, peak: float) -> float:
    """Rise linearly to peak and stay."""
    return peak * min(1.0, step / max(1, warmup))


@dataclass(frozen=True)
class Schedule:
    """The learning rate of each step of a training."""

    kind: ScheduleKind
    peak: float
    warmup: int
    steps: int

    def __call__(self, step: int) -> float:
        if self.kind == "inverse_sqrt":
            return inverse_sqrt(step, self.warmup, self.peak)
        if self.kind == "cosine":
            return cosine(step, self.warmup, self.steps, self.peak)
        return constant(step, self.warmup, self.peak)
