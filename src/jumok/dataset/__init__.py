"""The data of an experiment: read, checked, split, encoded, memory-mapped."""

from jumok.dataset.prepare import Prepared, prepare
from jumok.dataset.split import Batch, Split

__all__ = ["Batch", "Prepared", "Split", "prepare"]
