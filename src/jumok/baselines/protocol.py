"""What a baseline is: fitted on examples of train, it answers other examples without having seen what is right."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from jumok.values import Value

MAX_FITTED = 20_000  # of train that a baseline is fitted on where it does not say otherwise


class OutOfTime(Exception):
    """The time that baselines may take is up; the one that is at work is left out."""


class BaselineInputs(Protocol):
    """The inputs of some examples, as a baseline reads them.

    Right answers are not among them: these are given to `Baseline.fit` alone. What reads files raises OutOfTime when
    the time of all baselines is up.
    """

    def __len__(self) -> int: ...

    @property
    def names(self) -> Sequence[str]:
        """The names of the inputs."""
        ...

    def cells(self, name: str) -> Sequence[str]:
        """The cells of an input, as rows have them; an empty one where an example lacks it."""
        ...

    def values(self, name: str) -> Iterator[Any]:
        """The values of an input, as its codec parses them; None where an example lacks it."""
        ...

    def sizes(self, name: str) -> Iterator[tuple[int, int]]:
        """Height and width of each image of an input that has a canvas."""
        ...

    def features(self) -> np.ndarray:
        """The summary features (n, F) of all inputs that have some, side by side; zeros where one is missing."""
        ...

    def check_time(self) -> None:
        """Raise OutOfTime when the time is up; for loops of baselines that take long."""
        ...


class TrainingAnswers(NamedTuple):
    """The right answers to the examples that a baseline is fitted on."""

    cells: Sequence[str]  # one for each example
    root: Path  # where paths in them start


FittedBaseline = Callable[[BaselineInputs], Sequence[Value]]  # one answer to each example


@dataclass(frozen=True)
class Baseline:
    """A simple way to answer, which a kind of output offers.

    `fit` raises DataError with a reason where the examples do not suffice; the baseline is then left out, and said so.
    """

    name: str  # in a few words, like "most frequent answer"
    fit: Callable[[BaselineInputs, TrainingAnswers], FittedBaseline]
    max_examples: int = MAX_FITTED  # of train, drawn at random where there are more
    uses_features: bool = False  # of the inputs; left out where no input has any


def always(value: Value) -> FittedBaseline:
    """The baseline that gives the same answer to every example."""
    return lambda inputs: [value] * len(inputs)
