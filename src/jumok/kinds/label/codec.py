"""Labels of rows and batches."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from jumok.data.cache.store import TextStore
from jumok.kinds.label.calibration import EVEN, LabelState, write_label_state
from jumok.kinds.label.cells import ClassNames
from jumok.kinds.label.modes import ONE_LABEL, ORDERED_LABEL, SEVERAL_LABELS, LabelMode
from jumok.kinds.label.options import LabelOutput
from jumok.kinds.label.prediction import LabelPrediction
from jumok.metrics.labels import Label

LABEL_STATE_FILE = "{name}.label.json"  # in the folder of a model


class LabelTargets(NamedTuple):
    """The right classes of examples."""

    present: Tensor  # (B, C), True for classes that an example has

    def to(self, device: torch.device) -> "LabelTargets":
        """The same classes on a device."""
        return LabelTargets(self.present.to(device))


@dataclass(frozen=True)
class AboutLabel:
    """A label output whose classes are known."""

    name: str
    options: LabelOutput
    state: LabelState

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes by number."""
        return self.state.classes

    @cached_property
    def cells(self) -> ClassNames:
        """How cells name the classes."""
        named = self.options.classes is not None or self.options.ordered is not None
        return ClassNames(self.names, self.options.several, by_number=named)

    @property
    def mode(self) -> LabelMode:
        """How labels are learned and chosen."""
        if self.options.several:
            return SEVERAL_LABELS
        return ONE_LABEL if self.options.ordered is None else ORDERED_LABEL

    @cached_property
    def thresholds(self) -> tuple[float, ...]:
        """The probability from which on each class is chosen, where there may be several."""
        return self.state.calibration.thresholds or (EVEN,) * len(self.names)

    def to_prediction(self, probabilities: np.ndarray) -> LabelPrediction:
        """The labels that are chosen by probabilities (C,)."""
        return self.named(self.mode.choose(probabilities, self.thresholds), probabilities)

    def named(self, label: Label, probabilities: np.ndarray) -> LabelPrediction:
        """Classes by number with probabilities (C,) as a prediction."""
        chances = dict(zip(self.names, probabilities.tolist(), strict=True))
        return LabelPrediction(tuple(self.names[number] for number in label), chances)

    def certain(self, label: Label) -> LabelPrediction:
        """Right classes as if they were predicted."""
        probabilities = np.zeros(len(self.names))
        probabilities[list(label)] = 1.0
        return self.named(label, probabilities)


@dataclass(frozen=True)
class Labels:
    """The labels of many rows; those that cannot be read, and are refused, have no class."""

    labels: list[Label]

    def __getitem__(self, i: int) -> Label:
        return self.labels[i]


@dataclass(frozen=True)
class LabelCodec:
    """Labels to tensors and back."""

    about: AboutLabel

    @property
    def digest(self) -> str:
        """The names of the classes in their order."""
        return json.dumps(self.about.names)

    def column(self, store: TextStore, root: Path) -> Labels:
        """The labels of all rows."""
        known: dict[str, Label] = {}  # cells repeat
        found = []
        for text in store.texts(self.about.name):
            if text not in known:
                known[text] = self.about.cells.label_or_none(text) or ()
            found.append(known[text])
        return Labels(found)

    def collate(self, items: Sequence[Label]) -> LabelTargets:
        """The classes of each example (B, C)."""
        present = torch.zeros(len(items), len(self.about.names), dtype=torch.bool)
        for row, label in enumerate(items):
            present[row, list(label)] = True
        return LabelTargets(present)

    def from_cells(self, texts: Sequence[str], root: Path) -> list[LabelPrediction]:
        """Each label as if it was predicted."""
        return [self.about.certain(self.about.cells.label(text)) for text in texts]

    def from_batch(self, batch: LabelTargets) -> list[LabelPrediction]:
        """The labels as if they were predicted."""
        return [self.about.certain(numbers_of(row)) for row in batch.present]

    def pack(self, value: LabelPrediction) -> dict[str, Any]:
        """Labels and probabilities."""
        return {"labels": list(value.labels), "probabilities": dict(value.probabilities)}

    def unpack(self, packed: dict[str, Any]) -> LabelPrediction:
        """The prediction that `pack` was given."""
        return LabelPrediction(tuple(packed["labels"]), packed["probabilities"])

    def reference_page(self, texts: Sequence[str], root: Path) -> dict[str, Any]:
        """The first right answer with its labels, none of those that the model does not know; and the others."""
        text, *others = texts
        known = self.about.cells.label_or_none(text)
        labels = [self.about.names[number] for number in known or ()]
        return {"text": ", ".join(labels) or text, "labels": labels, "others": others}

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write the classes and what was chosen for them."""
        write_label_state(folder / LABEL_STATE_FILE.format(name=self.about.name), self.about.state)


def numbers_of(present: Tensor) -> Label:
    """The numbers of the classes that are present (C,)."""
    return tuple(present.nonzero().flatten().tolist())
