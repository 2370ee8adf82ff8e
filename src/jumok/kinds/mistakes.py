"""Annotations that are likely wrong, found by a model that was trained on the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from jumok.metrics.mistakes.disagreement import Disagreement
    from jumok.values import Memories


@dataclass(frozen=True)
class AnnotatedBatch:
    """A batch with the annotations of one output, and the model's answers to it."""

    memories: Memories
    inputs: Mapping[str, Any]  # the batch of each input
    cells: Sequence[str]  # the annotation of each example, a cell of a table
    root: Path  # where paths in cells start
    predicted: Sequence[Any]  # the model's answer to each example


class MistakeFinder(Protocol):
    """Compares annotations of one output with what a model says of them."""

    def rate(self, decoder: Any, batch: AnnotatedBatch) -> Sequence[Any]:
        """Each annotation of a batch beside what the model says of it.

        Args:
            decoder: The model's decoder or head for this output.
            batch: The batch.

        Returns:
            What `find` takes, one for each example, small enough to be kept for a whole split.
        """
        ...

    def usual(self, rated: Sequence[Any]) -> Any:
        """What is usual of the model in a data set, of all its rated annotations."""
        ...

    def find(self, rated: Any, usual: Any = None) -> list[Disagreement]:
        """Where one annotation and the model disagree, best first; `usual` is what `usual` gave, if it was asked."""
        ...
