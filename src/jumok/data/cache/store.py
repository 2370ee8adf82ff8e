"""Memory-mapped corpora on disk: only what is used is read."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Self

import numpy as np

from jumok.data.cache.atomic_folder import cache_folder, new_folder, read_stable
from jumok.data.cache.ragged import (
    INDEX,
    OFFSET,
    Ragged,
    RaggedWriter,
    damaged,
    mapped,
    read_index,
    write_index,
)
from jumok.data.row import Row
from jumok.errors import DataError

__all__ = ["TextStore", "TokenStore", "cache_folder"]

TEXT_FORMAT, TOKEN_FORMAT = "jumok texts 1", "jumok tokens 1"
BYTE = np.dtype("u1")
WRITE_BLOCK = 4096  # sequences written at a time


class TextStore:
    """Rows of texts as UTF-8, each with its line in the file."""

    def __init__(self, folder: Path) -> None:
        index = read_index(folder, TEXT_FORMAT, ("columns", "rows", "digest"))
        self.columns: tuple[str, ...] = tuple(index["columns"])
        self.digest: str = index["digest"]  # SHA-256 of columns and texts
        try:
            self._lines = mapped(folder / "lines.bin", OFFSET)
            self._texts = {
                column: Ragged(folder, str(i), BYTE, index["rows"]) for i, column in enumerate(self.columns)
            }
        except OSError as error:
            raise damaged(folder) from error
        if len(self._lines) != index["rows"]:
            raise damaged(folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store in a folder."""
        return read_stable(folder, cls)

    @classmethod
    def write(cls, folder: Path, columns: Sequence[str], rows: Iterable[Row]) -> Self:
        """Write rows into a folder, atomically, and open it.

        Args:
            folder: The folder.
            columns: Names of the columns.
            rows: The rows.

        Returns:
            The store.
        """
        digest, places = hashlib.sha256(json.dumps(list(columns)).encode()), hashlib.sha256()
        count = 0
        with new_folder(folder, INDEX) as new:
            with ExitStack() as stack:
                writers = [stack.enter_context(RaggedWriter(new, str(i))) for i in range(len(columns))]
                lines = stack.enter_context((new / "lines.bin").open("wb"))
                for row in rows:
                    for writer, text in zip(writers, row.values, strict=True):
                        data = encode_text(text, row.line)
                        writer.append(data, len(data))
                        digest.update(len(data).to_bytes(8, "little") + data)
                    line = row.line.to_bytes(8, "little")
                    lines.write(line)
                    places.update(line)
                    count += 1
            digests = {"digest": digest.hexdigest(), "lines": places.hexdigest()}
            write_index(new, {"format": TEXT_FORMAT, "columns": list(columns), "rows": count, **digests})
        return cls.open(folder)

    def __len__(self) -> int:
        return len(self._lines)

    def text(self, column: str, i: int) -> str:
        """The text of row i."""
        return self._texts[column][i].tobytes().decode()

    def texts(self, column: str, indices: Iterable[int] | None = None) -> Iterator[str]:
        """The texts of some rows, in this order, or of all."""
        return (self.text(column, int(i)) for i in (range(len(self)) if indices is None else indices))

    def filled(self, column: str) -> np.ndarray:
        """Which rows (N,) have a text in a column that is not empty."""
        return np.diff(self._texts[column].offsets) > 0

    def line(self, i: int) -> int:
        """The line of row i in its file, from 1."""
        return int(self._lines[i])


def encode_text(text: str, line: int) -> bytes:
    """A text as UTF-8; undecodable bytes in file names are allowed."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        shown = text.encode("utf-8", "surrogateescape" if is_escaped(text) else "replace")
        name = repr(shown)[1:]
        raise DataError(
            f"example {line}: {name} is not UTF-8; rename the file, or save the text as UTF-8"
        ) from None


def is_escaped(text: str) -> bool:
    """Whether a text contains undecodable bytes, as file names may in Python."""
    return all(not "\ud800" <= one <= "\udfff" or "\udc80" <= one <= "\udcff" for one in text)


class TokenStore:
    """Sequences of token numbers."""

    def __init__(self, folder: Path) -> None:
        index = read_index(folder, TOKEN_FORMAT, ("dtype", "rows", "digest"))
        self.digest: str = index["digest"]  # SHA-256 of the numbers and lengths
        try:
            self._tokens = Ragged(folder, "tokens", np.dtype(index["dtype"]), index["rows"])
        except OSError as error:
            raise damaged(folder) from error

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store in a folder."""
        return read_stable(folder, cls)

    @classmethod
    def write(cls, folder: Path, sequences: Iterable[Sequence[int]], vocabulary_size: int) -> Self:
        """Write sequences into a folder, atomically, and open it.

        Args:
            folder: The folder.
            sequences: Token numbers.
            vocabulary_size: Size of the vocabulary, which decides the type of the numbers.

        Returns:
            The store.
        """
        dtype = np.dtype("<u2" if vocabulary_size <= 1 << 16 else "<i4")
        digest = hashlib.sha256()
        count = 0
        with new_folder(folder, INDEX) as new:
            with RaggedWriter(new, "tokens") as writer:
                remaining = iter(sequences)
                while block := list(islice(remaining, WRITE_BLOCK)):
                    counts = np.array([len(sequence) for sequence in block], OFFSET)  # (n,)
                    tokens = np.fromiter(chain.from_iterable(block), np.int64, int(counts.sum()))
                    wrong = np.flatnonzero((tokens < 0) | (tokens >= vocabulary_size))
                    if len(wrong):
                        number = count + int(np.searchsorted(np.cumsum(counts), wrong[0], side="right"))
                        raise ValueError(f"sequence {number} has tokens outside 0..{vocabulary_size - 1}")
                    data = tokens.astype(dtype).tobytes()
                    writer.append_many(data, counts)
                    digest.update(counts.tobytes() + data)
                    count += len(block)
            index = {"dtype": dtype.str, "rows": count, "digest": digest.hexdigest()}
            write_index(new, {"format": TOKEN_FORMAT, **index})
        return cls.open(folder)

    def __len__(self) -> int:
        return len(self._tokens)

    def __getitem__(self, i: int) -> np.ndarray:
        """Sequence i (L,), a read-only view of the map."""
        return self._tokens[i]

    @cached_property
    def lengths(self) -> np.ndarray:
        """The number of tokens of each sequence (N,)."""
        return np.diff(self._tokens.offsets).astype(np.int32)
