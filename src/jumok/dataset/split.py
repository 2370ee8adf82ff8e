"""One part of the data: rows of a store, encoded and memory-mapped, and how they are batched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from jumok.data.store import TextStore, TokenStore
from jumok.kinds.fitting import Kind
from jumok.values import Padded


class Batch(NamedTuple):
    """Examples that go through the model together."""

    inputs: dict[str, Padded]
    outputs: dict[str, Padded]

    def to(self, device: torch.device) -> "Batch":
        return Batch(
            {name: value.to(device) for name, value in self.inputs.items()},
            {name: value.to(device) for name, value in self.outputs.items()},
        )


@dataclass(frozen=True)
class Split:
    """The train, valid or test part."""

    name: str
    files: tuple[Path, ...]
    texts: TextStore
    tokens: Mapping[str, TokenStore]
    rows: np.ndarray  # (n,) rows of the stores that belong to this part
    inputs: Mapping[str, Kind]
    outputs: Mapping[str, Kind]

    def __len__(self) -> int:
        return len(self.rows)

    def lengths(self, name: str) -> np.ndarray:
        """Tokens of each example (n,) in one column, end marks included."""
        return self.tokens[name].lengths[self.rows]

    def target_tokens(self, examples: np.ndarray) -> int:
        """Tokens of some examples in the outputs, end marks included."""
        return sum(int(self.tokens[name].lengths[self.rows[examples]].sum()) for name in self.outputs)

    def all_lengths(self) -> list[np.ndarray]:
        """The lengths of all columns, inputs first."""
        return [self.lengths(name) for name in (*self.inputs, *self.outputs)]

    def text(self, name: str, example: int) -> str:
        return self.texts.text(name, int(self.rows[example]))

    def line(self, example: int) -> int:
        """The line of the file that an example stands in."""
        return self.texts.line(int(self.rows[example]))

    def batch(self, examples: Sequence[int] | np.ndarray) -> Batch:
        """These examples, padded to one length a column."""

        def collate(kinds: Mapping[str, Kind]) -> dict[str, Padded]:
            return {
                name: kind.collate([self.tokens[name][int(self.rows[example])] for example in examples])
                for name, kind in kinds.items()
            }

        return Batch(collate(self.inputs), collate(self.outputs))

    def answers(self) -> tuple[list[int], list[dict[str, list[str]]]]:
        """One example for each distinct input, and all right answers to it by output, in order of appearance."""
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
        return examples, answers
