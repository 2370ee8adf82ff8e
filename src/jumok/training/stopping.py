"""Which evaluation was the best, and when to hope no longer."""

import math
from collections.abc import Mapping
from typing import Any

from jumok.errors import RunError


class Best:
    """The best value of a metric so far, the step it came at, and how many evaluations have been worse since.

    `patience` counts evaluations without a new best; None never runs out.
    """

    def __init__(self, metric: str, higher_is_better: bool, patience: int | None = None) -> None:
        self.metric = metric
        self.higher_is_better = higher_is_better
        self.patience = patience
        self.value: float | None = None
        self.step: int | None = None
        self.waited = 0

    def update(self, value: float, step: int) -> bool:
        """Take the value of an evaluation; tells whether it is a new best. NaN and infinities never are."""
        better = math.isfinite(value) and (self.value is None or self._is_better(value, self.value))
        if better:
            self.value, self.step, self.waited = value, step, 0
        else:
            self.waited += 1
        return better

    @property
    def exhausted(self) -> bool:
        """Whether `patience` evaluations in a row brought no new best."""
        return self.patience is not None and self.waited >= self.patience

    def state(self) -> dict[str, Any]:
        """What a checkpoint must keep, as JSON."""
        return {"metric": self.metric, "value": self.value, "step": self.step, "waited": self.waited}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` told."""
        if state["metric"] != self.metric:
            raise RunError(
                f"the checkpoint looked for the best {state['metric']!r}, but {self.metric!r} is asked for; "
                "use the old metric, or start in a new run folder"
            )
        self.value, self.step, self.waited = state["value"], state["step"], state["waited"]

    def _is_better(self, value: float, than: float) -> bool:
        return value > than if self.higher_is_better else value < than
