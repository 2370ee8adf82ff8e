"""One cell made of several columns of a table, or of a row of an array: a list of values, or the labels it marks."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from jumok.data.tables.faults import Fault

JSON_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
MARK_CELLS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}


class Joining(NamedTuple):
    """How an output reads several columns: as a list of numbers, as marks of several labels, or of exactly one."""

    form: Literal["list", "several", "one"]
    names: tuple[str, ...] = ()  # of the values or classes in their order, if they are given

    @property
    def noun(self) -> str:
        """What the names are names of."""
        return "value" if self.form == "list" else "class"

    def cell(self, path: Path, line: int, cells: Sequence[str], columns: Sequence[str]) -> str | Fault:
        """The cell of an output.

        Args:
            path: The file, for the fault.
            line: The line or number of the row, for the fault.
            cells: The cells of the columns, none of them empty.
            columns: What the file calls the columns.

        Returns:
            A JSON list, or a label; a fault if marks are not 0 and 1, or other than one where one is asked for.
        """
        if self.form == "list":
            return f"[{', '.join(map(list_item, cells))}]"
        odd = next((place for place, cell in enumerate(cells) if cell.casefold() not in MARK_CELLS), None)
        if odd is not None:
            what = f"column {columns[odd]!r} holds {cells[odd]!r}, expected 0 or 1 for the class"
            return Fault(str(path), line, what, "write 1 where an example has the class, else 0", "bad_value")
        names = self.names or tuple(columns)
        marked = [name for name, cell in zip(names, cells, strict=True) if MARK_CELLS[cell.casefold()]]
        if self.form == "several":
            return json.dumps(marked, ensure_ascii=False)
        if len(marked) != 1:
            told = " and ".join(map(repr, marked)) or "no class"
            what = f"marks {told}, expected exactly one of {', '.join(names)}"
            return Fault(str(path), line, what, "correct it, or say several: true for the label", "bad_value")
        return marked[0]


def list_item(cell: str) -> str:
    """A cell as an item of a JSON list: a number as it is written, anything else as a text."""
    return cell if JSON_NUMBER.fullmatch(cell) else json.dumps(cell, ensure_ascii=False)
