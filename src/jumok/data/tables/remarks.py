"""Remarks: what is unusual in a file but no fault, counted and reported with its first location."""

from pathlib import Path
from typing import NamedTuple

from jumok.data.tables.faults import Fault

REMARKS = {  # by kind: what it is, and what it means
    "decomposed": (
        "is not composed Unicode (NFC), but decomposed (NFD) or the like",
        "it is read as NFC, which looks the same",
    ),
    "decomposed_hangul": (
        "is Hangul in decomposed Unicode (NFD)",
        "it is read as whole syllables (NFC); to learn and write its letters, set tokens: {kind: jamo}",
    ),
    "invisible": (
        "holds invisible characters, like a zero-width space (U+200B)",
        "they are learned unchanged; remove them if they have no meaning",
    ),
    "mark_inside": (
        "holds a byte order mark (U+FEFF), as concatenated files do",
        "it is left out",
    ),
    "long_cell": (
        "holds line ends, in quotes",
        "it is read as one row; check that no quote is left open there",
    ),
    "quoted_tsv": (
        "is quoted as Excel and pandas write it",
        "quotes are ordinary characters in a table with tabs, so they are learned; write it without quotes, "
        "or say separator: tab, with which quotes are read",
    ),
    "same_column": (
        "is read for several inputs and outputs",
        "an output equal to an input is no task; correct columns: if this is not intended",
    ),
    "like_header": (
        "looks like a header",
        "it is read as an example, because columns are given by number; remove it, or name the columns",
    ),
}


class _Seen(NamedTuple):
    line: int
    times: int


class Remarks:
    """Counts by kind, file and column."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str | int | None], _Seen] = {}

    def note(self, kind: str, path: Path, line: int, column: str | int | None = None) -> None:
        """Count a remark.

        Args:
            kind: Kind of the remark.
            path: The file.
            line: The line.
            column: The column, if there are several.
        """
        key = (kind, str(path), column)
        first, count = self._seen.get(key, (line, 0))
        self._seen[key] = _Seen(first, count + 1)

    def told(self) -> tuple[Fault, ...]:
        """A sentence for each kind of remark, at its first location."""
        return tuple(
            remark_on_rows(kind, file, column, seen.line, seen.times)
            for (kind, file, column), seen in self._seen.items()
        )


def remark_on_rows(kind: str, file: str, column: str | int | None, line: int, count: int) -> Fault:
    """The remark about lines of one kind: the first of them, and how many more there are."""
    what, remedy = REMARKS[kind]
    where = "" if column is None else f"column {column!r} "
    more = f", and so in {count - 1:,} more" if count > 1 else ""
    return Fault(file, line, f"{where}{what}{more}", remedy, kind)
