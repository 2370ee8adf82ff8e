"""The examples of a split as baselines read them: inputs alone, read within a time."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jumok.baselines.protocol import OutOfTime
from jumok.dataset.split import Split

FIRST_READ = 500  # examples whose features are read before their number is doubled
CHECKED_EVERY = 100  # examples


class TimeLimit:
    """A number of seconds from now on."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.end = seconds, time.perf_counter() + seconds

    def check(self, needed: float = 0.0) -> None:
        """Raise OutOfTime when less than the needed seconds are left."""
        if time.perf_counter() + needed > self.end:
            raise OutOfTime


class SplitFeatures:
    """The summary features of the examples of a split, each read when it is first asked for."""

    def __init__(self, split: Split, limit: TimeLimit, sizes: dict[str, int]) -> None:
        self.split, self.limit = split, limit
        self.sizes = sizes  # number of features of each input, shared by the splits of an experiment
        self.known: dict[int, dict[str, np.ndarray]] = {}  # by example, then by input that it has

    def __call__(self, examples: Sequence[int]) -> np.ndarray:
        """The features (n, F) of some examples; raises OutOfTime as soon as it is clear that they take too long."""
        began, missing = time.perf_counter(), [one for one in examples if one not in self.known]
        for number, example in enumerate(missing):
            if number % CHECKED_EVERY == 0:
                pace = (time.perf_counter() - began) / number if number else 0.0
                self.limit.check(pace * (len(missing) - number))
            self.known[example] = self.read(example)
        columns = [self.column(name, examples) for name in self.sizes]
        return np.concatenate(columns, axis=1) if columns else np.zeros((len(examples), 0))

    def read(self, example: int) -> dict[str, np.ndarray]:
        """The features of each input that an example has, as float32."""
        found: dict[str, np.ndarray] = {}
        for name, field in self.split.inputs.items():
            value = None if field.summary_features is None else self.split.value(name, example)
            if field.summary_features is not None and value is not None:
                found[name] = field.summary_features(value).astype(np.float32)
                self.sizes.setdefault(name, len(found[name]))
        return found

    def column(self, name: str, examples: Sequence[int]) -> np.ndarray:
        """The features of one input (n, F); of an optional one, last whether an example has it."""
        optional = self.split.inputs[name].is_optional
        found = np.zeros((len(examples), self.sizes[name] + optional))
        for row, example in enumerate(examples):
            features = self.known[example].get(name)
            if features is not None:
                found[row, : len(features)] = features
                found[row, len(features) :] = 1.0
        return found

    def count_within(self, examples: Sequence[int], seconds: float) -> int:
        """Of how many of the first examples features can be read in a time: 500, doubled as often as it allows."""
        began, count = time.perf_counter(), 0
        while count < len(examples) and (not count or 2 * (time.perf_counter() - began) <= seconds):
            more = min(max(count, FIRST_READ), len(examples) - count)
            self(examples[count : count + more])
            count += more
        return count


@dataclass(frozen=True)
class SplitInputs:
    """The inputs of some examples of a split, as a baseline reads them."""

    split: Split
    examples: Sequence[int]
    all_features: SplitFeatures
    limit: TimeLimit

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def names(self) -> list[str]:
        """The names of the inputs."""
        return list(self.split.inputs)

    def cells(self, name: str) -> list[str]:
        """The cells of an input, as rows have them."""
        return [self.split.text(name, example) for example in self.examples]

    def values(self, name: str) -> Iterator[Any]:
        """The values of an input, as its codec parses them; None where an example lacks it."""
        for example in self.examples:
            self.limit.check()
            yield self.split.value(name, example)

    def sizes(self, name: str) -> Iterator[tuple[int, int]]:
        """Height and width of each image of an input."""
        canvas = self.split.inputs[name].canvas
        if canvas is None:
            raise TypeError(f"input {name!r} is no image")
        for value in self.values(name):
            yield canvas.size(value)

    def features(self) -> np.ndarray:
        """The summary features (n, F) of all inputs that have some."""
        return self.all_features(self.examples)

    def check_time(self) -> None:
        """Raise OutOfTime when the time is up."""
        self.limit.check()
