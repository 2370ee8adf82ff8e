"""What a table holds at one moment, and which row is which after it was changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from jumok.data.cache.place import cache_key
from jumok.labelling.tables.row_matching import match_rows, unique_rows
from jumok.labelling.tables.rows import TableContent, TableForm, TableRow


@dataclass(frozen=True)
class TableState:
    """A table with a key for each row, which stays with the row while the table is open."""

    data: bytes | None  # of the file; None where there is none
    content: TableContent
    keys: tuple[str, ...]  # of the rows
    places: Mapping[str, int] = field(default_factory=dict)  # of the rows by their keys
    gone: Mapping[str, TableRow] = field(
        default_factory=dict
    )  # that are not there now, or cannot be told apart

    @property
    def rows(self) -> tuple[TableRow, ...]:
        """The rows."""
        return self.content.rows

    def with_content(
        self, data: bytes, content: TableContent, keys: Sequence[str] | None = None
    ) -> "TableState":
        """The table after it was changed here.

        Args:
            data: Its bytes.
            content: Its rows.
            keys: The keys of the rows, if they are others.

        Returns:
            The table now.
        """
        own = self.keys if keys is None else tuple(keys)
        return TableState(data, content, own, self.places if keys is None else places_of(own), self.gone)


def first_state(data: bytes | None, form: TableForm) -> TableState:
    """A table that is opened; a row is called by the line where it begins, as messages call it."""
    content = form.parse(data or b"")
    line, keys = 1 + content.head.count(b"\n"), []
    for row in content.rows:
        keys.append(f"row {line}")
        line += row.raw.count(b"\n")
    return TableState(data, content, tuple(keys), places_of(keys))


def next_state(before: TableState, data: bytes | None, form: TableForm) -> tuple[TableState, frozenset[str]]:
    """The table after another program changed it, and the keys of what has changed.

    Args:
        before: The table as it was.
        data: The bytes of the file now.
        form: How they are read.

    Returns:
        The table now, in which a row that is found again keeps its key, and the keys of the rows that are others now,
        new or gone.
    """
    now = first_state(data, form)
    found = match_rows(before.rows, now.rows)
    back, taken = found_again(before.gone, now.rows), {*before.keys, *before.gone}
    keys: list[str] = []
    for place, old in enumerate(found):
        own = back.get(place) or new_key(now.keys[place], taken) if old is None else before.keys[old]
        taken.add(own)
        keys.append(own)
    here = {*keys}
    gone = {key: row for key, row in before.gone.items() if key not in here}
    gone |= {key: row for key, row in zip(before.keys, before.rows, strict=True) if key not in here}
    changed = {
        key
        for key, row, old in zip(keys, now.rows, found, strict=True)
        if old is None or row_version(row) != row_version(before.rows[old])
    }
    now = replace(now, keys=tuple(keys), places=places_of(keys), gone=gone)
    return now, frozenset(changed | (gone.keys() - before.gone.keys()))


def found_again(gone: Mapping[str, TableRow], rows: Sequence[TableRow]) -> dict[int, str]:
    """The keys of rows that were gone and are there again, as when a table was read while it was being written."""
    if not gone:
        return {}
    keys, places = list(gone), unique_rows(rows)
    return {
        places[rest]: keys[old] for rest, old in unique_rows(list(gone.values())).items() if rest in places
    }


def new_key(wanted: str, taken: set[str]) -> str:
    """The key of a row that was not there before: that of its line, or the next that no other row ever had."""
    number = int(wanted.removeprefix("row "))
    while f"row {number}" in taken:
        number += 1
    return f"row {number}"


def places_of(keys: Sequence[str]) -> dict[str, int]:
    """The place of each key."""
    return {key: place for place, key in enumerate(keys)}


def row_version(row: TableRow) -> str:
    """The version of a row: a digest of its bytes without the line end."""
    return cache_key(row.raw.rstrip(b"\r\n"))
