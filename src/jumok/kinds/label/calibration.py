"""What is chosen on the valid part when a training is done: how sure a label is, and from when on it counts."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

from jumok.classes import Class
from jumok.files import write_json
from jumok.kinds.saved import saved_json
from jumok.metrics.labels import LEAST_PROBABILITY

MIN_CALIBRATION_EXAMPLES = 50  # examples, from which on probabilities are calibrated
FEWEST_WRONG = 5  # of them, without which they say nothing of how often a model errs
FEWEST_OF_CLASS = 10  # examples with a class, and without it, from which on its threshold is chosen
EVEN = 0.5  # the threshold of a class that is not chosen
LARGEST = 10.0  # temperature, and one over the least


@dataclass(frozen=True)
class Calibration:
    """How probabilities are made of a model's own, and labels of probabilities."""

    temperature: float = 1.0  # logits are divided by it (Guo et al., 2017)
    thresholds: tuple[float, ...] = ()  # of each class where there may be several; none: even


@dataclass(frozen=True)
class LabelState:
    """What a label has learned beside the weights of its head."""

    classes: tuple[str, ...]
    counts: tuple[int, ...]  # training examples of each class
    examples: int  # of training
    calibration: Calibration = Calibration()

    @property
    def as_classes(self) -> tuple[Class, ...]:
        """The classes by number."""
        return tuple(map(Class, self.classes))


def best_temperature(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """The temperature with the least log loss (Guo et al., 2017, section 4.2).

    Args:
        probabilities: Of the classes (n, C), at temperature 1.
        classes: The right class of each example (n,).
    """
    logits = np.log(np.maximum(probabilities, LEAST_PROBABILITY))

    def loss(log_temperature: float) -> float:
        scaled = logits * np.exp(-log_temperature)
        scaled -= scaled.max(1, keepdims=True)
        right = np.take_along_axis(scaled, classes[:, None], 1)[:, 0]
        return float(np.mean(np.log(np.exp(scaled).sum(1)) - right))

    bound = np.log(LARGEST)
    return float(np.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded").x))


def threshold_of_best_f1(probabilities: np.ndarray, present: np.ndarray) -> float:
    """The least probability of a class at which its F1 is highest, half-way to the next lower one.

    Args:
        probabilities: Of the class (n,).
        present: Whether each example has it (n,).
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked, hits = probabilities[order], np.cumsum(present[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + present.sum())
    last_of_equals = np.append(ranked[1:] < ranked[:-1], True)
    best = int(np.where(last_of_equals, f1, -1.0).argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def write_label_state(file: Path, state: LabelState) -> None:
    """Write what a label has learned as JSON."""
    write_json(file, asdict(state))


def read_label_state(file: Path) -> LabelState:
    """RunError when the file is not what `write_label_state` wrote."""
    with saved_json(file) as found:
        calibration = found["calibration"]
        return LabelState(
            tuple(map(str, found["classes"])),
            tuple(map(int, found["counts"])),
            int(found["examples"]),
            Calibration(float(calibration["temperature"]), tuple(map(float, calibration["thresholds"]))),
        )
