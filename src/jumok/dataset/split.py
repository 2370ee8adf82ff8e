"""One split of the data: rows of a store, ready for the model, and how they are batched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from jumok.data.cache.store import TextStore
from jumok.kinds.catalogue import Fields
from jumok.kinds.contract import Column, Example, InputField, OutputField, item_lengths
from jumok.kinds.presence import collate_inputs, transform_examples


class Batch(NamedTuple):
    """Examples that go through the model together."""

    inputs: dict[str, Any]  # by name, what the kind's `collate` gives
    outputs: dict[str, Any]

    def to(self, device: torch.device) -> "Batch":
        """The batch on another device."""
        return Batch(
            {name: value.to(device) for name, value in self.inputs.items()},
            {name: value.to(device) for name, value in self.outputs.items()},
        )


@dataclass(frozen=True)
class Split:
    """The train, valid or test split."""

    name: str
    files: tuple[Path, ...]
    root: Path  # where paths in the texts start
    texts: TextStore
    columns: Mapping[str, Column]
    rows: np.ndarray  # (n,) rows of the store and the columns that belong to this split
    fields: Fields

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def inputs(self) -> Mapping[str, InputField]:
        """The input fields by name."""
        return self.fields.inputs

    @property
    def outputs(self) -> Mapping[str, OutputField]:
        """The output fields by name."""
        return self.fields.outputs

    def lengths(self, name: str) -> np.ndarray:
        """The length of each example (n,) in one column, end marks included; 0 in what has no length or is missing."""
        lengths = item_lengths(self.fields.all[name], self.columns[name])
        if lengths is None:
            return np.zeros(len(self.rows), dtype=np.int64)
        return (
            np.where(self.present(name), lengths[self.rows], 0)
            if name in self._filled
            else lengths[self.rows]
        )

    @cached_property
    def _filled(self) -> dict[str, np.ndarray]:
        """Which rows of the store have each optional input (N,)."""
        return {name: self.texts.filled(name) for name, field in self.inputs.items() if field.is_optional}

    def _has(self, name: str, row: int) -> bool:
        return name not in self._filled or bool(self._filled[name][row])

    def present(self, name: str) -> np.ndarray:
        """Which examples (n,) have a value in one column."""
        return self._filled[name][self.rows] if name in self._filled else np.ones(len(self), dtype=bool)

    def has_tokens(self, name: str) -> bool:
        """Whether a column is made of tokens."""
        batching = self.fields.all[name].batching
        return batching.lengths is not None and batching.unit == "tokens"

    def target_counts(self, examples: np.ndarray) -> dict[str, int]:
        """What the losses of some examples are sums of, by output: tokens, end marks included, or images."""
        rows, counts = self.rows[examples], {}
        for name, field in self.outputs.items():
            lengths = item_lengths(field, self.columns[name])
            counts[name] = len(rows) if lengths is None else int(lengths[rows].sum())
        return counts

    def all_lengths(self) -> list[np.ndarray]:
        """The lengths of each input, and last the longest of all outputs."""
        inputs = [self.lengths(name) for name in self.inputs]
        return [*inputs, np.maximum.reduce([self.lengths(name) for name in self.outputs])]

    def text(self, name: str, example: int) -> str:
        """The cell of a field in an example, as it stands in the data."""
        return self.texts.text(name, int(self.rows[example]))

    def value(self, name: str, example: int) -> Any:
        """An input as a predictor takes it; None where the example lacks it."""
        if not self._has(name, int(self.rows[example])):
            return None
        return self.inputs[name].codec.parse_cell(self.text(name, example), self.root)

    def line(self, example: int) -> int:
        """The line of an example in its file."""
        return self.texts.line(int(self.rows[example]))

    def batch(self, examples: Sequence[int] | np.ndarray, draw: np.random.Generator | None = None) -> Batch:
        """A batch of these examples; augmented if there is a random generator."""
        rows = [int(self.rows[example]) for example in examples]
        read: Sequence[Example] = [
            {name: column[row] for name, column in self.columns.items() if self._has(name, row)}
            for row in rows
        ]
        whole = transform_examples(self.inputs, read, draw)
        return Batch(
            collate_inputs(self.inputs, whole),
            {
                name: field.codec.collate([items[name] for items in whole])
                for name, field in self.outputs.items()
            },
        )

    def answers(self, most: int | None = None) -> tuple[list[int], list[dict[str, list[str]]]]:
        """One example for each distinct input, and all right answers to it by output, in order of appearance.

        `most` of them, evenly spread, when it is given.
        """
        first: dict[tuple[str, ...], int] = {}
        examples: list[int] = []
        answers: list[dict[str, list[str]]] = []
        for example in range(len(self)):
            key = tuple(self.text(name, example) for name in self.inputs)
            if key not in first:
                first[key] = len(examples)
                examples.append(example)
                answers.append({name: [] for name in self.outputs})
            for name, known in answers[first[key]].items():
                answer = self.text(name, example)
                if answer not in known:
                    known.append(answer)
        if most is None or most >= len(examples):
            return examples, answers
        chosen = np.linspace(0, len(examples) - 1, most).astype(int).tolist()
        return [examples[i] for i in chosen], [answers[i] for i in chosen]
