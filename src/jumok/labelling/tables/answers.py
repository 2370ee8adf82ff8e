"""Outputs that cells of a table answer: which classes occur, and which texts a cell may hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jumok.data.tables.rows import cell_fault, clean
from jumok.errors import DataError
from jumok.kinds.label.cells import BadCell, ClassNames, label_names, names_in, quoted
from jumok.kinds.values.cells import BadNumber, cell_values
from jumok.labelling.contract import AnswerColumn


@dataclass(frozen=True)
class AnswerField:
    """One output, and the column of a table that holds it."""

    name: str
    kind: Literal["label", "text", "values"]
    column: str | int  # what the file calls it, or its number
    classes: tuple[str, ...] = ()  # of a label whose classes the experiment names; there are no others
    several: bool = False  # whether a cell holds several labels
    names: tuple[str, ...] = ()  # of several values

    def found_classes(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The classes that cells name; none if this is no label."""
        cells = (text for text in map(clean, texts) if text)
        return names_in(cells, self.several) if self.kind == "label" else ()

    def classes_of(self, text: str) -> tuple[str, ...]:
        """The classes that one cell names; none if it cannot be read, or is no label."""
        if self.kind != "label" or not text:
            return ()
        try:
            return label_names(text, self.several)
        except BadCell:
            return ()

    def check(self, where: str, text: str) -> None:
        """Refuse a text that is no such answer; raises DataError.

        Args:
            where: The file, for the message.
            text: The clean text of a cell.
        """
        fault = cell_fault(Path(where), 1, text, self.column)
        if fault is not None:
            raise DataError(f"{where}: {fault.problem}; write another text")
        try:
            if self.kind == "values":
                cell_values(text, self.names, bool(self.names))
            unknown = self._unknown(text)
        except (BadCell, BadNumber) as bad:
            raise DataError(f"{where}: column {self.column!r} {bad.problem}; {bad.remedy}") from None
        if unknown is not None:
            known = quoted(self.classes)
            raise DataError(
                f"{where}: {unknown!r} is no class of {self.name}, which the experiment says has {known}; "
                f"choose one of them, or add it to classes of {self.name} in the experiment"
            )

    def column_now(self, classes: tuple[str, ...]) -> AnswerColumn:
        """The column with the classes that there are now."""
        is_label = self.kind == "label"
        return AnswerColumn(self.name, self.kind, classes if is_label else (), is_label and self.several)

    def _unknown(self, text: str) -> str | None:
        """The first label that is no class, where the experiment says which there are."""
        if self.kind != "label":
            return None
        label_names(text, self.several)
        return ClassNames(self.classes, self.several, by_number=True).unknown(text) if self.classes else None
