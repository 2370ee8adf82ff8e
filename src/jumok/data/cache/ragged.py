"""Sequences of different lengths in two files: all their items, and their offsets."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from jumok.errors import DataError

INDEX = "store.json"
OFFSET = np.dtype("<i8")


class RaggedWriter:
    """Writes sequences one after another, holding only one in memory."""

    def __init__(self, folder: Path, name: str) -> None:
        self.items = (folder / f"{name}.bin").open("wb")
        self.offsets = (folder / f"{name}.offsets.bin").open("wb")
        self.end = 0
        self._note()

    def append(self, data: bytes, count: int) -> None:
        """Write a sequence of `count` items."""
        self.items.write(data)
        self.end += count
        self._note()

    def append_many(self, data: bytes, counts: np.ndarray) -> None:
        """Write sequences of counts (n,) items, concatenated in `data`."""
        ends = self.end + np.cumsum(counts, dtype=OFFSET)
        self.items.write(data)
        self.offsets.write(ends.tobytes())
        self.end = int(ends[-1]) if len(ends) else self.end

    def _note(self) -> None:
        self.offsets.write(self.end.to_bytes(8, "little"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.items.close()
        self.offsets.close()


class Ragged:
    """Stored sequences, memory-mapped."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any], count: int) -> None:
        self.items = mapped(folder / f"{name}.bin", dtype)
        self.offsets = mapped(folder / f"{name}.offsets.bin", OFFSET)
        if len(self.offsets) != count + 1 or self.offsets[-1] != len(self.items):
            raise damaged(folder)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> np.ndarray:
        """Sequence i (L,), a read-only view of the map."""
        if not 0 <= i < len(self):
            raise IndexError(f"sequence {i} of {len(self)}")
        return self.items[self.offsets[i] : self.offsets[i + 1]]


def mapped(path: Path, dtype: np.dtype[Any]) -> np.ndarray:
    """The items of a file (N,), memory-mapped."""
    size = path.stat().st_size
    if size % dtype.itemsize:
        raise damaged(path.parent)
    return np.asarray(np.memmap(path, dtype, mode="r")) if size else np.empty(0, dtype)


def write_index(folder: Path, index: dict[str, Any]) -> None:
    """Write the index of a store."""
    (folder / INDEX).write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_index(folder: Path, format: str, keys: Sequence[str]) -> dict[str, Any]:
    """Read the index of a store.

    Args:
        folder: The store.
        format: Expected kind and version.
        keys: Expected keys.

    Returns:
        The index.

    Raises:
        DataError: If it is another kind of store or another version.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(folder) from error
    if not isinstance(index, dict) or index.get("format") != format or any(key not in index for key in keys):
        raise damaged(folder)
    return index


def damaged(folder: Path) -> DataError:
    """The error for a store that cannot be read."""
    return DataError(f"{folder} is damaged or no store of this version; delete it and run the command again")
