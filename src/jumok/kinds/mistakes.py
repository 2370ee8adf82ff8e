"""Annotations that are likely wrong, found by a model that was trained on the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from jumok.metrics.mistakes.disagreement import Disagreement
    from jumok.values import Memories


class MistakeFinder(Protocol):
    """Compares annotations of one output with what a model says of them."""

    def rate(
        self,
        decoder: Any,
        memories: Memories,
        inputs: Mapping[str, Any],
        cells: Sequence[str],
        root: Path,
        predicted: Sequence[Any],
    ) -> Sequence[Any]:
        """Each annotation of a batch beside what the model says of it.

        Args:
            decoder: The model's decoder or head for this output.
            memories: The memories of the batch.
            inputs: The batch of each input.
            cells: The annotation of each example, a cell of a table.
            root: Where paths in cells start.
            predicted: The model's answer to each example.

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
