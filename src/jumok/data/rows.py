"""A row of somebody's data, and what any reader of them offers."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from jumok.data.annotations.picture import Class
from jumok.data.faults import Fault


class Row(NamedTuple):
    """One example as texts, in the order of the columns of its source."""

    line: int  # 1-based, of the file as it is after decompression
    values: tuple[str, ...]


class Source(Protocol):
    """A reader of rows: streams, and yields a fault in place of each faulty row."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def files(self) -> tuple[Path, ...]: ...

    @property
    def watched(self) -> tuple[Path, ...]:
        """The files whose change makes other rows."""
        ...

    @property
    def root(self) -> Path:
        """The folder where paths in the rows start."""
        ...

    @property
    def classes(self) -> tuple[Class, ...]:
        """The classes of annotated pictures, once the rows were read."""
        ...

    def rows(self) -> Iterator[Row | Fault]: ...


def clean(text: str) -> str:
    """Text as jumok knows it: Unicode NFC, no white space at the ends."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()


def cell(path: Path, line: int, text: str, column: str | None = None) -> str | Fault:
    """Clean text, or what is wrong with it; `column` names it where a line has several."""
    text = clean(text)
    where = "" if column is None else f"column {column!r} "
    if not text:
        remedy = "remove the line from all files" if column is None else "fill it in or remove the row"
        return Fault(str(path), line, f"{where}is empty", remedy, "empty_side")
    if "\0" in text:
        return Fault(
            str(path),
            line,
            f"{where}holds a NUL character",
            "save the file as UTF-8 text (UTF-16 has them)",
            "nul",
        )
    return text


def row(path: Path, line: int, texts: list[str], columns: list[str]) -> Row | Fault:
    """A row of clean texts, or the first fault of one."""
    values: list[str] = []
    for text, column in zip(texts, columns, strict=True):
        value = cell(path, line, text, column)
        if isinstance(value, Fault):
            return value
        values.append(value)
    return Row(line, tuple(values))
