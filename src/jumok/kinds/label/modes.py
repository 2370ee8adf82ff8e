"""Three ways to have labels: one of several classes, one of classes in order, or any number of classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jumok.heads.pooled import OrderedLogits
from jumok.losses.labels import exclusive_loss, ordered_log_probabilities, several_loss
from jumok.metrics.labels import Label


class LabelMode(Protocol):
    """How logits are made, learned by, and read."""

    def output(self, width: int, classes: int) -> nn.Module:
        """The layer from a vector (B, D) to logits."""
        ...

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """Log-probabilities (B, C) of the classes."""
        ...

    def weights(self, counts: np.ndarray, examples: int) -> np.ndarray:
        """Weights (C,) by which each class counts the same in the loss.

        Args:
            counts: The training examples of each class (C,).
            examples: All training examples.
        """
        ...

    def loss(self, logits: Tensor, present: Tensor, weights: Tensor, smoothing: float) -> Tensor:
        """The loss of each example (B,).

        Args:
            logits: What `output` gave.
            present: The right classes (B, C).
            weights: Of the classes (C,).
            smoothing: Label smoothing.
        """
        ...

    def choose(self, probabilities: np.ndarray, thresholds: Sequence[float]) -> Label:
        """The classes of an example by their probabilities (C,)."""
        ...


@dataclass(frozen=True)
class ExclusiveLabel:
    """Exactly one class."""

    layer: Callable[[int, int], nn.Module]  # of a width and a number of classes
    log_probability: Callable[[Tensor], Tensor]  # of each class (B, C), from what the layer gives
    smooths: bool  # whether wrong classes are alike, so that smoothing may spread over them

    def output(self, width: int, classes: int) -> nn.Module:
        """The layer from a vector (B, D) to logits."""
        return self.layer(width, classes)

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """Log-probabilities (B, C), whose probabilities sum to one."""
        return self.log_probability(logits)

    def weights(self, counts: np.ndarray, examples: int) -> np.ndarray:
        """n / (C · n_c), as scikit-learn's `class_weight="balanced"`; their mean over the examples is 1."""
        return examples / (len(counts) * np.maximum(counts, 1.0))

    def loss(self, logits: Tensor, present: Tensor, weights: Tensor, smoothing: float) -> Tensor:
        """Cross-entropy (B,)."""
        classes = present.long().argmax(1)  # (B,)
        return exclusive_loss(
            self.log_probability(logits), classes, weights, smoothing if self.smooths else 0.0
        )

    def choose(self, probabilities: np.ndarray, thresholds: Sequence[float]) -> Label:
        """The likeliest class; ties go to the first."""
        return (int(probabilities.argmax()),)


ONE_LABEL = ExclusiveLabel(nn.Linear, partial(torch.log_softmax, dim=-1), smooths=True)
ORDERED_LABEL = ExclusiveLabel(OrderedLogits, ordered_log_probabilities, smooths=False)


class SeveralLabels:
    """Any number of classes, each by a sigmoid of its own."""

    def output(self, width: int, classes: int) -> nn.Module:
        """One logit of each class."""
        return nn.Linear(width, classes)

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """The log-sigmoid (B, C)."""
        return F.logsigmoid(logits)

    def weights(self, counts: np.ndarray, examples: int) -> np.ndarray:
        """Examples without a class over examples with it, by which both count the same."""
        return np.maximum(examples - counts, 1.0) / np.maximum(counts, 1.0)

    def loss(self, logits: Tensor, present: Tensor, weights: Tensor, smoothing: float) -> Tensor:
        """Binary cross-entropy of each class; nothing is smoothed."""
        return several_loss(logits, present, weights)

    def choose(self, probabilities: np.ndarray, thresholds: Sequence[float]) -> Label:
        """The classes whose probability reaches their threshold."""
        return tuple(np.flatnonzero(probabilities >= np.array(thresholds)).tolist())


SEVERAL_LABELS = SeveralLabels()
