"""Which rows of a changed table are those that stood there before."""

from collections import Counter
from collections.abc import Hashable, Sequence

from jumok.labelling.tables.rows import TableRow


def match_rows(old: Sequence[TableRow], new: Sequence[TableRow]) -> list[int | None]:
    """Find rows again after another program has changed a table.

    Equal rows at the begin and at the end are the same rows. Between them, rows that differ in their answers alone are
    the same, too; if others were inserted, removed or moved, a row is found again where all that it holds beside its
    answers occurs unique_rows in both tables. All others are not the same: a wrong row is worse than none.

    Args:
        old: The rows before.
        new: The rows now.

    Returns:
        For each row now the place that it had before, None for those that are not known.
    """
    found: list[int | None] = [None] * len(new)
    shorter = min(len(old), len(new))
    first = next((place for place in range(shorter) if old[place].raw != new[place].raw), shorter)
    left = shorter - first
    last = next((back for back in range(left) if old[-1 - back].raw != new[-1 - back].raw), left)
    found[:first] = range(first)
    for back in range(last):
        found[-1 - back] = len(old) - 1 - back
    inner_old, inner_new = range(first, len(old) - last), range(first, len(new) - last)
    if [old[place].rest for place in inner_old] == [new[place].rest for place in inner_new]:
        found[first : len(new) - last] = inner_old
        return found
    was, now = unique_rows(old), unique_rows(new)
    for rest in was.keys() & now.keys():
        if was[rest] in inner_old and now[rest] in inner_new:
            found[now[rest]] = was[rest]
    return found


def unique_rows(rows: Sequence[TableRow]) -> dict[Hashable, int]:
    """The places of the rows that hold, beside their answers, what no other row does."""
    counts = Counter(row.rest for row in rows)
    return {row.rest: place for place, row in enumerate(rows) if counts[row.rest] == 1}
