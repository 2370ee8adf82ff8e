"""What the data show of the classes that answers name, as the rooms that check and score them need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from jumok.classes import Class
    from jumok.data.cache.store import TextStore
    from jumok.kinds.error_tables import ErrorTable
    from jumok.metrics.occurrence import Occurrence


class ClassEvidence(Protocol):
    """Of outputs whose answers name classes: what the data show of each, and what became of it."""

    @property
    def classes(self) -> Sequence[Class]:
        """The classes by number."""
        ...

    @property
    def unit(self) -> str:
        """What the scores of single classes are about, in the plural: objects, or images."""
        ...

    @property
    def remedy(self) -> str:
        """What to do about rows that lack something, like "mark some"."""
        ...

    def lacks(self, store: TextStore, rows: np.ndarray, learning: bool) -> str | None:
        """Why nothing can be learned from the rows, or scored by them; None where something can."""
        ...

    def unknown(self, store: TextStore, rows: np.ndarray) -> dict[int, str]:
        """The rows that show a class that training did not, by their number among them, and its name."""
        ...

    def support(self, references: Sequence[Any]) -> dict[str, int]:
        """How many of its `unit` each metric is about, by its name."""
        ...

    def occurrence(self, predictions: Sequence[Any], references: Sequence[Any]) -> Occurrence:
        """Classes that the references do not have, and those that are never predicted."""
        ...

    def error_tables(self, predictions: list[Any], references: list[Any]) -> list[ErrorTable]:
        """Tables that say more than scores."""
        ...
