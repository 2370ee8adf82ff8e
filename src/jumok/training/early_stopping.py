"""Which evaluation was the best, and when to hope no longer."""

import math
from collections.abc import Mapping
from typing import Any

from jumok.errors import RunError

LEAST_FALL = 1e-4  # of the loss, as a share: smaller ones are the noise of a training that stands still


class EarlyStopping:
    """The best evaluation so far by a metric, ties decided by the loss, and how many have brought no progress since.

    Progress is a better value of the metric, an equal value with a lower loss, or a loss clearly below all so far: an
    exact match that is 0 for long while the loss falls is no standstill. `patience` counts evaluations without progress
    in the second half of the schedule of `steps` steps, for what a falling learning rate brings comes late; None never
    runs out.
    """

    def __init__(
        self, metric: str, higher_is_better: bool, patience: int | None = None, steps: int = 0
    ) -> None:
        self.metric = metric
        self.higher_is_better = higher_is_better
        self.patience = patience
        self.steps = steps
        self.value: float | None = None
        self.loss = math.inf  # of the best evaluation
        self.lowest = math.inf  # of all losses
        self.step: int | None = None
        self.bad_evaluations = 0

    def update(self, value: float, loss: float, step: int) -> bool:
        """Take an evaluation; tells whether it is a new best. NaN and infinite values never are.

        Args:
            value: The score that chooses the model.
            loss: The validation loss.
            step: The step of the evaluation.

        Returns:
            Whether it is a new best.
        """
        better = math.isfinite(value) and (self.value is None or self._is_better(value, loss))
        gains = better and (self.value != value or loss < self.loss * (1 - LEAST_FALL))
        if better:
            self.value, self.loss, self.step = value, loss, step
        if gains or loss < self.lowest * (1 - LEAST_FALL):
            self.bad_evaluations = 0
        elif 2 * step > self.steps:
            self.bad_evaluations += 1
        self.lowest = min(self.lowest, loss)
        return better

    @property
    def should_stop(self) -> bool:
        """Whether `patience` evaluations in a row brought no progress."""
        return self.patience is not None and self.bad_evaluations >= self.patience

    @property
    def reason(self) -> str:
        """Why hope has ended."""
        return (
            f"{self.bad_evaluations} evaluations in a row brought no better {self.metric} and no lower loss"
        )

    def hope_again(self) -> None:
        """Wait anew where hope had ended, since more is asked for."""
        if self.should_stop:
            self.bad_evaluations = 0

    def state(self) -> dict[str, Any]:
        """What a checkpoint must keep, as JSON."""
        losses = {"loss": finite(self.loss), "lowest": finite(self.lowest)}
        return {
            "metric": self.metric,
            "value": self.value,
            "step": self.step,
            "waited": self.bad_evaluations,
            **losses,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` told; that of older checkpoints knows no losses."""
        if state["metric"] != self.metric:
            raise RunError(
                f"the checkpoint looked for the best {state['metric']!r}, but {self.metric!r} is asked for; "
                "use the old metric, or start in a new run folder"
            )
        self.value, self.step, self.bad_evaluations = state["value"], state["step"], state["waited"]
        self.loss, self.lowest = infinite(state.get("loss")), infinite(state.get("lowest"))

    def _is_better(self, value: float, loss: float) -> bool:
        if value == self.value:
            return loss < self.loss
        than = self.value if self.value is not None else -math.inf
        return value > than if self.higher_is_better else value < than


def finite(loss: float) -> float | None:
    """A loss as JSON knows it."""
    return loss if math.isfinite(loss) else None


def infinite(loss: float | None) -> float:
    """The loss that `finite` was given."""
    return math.inf if loss is None else loss
