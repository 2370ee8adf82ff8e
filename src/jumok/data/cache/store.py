"""Texts and tokens of a corpus on disk: only what is used is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from jumok.data.cache.columns import BATCH, Lists, in_batches, open_table, write_table
from jumok.data.cache.place import cache_folder
from jumok.data.row import Row
from jumok.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TextStore", "TokenStore", "cache_folder"]

TEXT_FORMAT, TOKEN_FORMAT = "jumok texts 2", "jumok tokens 2"


class TextStore:
    """Rows of texts as UTF-8, each with its line in the file."""

    def __init__(self, path: Path) -> None:
        with open_table(path, TEXT_FORMAT) as table:
            self.columns = tuple(table.column_names[1:])
            self._lines, *texts = table.columns
            self._texts = {
                name: Lists(text, memoryview) for name, text in zip(self.columns, texts, strict=True)
            }
            self.digest: str = table.schema.metadata[b"digest"].decode()  # SHA-256 of columns and texts

    @classmethod
    def write(cls, path: Path, columns: Sequence[str], rows: Iterable[Row]) -> Self:
        """Write rows into a file, atomically, and open it.

        Args:
            path: The file.
            columns: Names of the columns.
            rows: The rows.

        Returns:
            The store.
        """
        import pyarrow as pa

        digest = hashlib.sha256(json.dumps(list(columns)).encode())
        types = [("line", pa.int64()), *((name, pa.large_string()) for name in columns)]

        def batches() -> Iterator[list[pa.Array]]:
            for batch in in_batches(rows):
                texts = [[encode_text(text, row.line) for text in row.values] for row in batch]
                for text in chain.from_iterable(texts):
                    digest.update(len(text).to_bytes(8, "little") + text)
                values = [[row.line for row in batch], *zip(*texts, strict=True)]
                yield [pa.array(column, kind) for column, (_, kind) in zip(values, types, strict=True)]

        write_table(path, TEXT_FORMAT, types, batches(), lambda: {"digest": digest.hexdigest()})
        return cls(path)

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
        return self._texts[column].lengths > 0

    def line(self, i: int) -> int:
        """The line of row i in its file, from 1."""
        return int(self._lines[i].as_py())


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

    def __init__(self, path: Path) -> None:
        with open_table(path, TOKEN_FORMAT) as table:
            (column,) = table.columns
            dtype = column.type.value_type.to_pandas_dtype()
            self._tokens = Lists(column, lambda values: np.frombuffer(values, dtype))

    @classmethod
    def write(cls, path: Path, sequences: Iterable[Sequence[int]], vocabulary_size: int) -> Self:
        """Write sequences into a file, atomically, and open it.

        Args:
            path: The file.
            sequences: Token numbers.
            vocabulary_size: Size of the vocabulary, which decides the type of the numbers.

        Returns:
            The store.
        """
        import pyarrow as pa

        kind = pa.large_list(pa.uint16() if vocabulary_size <= 1 << 16 else pa.int32())

        def batches() -> Iterator[list[pa.Array]]:
            for number, batch in enumerate(in_batches(sequences)):
                ends = np.cumsum([0, *map(len, batch)])  # (n + 1,)
                tokens = np.fromiter(chain.from_iterable(batch), np.int64, ends[-1])
                wrong = np.flatnonzero((tokens < 0) | (tokens >= vocabulary_size))
                if len(wrong):
                    first = number * BATCH + int(np.searchsorted(ends, wrong[0], side="right")) - 1
                    raise ValueError(f"sequence {first} has tokens outside 0..{vocabulary_size - 1}")
                yield [pa.LargeListArray.from_arrays(ends, pa.array(tokens, kind.value_type))]

        write_table(path, TOKEN_FORMAT, [("tokens", kind)], batches())
        return cls(path)

    def __len__(self) -> int:
        return self._tokens.count

    def __getitem__(self, i: int) -> np.ndarray:
        """Sequence i (L,), a read-only view of the map."""
        return self._tokens[i]

    @cached_property
    def lengths(self) -> np.ndarray:
        """The number of tokens of each sequence (N,)."""
        return self._tokens.lengths.astype(np.int32)
