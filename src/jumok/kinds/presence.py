"""Rows that lack an optional input: batches are made of those that have it, so that no kind meets a missing value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from jumok.kinds.contract import Column, Example, InputField, item_lengths
from jumok.values import PartialBatch

Inputs = Mapping[str, InputField]


@dataclass(frozen=True)
class InputColumn:
    """One input of several rows; its codec encodes those that have it."""

    field: InputField
    column: Column
    places: np.ndarray  # (N,) of each row in the column; -1 where the row lacks the input

    def lengths(self) -> np.ndarray | None:
        """The length of each item (N,), 0 where there is none; None if the input has no lengths."""
        lengths = item_lengths(self.field, self.column)
        return None if lengths is None else self._spread(lengths, 0)

    def groups(self) -> np.ndarray | None:
        """A number (N,) of each item, equal for those that may be predicted together; None where all may."""
        group = self.field.batching.group
        return None if group is None else self._spread(group(self.column), -1)

    def _spread(self, values: np.ndarray, missing: int) -> np.ndarray:
        whole = np.full(len(self.places), missing, dtype=np.int64)
        has = self.places >= 0
        whole[has] = values[self.places[has]]
        return whole


def encode_inputs(fields: Inputs, values: Sequence[Mapping[str, Any]]) -> dict[str, InputColumn]:
    """Parsed values of several rows as columns; a row names the inputs that it has."""
    columns = {}
    for name, field in fields.items():
        has = np.array([name in row for row in values], dtype=bool)
        places = np.where(has, np.cumsum(has) - 1, -1)
        column = field.codec.encode([row[name] for row in values if name in row])
        columns[name] = InputColumn(field, column, places)
    return columns


def input_examples(columns: Mapping[str, InputColumn], rows: Sequence[int]) -> list[Example]:
    """Rows with the items of the inputs that they have."""
    return [
        {name: one.column[int(one.places[row])] for name, one in columns.items() if one.places[row] >= 0}
        for row in rows
    ]


def drop_inputs(
    fields: Inputs, examples: Sequence[Sequence[str]], rate: float, random: np.random.Generator
) -> list[list[str]]:
    """Modality dropout: leave out optional inputs of examples, each with a probability (Neverova et al., 2016).

    An example that would lose everything that it has keeps all of it.

    Args:
        fields: The inputs.
        examples: The names of the inputs that each example has.
        rate: The probability.
        random: Draws one number for each optional input of each example.

    Returns:
        The names of the inputs that each example keeps.
    """
    optional = [name for name, field in fields.items() if field.is_optional]
    draws = random.random((len(examples), len(optional))) < rate
    found = []
    for names, row in zip(examples, draws, strict=True):
        dropped = {name for name, drawn in zip(optional, row, strict=True) if drawn}
        found.append([name for name in names if name not in dropped] or list(names))
    return found


def transform_examples(
    fields: Inputs, examples: Sequence[Example], random: np.random.Generator | None
) -> Sequence[Example]:
    """Examples as their inputs transform them; augmented for training where there is a random generator.

    Args:
        fields: The inputs by name.
        examples: The examples; each lacks the inputs that it does not have.
        random: The generator of the augmentation; None for evaluation.

    Returns:
        The transformed examples.
    """
    for name, field in fields.items():
        having = [items for items in examples if name in items]
        if field.transform is None or not having:
            continue
        changed = iter(field.transform(having, random))
        examples = [next(changed) if name in items else items for items in examples]
    return examples


def collate_inputs(fields: Inputs, examples: Sequence[Example]) -> dict[str, Any]:
    """The batch of each input; a `PartialBatch` where rows lack it."""
    batches = {}
    for name, field in fields.items():
        having = [items[name] for items in examples if name in items]
        batch = field.codec.collate(having) if having else None
        if len(having) < len(examples):
            batch = PartialBatch(batch, torch.tensor([name in items for items in examples]))
        batches[name] = batch
    return batches
