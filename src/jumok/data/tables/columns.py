"""Names and numbers of the columns of a table."""

from pathlib import Path

from jumok.data.tables.faults import Fault
from jumok.errors import did_you_mean
from jumok.wording import quantity

MAX_SHOWN_NAMES = 20  # names in a sentence


def column_fault(
    path: Path, line: int | None, column: str, names: list[str], inner: str = ""
) -> Fault | None:
    """The fault of a wanted column that does not exist, or exists twice.

    Args:
        path: The file.
        line: The line of the header.
        column: The wanted column.
        names: The columns of the table.
        inner: A hint about nested columns.

    Returns:
        The fault; None if there is none.
    """
    if names.count(column) == 1:
        return None
    if column in names:
        twice = f"has {quantity(names.count(column), 'column')} named {column!r}"
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
    """The fault of a column number greater than the number of columns; None if it exists.

    Args:
        path: The file.
        line: The line.
        number: The number of the column, from 1.
        width: How many columns there are.
        separator: What separates cells.

    Returns:
        The fault, or None.
    """
    if number <= width:
        return None
    there = quantity(width, "column")
    remedy = (
        "correct the number"
        if width > 1
        else f"its cells are read between {separator}s; say another separator"
    )
    return Fault(str(path), line, f"has no column {number}, only {there}", remedy, "unknown_column")
