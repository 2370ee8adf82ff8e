"""The names of a table's columns."""

from pathlib import Path

from jumok.data.faults import Fault
from jumok.errors import did_you_mean

SHOWN = 20  # names in a sentence


def misnamed(path: Path, line: int | None, column: str, names: list[str]) -> Fault | None:
    """The fault of a wanted column that is not among the names that there are, or there twice."""
    if names.count(column) == 1:
        return None
    if column in names:
        twice = f"has {names.count(column)} columns named {column!r}"
        return Fault(str(path), line, twice, "give each its own name", "duplicate_column")
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    hint = did_you_mean(column, names)
    remedy = (
        hint.removeprefix("; ") if "did you mean" in hint else "say under columns: what the file calls it"
    )
    return Fault(
        str(path), line, f"has no column {column!r}, its columns are: {shown}", remedy, "unknown_column"
    )
