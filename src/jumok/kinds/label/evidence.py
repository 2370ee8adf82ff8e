"""What the data show of each class of a label, and what became of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from jumok.classes import Class
from jumok.data.cache.store import TextStore
from jumok.kinds.checking import Finding
from jumok.kinds.error_tables import ErrorTable, class_counts_detail, confusion_detail
from jumok.kinds.label.calibration import (
    FEWEST_OF_CLASS,
    FEWEST_WRONG,
    MIN_CALIBRATION_EXAMPLES,
    Calibration,
    best_temperature,
    threshold_of_best_f1,
)
from jumok.kinds.label.cells import BadCell, label_names, quoted
from jumok.kinds.label.codec import AboutLabel
from jumok.kinds.label.prediction import LabelPrediction
from jumok.metrics.boxes import ClassCounts
from jumok.metrics.labels import (
    Label,
    LabelAnswer,
    LabelMetric,
    compared_with,
    label_confusion,
    label_metrics,
    membership,
)
from jumok.metrics.occurrence import Occurrence, occurrence
from jumok.wording import all_of, quantity

UNEVEN = (
    10  # times as many examples of the most frequent class as of the rarest, from which on it is a remark
)
MANY_CLASSES = 20  # classes, from which on they may be no classes at all
MAX_HEADLINE_CLASSES = 10  # classes whose F1 is among the scores worth showing


@dataclass(frozen=True)
class LabelScoring:
    """Accuracies, F1, area under the curve and calibration."""

    about: AboutLabel

    @cached_property
    def _metrics(self) -> dict[str, LabelMetric]:
        options = self.about.options
        return label_metrics(self.about.names, options.several, options.ordered is not None)

    def prediction(self, value: LabelPrediction) -> LabelAnswer:
        """Probabilities and chosen classes by number."""
        names = self.about.names
        chances = np.array([value.probabilities.get(name, 0.0) for name in names])
        return LabelAnswer(chances, tuple(sorted(names.index(name) for name in value.labels)))

    def reference(self, texts: Sequence[str], root: Path) -> list[Label]:
        """All right labels by number."""
        return [self.about.cells.label(text) for text in texts]

    def metrics(self) -> dict[str, LabelMetric]:
        """The metrics by name."""
        return self._metrics

    def headline(self, references: Sequence[list[Label]]) -> list[str]:
        """All but those of single classes, where there are many."""
        few = len(self.about.names) <= MAX_HEADLINE_CLASSES
        return [name for name in self._metrics if few or not name.startswith("f1/")]

    def selection_metric(self) -> LabelMetric:
        """The metric that chooses the best model."""
        return self._metrics[self.about.options.metric]

    def per_example_metric(self) -> LabelMetric:
        """How unlikely the right answer was held."""
        return self._metrics["log_loss"]


@dataclass(frozen=True)
class LabelClasses:
    """What the data show of each class."""

    about: AboutLabel
    unit: str = "examples"
    remedy: str = "add examples of another class"

    @property
    def classes(self) -> tuple[Class, ...]:
        """The classes by number."""
        return self.about.state.as_classes

    def lacks(self, store: TextStore, rows: np.ndarray, learning: bool) -> str | None:
        """Nothing can be learned where all rows have the same label."""
        different = set(store.texts(self.about.name, rows)) if learning else set()
        if len(different) != 1:
            return None
        return (
            f"{all_of(len(rows), 'example', 'has', 'have')} the same {self.about.name}, {different.pop()!r}"
        )

    def unknown(self, store: TextStore, rows: np.ndarray) -> dict[int, str]:
        """The rows with a label that is no class."""
        found: dict[int, str] = {}
        known: dict[str, str | None] = {}
        for place, text in enumerate(store.texts(self.about.name, rows)):
            if text not in known:
                known[text] = self.unknown_in(text)
            if (name := known[text]) is not None:
                found[place] = name
        return found

    def unknown_in(self, text: str) -> str | None:
        """The first label of a cell that is no class; None also where the cell cannot be read at all."""
        try:
            return self.about.cells.unknown(text)
        except BadCell:
            return None

    def support(self, references: Sequence[list[Label]]) -> dict[str, int]:
        """How many examples each class has, by the name of its score."""
        counts = membership([right[0] for right in references], len(self.about.names)).sum(0)
        return {f"f1/{name}": int(n) for name, n in zip(self.about.names, counts, strict=True)}

    def occurrence(self, predictions: Sequence[LabelAnswer], references: Sequence[list[Label]]) -> Occurrence:
        """Classes without an example, and those that are never predicted."""
        true, chosen = self.memberships(predictions, references)
        return occurrence(true.sum(0), chosen.sum(0), self.about.names)

    def error_tables(self, predictions: list[LabelAnswer], references: list[list[Label]]) -> list[ErrorTable]:
        """What became of the examples of each class, and what they were taken for."""
        true, chosen = self.memberships(predictions, references)
        right = (true & chosen).sum(0)
        missed, wrong = true.sum(0) - right, chosen.sum(0) - right
        rows = zip(self.about.names, right.tolist(), wrong.tolist(), missed.tolist(), strict=True)
        tables = [class_counts_detail([ClassCounts(*row) for row in rows])]
        if not self.about.options.several:
            matrix = label_confusion(predictions, references, len(self.about.names))
            tables.append(confusion_detail(matrix, self.about.names, "Labels", "examples"))
        return tables

    def memberships(
        self, predictions: Sequence[LabelAnswer], references: Sequence[list[Label]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The right and the chosen classes (n, C) of each example."""
        pairs = list(zip(predictions, references, strict=True))
        count = len(self.about.names)
        true = membership([compared_with(*pair) for pair in pairs], count)
        return true, membership([one.chosen for one in predictions], count)


@dataclass(frozen=True)
class LabelCheck:
    """Cells that name no label, and classes that are uneven."""

    about: AboutLabel

    def faults(self, store: TextStore, rows: np.ndarray) -> Iterator[Finding]:
        """Lists of labels that are damaged."""
        for place, text in enumerate(store.texts(self.about.name, rows)):
            try:
                label_names(text, self.about.options.several)
            except BadCell as bad:
                yield Finding(place, bad.problem, bad.remedy, "bad_label")

    def remarks(self, store: TextStore, rows: np.ndarray) -> Iterator[Finding]:
        """Classes without examples, uneven ones, and so many that they may be no classes."""
        names = self.about.names
        counts = self.about.cells.counts(store.texts(self.about.name, rows))
        absent = [name for name, many in zip(names, counts, strict=True) if not many]
        if absent:
            problem = f"has no example of {quoted(absent)}, which cannot be learned"
            yield Finding(None, problem, "add some, or drop the class", "unseen_label")
        if len(names) >= MANY_CLASSES and 2 * len(names) > len(rows):
            problem = f"has {quantity(len(names), 'class')} in {quantity(len(rows), 'example')}"
            yield Finding(
                None, problem, "if they are numbers or free texts, choose kind: values or text", "many"
            )
        if not counts.any():
            return
        shown = np.where(counts > 0, counts, counts.max())
        most, fewest = int(counts.argmax()), int(shown.argmin())
        if shown[most] >= UNEVEN * shown[fewest] and not self.about.options.several:
            share = counts[most] / counts.sum()
            problem = (
                f"is uneven: {quantity(counts[most], 'example')} of {names[most]!r} "
                f"({share:.0%}), {counts[fewest]:,} of "
                f"{names[fewest]!r}; to answer {names[most]!r} always is an accuracy of {share:.2f}"
            )
            remedy = "look at balanced_accuracy and f1, or weigh the classes by class_weights: balanced"
            yield Finding(None, problem, remedy, "uneven_classes")


def calibrated_label(
    about: AboutLabel, predictions: list[LabelAnswer], references: list[list[Label]]
) -> AboutLabel | None:
    """The same output with the temperature, or the thresholds, that are best for these answers.

    Args:
        about: The output, not calibrated yet.
        predictions: The answers to the valid part.
        references: The right answers.

    Returns:
        The output; None where there are too few examples.
    """
    if len(predictions) < MIN_CALIBRATION_EXAMPLES:
        return None
    count = len(about.names)
    probabilities = np.array([one.probabilities for one in predictions])  # (n, C)
    present = membership([compared_with(*pair) for pair in zip(predictions, references, strict=True)], count)
    if not about.options.several:
        right = present.argmax(1)
        if (probabilities.argmax(1) != right).sum() < FEWEST_WRONG:
            return None
        before = about.state.calibration.temperature
        found = Calibration(before * best_temperature(probabilities, right))
    else:
        tells = np.minimum(present.sum(0), (~present).sum(0)) >= FEWEST_OF_CLASS  # (C,)
        found = Calibration(
            thresholds=tuple(
                threshold_of_best_f1(probabilities[:, n], present[:, n]) if tells[n] else about.thresholds[n]
                for n in range(count)
            )
        )
    return replace(about, state=replace(about.state, calibration=found))
