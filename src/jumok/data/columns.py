"""The names and numbers of a table's columns."""

from pathlib import Path

from jumok.data.faults import Fault
from jumok.errors import did_you_mean

MAX_SHOWN_NAMES = 20  # names in a sentence


def column_fault(
    path: Path, line: int | None, column: str, names: list[str], inner: str = ""
) -> Fault | None:
    """The fault of a wanted column that is not among the names that there are, or there twice.

    `inner` says where such a column stands inside another one.
    """
    if names.count(column) == 1:
        return None
    if column in names:
        twice = f"has {names.count(column)} columns named {column!r}"
        return Fault(str(path), line, twice, "give each its own name", "duplicate_column")
    shown = ", ".join(names[:MAX_SHOWN_NAMES]) + (", …" if len(names) > MAX_SHOWN_NAMES else "")
    hint = did_you_mean(column, names)
    remedy = inner or (
        hint.removeprefix("; ") if "did you mean" in hint else "say under columns: what the file calls it"
    )
    return Fault(
        str(path), line, f"has no column {column!r}, its columns are: {shown}", remedy, "unknown_column"
    )


def misnumbered(path: Path, line: int, number: int, width: int, separator: str) -> Fault | None:
    """The fault of a column whose number is greater than there are columns."""
    if number <= width:
        return None
    there = "1 column" if width == 1 else f"{width} columns"
    remedy = (
        "correct the number"
        if width > 1
        else f"its cells are read between {separator}s; say another separator"
    )
    return Fault(str(path), line, f"has no column {number}, only {there}", remedy, "unknown_column")
