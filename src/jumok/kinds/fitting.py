"""What fields are made from: the options of an experiment, and the data to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jumok.classes import Class
    from jumok.data.cache.store import TextStore
    from jumok.kinds.options import InputFieldOptions, OutputFieldOptions, TokenOptions


@dataclass(frozen=True)
class TrainingData:
    """What fields learn from: the rows that the model is trained on."""

    store: TextStore
    rows: np.ndarray  # (n,) of the store
    root: Path  # where paths in the rows start
    classes: tuple[Class, ...]  # of annotated images, in their order

    def texts(self, column: str) -> Iterator[str]:
        """The cells of a column, without empty ones."""
        return self.store.texts(column, self.rows_with(column))

    def rows_with(self, column: str) -> np.ndarray:
        """The rows (n,) of the store that have a value in a column."""
        return self.rows[self.store.filled(column)[self.rows]]


class SeriesUnits(NamedTuple):
    """The channels of a fitted input of series, and how its batches are normalized."""

    asked: tuple[str, ...] | None  # the channels that its options name
    channels: tuple[str, ...]  # those that it has
    center: np.ndarray  # (C,), subtracted from each
    scale: np.ndarray  # (C,), by which it is divided then


@dataclass
class FieldContext:
    """The whole experiment that a field is a part of."""

    inputs: Mapping[str, InputFieldOptions]
    outputs: Mapping[str, OutputFieldOptions]
    tokens: TokenOptions  # of texts that do not have their own
    max_tokens: int
    data: TrainingData | None = None  # None if fields are loaded from a folder
    shared: dict[Any, Any] = field(default_factory=dict)  # what several fields have in common

    @property
    def training_data(self) -> TrainingData:
        """The data to learn from."""
        if self.data is None:
            raise TypeError("a saved field learns nothing; load it")
        return self.data

    def share_series(self, name: str, units: SeriesUnits) -> None:
        """Tell the outputs how an input of series is normalized."""
        self.shared["series", name] = units

    def series_units(self, name: str) -> SeriesUnits:
        """How an input of series is normalized; inputs are made before outputs."""
        found: SeriesUnits = self.shared["series", name]
        return found

    def of_kind(self, kind: str) -> dict[str, Any]:
        """The options of all inputs and outputs of a kind, by name."""
        return {name: one for name, one in {**self.inputs, **self.outputs}.items() if one.kind == kind}

    @property
    def image(self) -> str:
        """The only input that is an image, which boxes and masks are found in."""
        (name,) = (name for name, options in self.inputs.items() if options.is_image)
        return name
