"""Metrics of labels: accuracies, F1, area under the ROC curve, log loss, calibration, and the confusion matrix.

A prediction is a `LabelAnswer`, and a reference the list of all right answers to an example, each a tuple of classes by
number. Where an example has several right answers, it is compared with the predicted one if that is among them, else
with the first.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from jumok.metrics.interval import Limits
from jumok.metrics.masks import divided
from jumok.metrics.metric import UNIT_RANGE, Metric, ScoreTable, check_pairs, mean, once, read_off

CONFIDENCE_BINS = 15  # of confidence (Guo et al., 2017, section 4)
LEAST_PROBABILITY = 1e-12  # probability, for logarithms
OVERALL = ("accuracy", "balanced_accuracy", "f1", "auroc", "ece", "log_loss", "mae")
LOWER_IS_BETTER: dict[str, Limits] = {"ece": (0.0, 1.0), "log_loss": (0.0, np.inf), "mae": (0.0, np.inf)}

Label = tuple[int, ...]  # the classes of an example by number, in their order


class LabelAnswer(NamedTuple):
    """What was predicted for one example."""

    probabilities: np.ndarray  # (C,)
    chosen: Label


LabelMetric = Metric[LabelAnswer, list[Label]]


def overall_names(several: bool, ordered: bool) -> list[str]:
    """The metrics of all classes together that such labels have."""
    absent = {"balanced_accuracy"} if several else set()
    absent |= set() if ordered else {"mae"}
    return [name for name in OVERALL if name not in absent]


def label_metrics(
    names: Sequence[str], several: bool = False, ordered: bool = False
) -> dict[str, LabelMetric]:
    """All metrics of labels by name, those of scikit-learn where it has them.

    - `accuracy`: the share of examples whose classes are all right, and no others;
    - `balanced_accuracy`: the mean over the classes that occur of the share of their examples that are right;
    - `f1/NAME`: the harmonic mean of precision and recall of a class; `f1` the mean over the classes that occur or are
      predicted;
    - `auroc`: the mean over the classes of the probability that an example of the class ranks above one that is not;
    - `ece`: the expected calibration error of the chosen class's probability in 15 bins (Guo et al., 2017), of several
      labels that of all probabilities;
    - `log_loss`: the negative log-probability of the right class, of several labels a mean over the classes;
    - `mae`: the mean distance of ranks that are in order.

    All metrics of one call share their work, as long as they are given the same lists one after the other.

    Args:
        names: Names of the classes.
        several: Whether an example may have several classes, or none.
        ordered: Whether the classes are in order.
    """
    overall = overall_names(several, ordered)
    table = once(partial(label_scores, classes=len(names), several=several, overall=overall))
    columns = [*overall, *(f"f1/{name}" for name in names)]
    return {
        name: read_off(
            table, number, name, name not in LOWER_IS_BETTER, LOWER_IS_BETTER.get(name, UNIT_RANGE)
        )
        for number, name in enumerate(columns)
    }


def compared_with(answer: LabelAnswer, right: Sequence[Label]) -> Label:
    """The right answer that a prediction is compared with."""
    return answer.chosen if answer.chosen in right else right[0]


def membership(labels: Sequence[Label], classes: int) -> np.ndarray:
    """Which classes each label has (n, C)."""
    found = np.zeros((len(labels), classes), dtype=bool)
    for row, label in enumerate(labels):
        found[row, list(label)] = True
    return found


def label_scores(
    predictions: list[LabelAnswer],
    references: list[list[Label]],
    classes: int,
    several: bool,
    overall: Sequence[str],
) -> ScoreTable:
    """Prepare all scores of some labels.

    Args:
        predictions: The answer to each example.
        references: The right answers of each example.
        classes: Number of classes.
        several: Whether an example may have several classes.
        overall: The scores of all classes together that are wanted, by name.

    Returns:
        The scores named in `overall`, then F1 of each class.
    """
    check_pairs(predictions, references)
    truth = [compared_with(*pair) for pair in zip(predictions, references, strict=True)]
    right = membership(truth, classes)  # (n, C)
    chosen = membership([one.chosen for one in predictions], classes)  # (n, C)
    probabilities = np.array([one.probabilities for one in predictions]).reshape(-1, classes)  # (n, C)
    exact = (right == chosen).all(1).astype(float)  # (n,)
    hits = (right & chosen).astype(float)
    losses = log_losses(probabilities, right, several)
    measures: dict[str, Callable[[np.ndarray], float]] = {
        "accuracy": lambda w: weighted_mean(w, exact),
        "balanced_accuracy": lambda w: mean(divided(w @ hits, w @ right)),
        "f1": lambda w: mean(f1_of(w @ hits, w @ right, w @ chosen)),
        "ece": calibration_error(probabilities, right, chosen, several),
        "log_loss": lambda w: weighted_mean(w, losses),
    }
    if "auroc" in overall:
        measures["auroc"] = area_under_curves(probabilities, right)
    if "mae" in overall:
        distances = np.abs(right.argmax(1) - chosen.argmax(1)).astype(float)
        measures["mae"] = lambda w: weighted_mean(w, distances)

    def measure(weights: np.ndarray) -> np.ndarray:
        each = f1_of(weights @ hits, weights @ right, weights @ chosen)
        return np.array([*(measures[name](weights) for name in overall), *each])

    return ScoreTable(measure)


def weighted_mean(weights: np.ndarray, values: np.ndarray) -> float:
    """The mean of values (n,) that count weights (n,) times; NaN if none counts."""
    total = weights.sum()
    return float(weights @ values / total) if total else float("nan")


def f1_of(hits: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """F1 of each class (C,); NaN for one that neither occurs nor is predicted."""
    return divided(2 * hits, true + predicted)


def log_losses(probabilities: np.ndarray, right: np.ndarray, several: bool) -> np.ndarray:
    """The negative log-probability of what is right (n,); of several labels a mean over the classes."""
    if not several:
        return -np.log(np.maximum((probabilities * right).sum(1), LEAST_PROBABILITY))
    of_right = np.where(right, probabilities, 1 - probabilities)
    return -np.log(np.maximum(of_right, LEAST_PROBABILITY)).mean(1)


def calibration_error(
    probabilities: np.ndarray, right: np.ndarray, chosen: np.ndarray, several: bool
) -> Callable[[np.ndarray], float]:
    """The expected calibration error under weights (n,).

    Args:
        probabilities: Of the classes (n, C).
        right: The right classes (n, C).
        chosen: The chosen classes (n, C).
        several: Whether all probabilities count, or that of the chosen class.

    Returns:
        The mean distance of confidence and share of right answers, over bins of confidence.
    """
    if several:
        confidence, correct = probabilities, right.astype(float)  # (n, C)
    else:
        confidence = (probabilities * chosen).sum(1, keepdims=True)  # (n, 1)
        correct = (right & chosen).any(1, keepdims=True).astype(float)
    bins = np.clip(np.ceil(confidence * CONFIDENCE_BINS).astype(int) - 1, 0, CONFIDENCE_BINS - 1)
    excess = confidence - correct

    def measure(weights: np.ndarray) -> float:
        sums = np.bincount(bins.ravel(), (weights[:, None] * excess).ravel(), CONFIDENCE_BINS)
        total = weights.sum() * excess.shape[1]
        return float(np.abs(sums).sum() / total) if total else float("nan")

    return measure


def area_under_curves(scores: np.ndarray, right: np.ndarray) -> Callable[[np.ndarray], float]:
    """The mean area under the ROC curves of the classes under weights (n,); ties count one half.

    The area of a class is the share of pairs of an example and a counterexample that are ranked right (Hanley & McNeil,
    1982). Examples are sorted once for each class; between two examples of the class only the weight of the
    counterexamples matters, so that they are summed in segments.

    Args:
        scores: Of the classes (n, C).
        right: The right classes (n, C).

    Returns:
        The mean over classes that have both an example and a counterexample.
    """
    told = [number for number in range(right.shape[1]) if 0 < right[:, number].sum() < len(right)]
    curves = [rank_segments(scores[:, number], right[:, number]) for number in told]

    def measure(weights: np.ndarray) -> float:
        return mean(np.array([curve.area(weights) for curve in curves]))

    return measure


class RankSegments(NamedTuple):
    """The examples of one class's scores in increasing order, cut where an example of the class stands."""

    order: np.ndarray  # (n,) int32, of the examples
    starts: np.ndarray  # (S,), where the segments begin in that order
    rows: np.ndarray  # (P,), the examples of the class
    segments: np.ndarray  # (P,), the segment of each; it holds equal scores alone

    def area(self, weights: np.ndarray) -> float:
        """The area under the curve under weights (n,); NaN if no pair counts."""
        positive = np.bincount(self.segments, weights[self.rows], len(self.starts))  # (S,)
        negative = np.add.reduceat(weights[self.order], self.starts) - positive
        below = np.cumsum(negative) - negative / 2
        pairs = positive.sum() * negative.sum()
        return float(positive @ below / pairs) if pairs else float("nan")


def rank_segments(scores: np.ndarray, right: np.ndarray) -> RankSegments:
    """Sort the scores (n,) of a class; `right` (n,) tells its examples."""
    order = np.argsort(scores, kind="stable").astype(np.int32)
    ranked, hits = scores[order], right[order]
    is_new = np.concatenate(([True], ranked[1:] != ranked[:-1]))  # where another score begins
    group = np.cumsum(is_new) - 1  # (n,), of equal scores
    holds = np.bincount(group, hits) > 0  # groups with an example of the class
    begins = np.concatenate(([True], holds[1:] | holds[:-1]))  # a segment; others go on with the one before
    starts = np.flatnonzero(is_new)[begins]
    segment = (np.cumsum(begins) - 1)[group]  # (n,)
    return RankSegments(order, starts, order[hits], segment[hits])


def label_confusion(
    predictions: Sequence[LabelAnswer], references: Sequence[Sequence[Label]], classes: int
) -> np.ndarray:
    """How many examples of each class (rows) were predicted as each class (columns), int64 (C, C).

    An example for which nothing was chosen is left out.

    Args:
        predictions: The answers.
        references: The right labels of each example.
        classes: C, the number of classes.

    Returns:
        The counts (C, C).
    """
    check_pairs(predictions, references)
    table = np.zeros((classes, classes), dtype=np.int64)
    for answer, right in zip(predictions, references, strict=True):
        for predicted in answer.chosen:
            table[compared_with(answer, right)[0], predicted] += 1
    return table
