"""Values of rows and batches."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from jumok.data.cache.store import TextStore
from jumok.kinds.values.cells import BadNumber, cell_values
from jumok.kinds.values.options import ValuesOutput
from jumok.kinds.values.prediction import PredictedValue, ValuesPrediction
from jumok.kinds.values.state import ValuesState, write_values_state
from jumok.kinds.values.uncertainty import UNCERTAINTIES, Uncertainty

VALUES_STATE_FILE = "{name}.values.json"  # in the folder of a model


class ValueTargets(NamedTuple):
    """The right values of examples, in standard deviations from the mean of training."""

    values: Tensor  # (B, N)

    def to(self, device: torch.device) -> "ValueTargets":
        """The same values on a device."""
        return ValueTargets(self.values.to(device))


@dataclass(frozen=True)
class AboutValues:
    """A values output whose scale is known."""

    name: str
    options: ValuesOutput
    state: ValuesState

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the values; the name of the output where it has one."""
        return value_names(self.name, self.options)

    @property
    def uncertainty(self) -> Uncertainty:
        """How answers are learned and read."""
        return UNCERTAINTIES[self.options.uncertainty]

    @property
    def center(self) -> np.ndarray:
        """The mean of each value in training (N,)."""
        return np.array(self.state.center)

    @property
    def scale(self) -> np.ndarray:
        """The standard deviation of each value in training (N,)."""
        return np.array(self.state.scale)

    def read(self, text: str) -> list[float]:
        """The values of a cell; raises BadNumber."""
        return read_cell(text, self.name, self.options)

    def to_predictions(self, answer: Tensor) -> list[ValuesPrediction]:
        """Answers (B, N, outputs) of the head as values with calibrated intervals."""
        found = self.uncertainty.estimate(answer, self.options.interval)
        value, below, above = (part.double().cpu().numpy() for part in found)  # (B, N) each
        if self.state.calibration is not None:
            below, above = (self.calibrate(distance) for distance in (below, above))
        bounds = (value * self.scale + self.center for value in (value, value - below, value + above))
        return [self.named(*row) for row in zip(*bounds, strict=True)]

    def calibrate(self, distance: np.ndarray) -> np.ndarray:
        """Calibrated distances (B, N) from values to bounds, in deviations."""
        factor = np.array(self.state.calibration)  # (N,)
        if self.uncertainty.scales:
            return distance * factor
        return np.maximum(np.nan_to_num(distance) + factor, 0.0)

    def named(self, value: np.ndarray, low: np.ndarray, high: np.ndarray) -> ValuesPrediction:
        """Values and bounds (N,) as a prediction; NaN is no bound.

        Args:
            value: The values (N,), in their own units.
            low: Lower bounds (N,).
            high: Upper bounds (N,).

        Returns:
            The prediction.
        """
        rows = zip(self.names, value.tolist(), bounds(low), bounds(high), strict=True)
        return ValuesPrediction(tuple(PredictedValue(*row) for row in rows))

    def certain(self, values: np.ndarray) -> ValuesPrediction:
        """Right values (N,) as if they were predicted."""
        return self.named(values, values, values)


def bounds(values: np.ndarray) -> list[float | None]:
    """Numbers (N,), None in place of NaN."""
    return [None if np.isnan(one) else float(one) for one in values]


def value_names(name: str, options: ValuesOutput) -> tuple[str, ...]:
    """The names of the values of an output."""
    return options.names or (name,)


def read_cell(text: str, name: str, options: ValuesOutput) -> list[float]:
    """The values of a cell of an output; raises BadNumber."""
    return cell_values(text, value_names(name, options), is_list=options.names is not None)


def readable_values(texts: Iterable[str], name: str, options: ValuesOutput) -> np.ndarray:
    """The values (n, N) of the cells that can be read.

    Args:
        texts: The cells.
        name: Name of the output.
        options: Its options.

    Returns:
        The values (n, N), in their own units.
    """
    rows = []
    for text in texts:
        try:
            rows.append(read_cell(text, name, options))
        except BadNumber:
            continue  # its row is refused by name when the split is checked
    return np.array(rows, dtype=np.float64).reshape(-1, len(value_names(name, options)))


@dataclass(frozen=True)
class NumberColumn:
    """The values (n, N) of many rows, in deviations from the mean of training; NaN in rows that are refused."""

    values: np.ndarray

    def __getitem__(self, i: int) -> np.ndarray:
        return np.asarray(self.values[i])


@dataclass(frozen=True)
class ValuesCodec:
    """Values to tensors and back."""

    about: AboutValues

    @property
    def digest(self) -> str:
        """Names and scales of the values."""
        return json.dumps([self.about.names, self.about.state.center, self.about.state.scale])

    def column(self, store: TextStore, root: Path) -> NumberColumn:
        """The values of all rows."""
        rows = np.full((len(store), len(self.about.names)), np.nan)
        for i, text in enumerate(store.texts(self.about.name)):
            try:
                rows[i] = self.about.read(text)
            except BadNumber:
                continue  # its row is refused by name when the split is checked
        return NumberColumn((rows - self.about.center) / self.about.scale)

    def collate(self, items: Sequence[np.ndarray]) -> ValueTargets:
        """The values of each example (B, N)."""
        return ValueTargets(torch.from_numpy(np.stack(items)).float())

    def from_cells(self, texts: Sequence[str], root: Path) -> list[ValuesPrediction]:
        """Each right answer as if it was predicted."""
        return [self.about.certain(np.array(self.about.read(text))) for text in texts]

    def reference_page(self, texts: Sequence[str], root: Path) -> dict[str, Any]:
        """The values of the first right answer by name, and the others."""
        text, *others = texts
        right = self.about.certain(np.array(self.about.read(text)))
        values = [{"name": one.name, "value": one.value} for one in right.values]
        return {"text": right.text, "values": values, "others": others}

    def from_batch(self, batch: ValueTargets) -> list[ValuesPrediction]:
        """The values as if they were predicted."""
        values = batch.values.double().numpy() * self.about.scale + self.about.center
        return [self.about.certain(row) for row in values]

    def pack(self, value: ValuesPrediction) -> list[list[Any]]:
        """Name, value and bounds of each."""
        return [[one.name, one.value, one.low, one.high] for one in value.values]

    def unpack(self, packed: list[list[Any]]) -> ValuesPrediction:
        """The prediction that `pack` was given."""
        return ValuesPrediction(tuple(PredictedValue(*one) for one in packed))

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write scale and calibration."""
        write_values_state(folder / VALUES_STATE_FILE.format(name=self.about.name), self.about.state)
