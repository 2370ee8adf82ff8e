"""What a training tells while it works; the command line shows it, tests and scripts may leave it silent."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from jumok.metrics.interval import Interval


class RunInfo(NamedTuple):
    """What is going to be trained."""

    run: str
    parameters: int
    examples: dict[str, int]  # by part
    fields: dict[str, str]  # inputs and outputs in a few words, like "8,000 tokens"
    precision: str
    device: str
    steps: int
    start: int  # the step that training goes on from
    processes: int = 1
    loss_unit: str = "token"  # what losses and speeds are told for; or "image"


class Progress(NamedTuple):
    """One step."""

    step: int
    steps: int
    epoch: int
    loss: float  # of a target token or an image, over the steps since the last word
    learning_rate: float
    per_second: float  # target tokens, or images
    seconds: float  # of training, over all sessions
    step_loss: float = math.nan  # of this step alone


class EvaluationInfo(NamedTuple):
    """One evaluation on the valid part."""

    step: int
    epoch: int
    loss: float
    metrics: dict[str, float]
    selection_metric: str  # the metric that chooses the best model
    best: bool  # whether this one is the best so far


class Reporter(Protocol):
    """Who is told."""

    def message(self, message: str) -> None: ...
    def on_start(self, what: RunInfo) -> None: ...
    def on_step(self, progress: Progress) -> None: ...
    def on_evaluation(self, evaluation: EvaluationInfo) -> None: ...
    def scoring(self, done: int, number: int) -> None: ...
    def on_scores(self, split: str, examples: int, metrics: dict[str, Interval]) -> None: ...
    def on_baselines(self, baselines: Mapping[str, Mapping[str, Any]]) -> None: ...
    def on_end(self) -> None: ...


class NullReporter:
    """Tells nobody."""

    def message(self, message: str) -> None:
        """Ignore a message."""
        pass

    def on_start(self, what: RunInfo) -> None:
        """Ignore the start."""
        pass

    def on_step(self, progress: Progress) -> None:
        """Ignore a step."""
        pass

    def on_evaluation(self, evaluation: EvaluationInfo) -> None:
        """Ignore an evaluation."""
        pass

    def scoring(self, done: int, number: int) -> None:
        """Ignore the progress of scoring."""
        pass

    def on_scores(self, split: str, examples: int, metrics: dict[str, Interval]) -> None:
        """Ignore the scores of a split.

        Args:
            split: The split.
            examples: The number of its examples.
            metrics: The scores with their intervals.
        """
        pass

    def on_baselines(self, baselines: Mapping[str, Mapping[str, Any]]) -> None:
        """Ignore the baselines, as evaluation.json has them."""
        pass

    def on_end(self) -> None:
        """Ignore the end."""
        pass
