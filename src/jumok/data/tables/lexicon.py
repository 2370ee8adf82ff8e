"""Pronouncing dictionaries in the format of the CMU Pronouncing Dictionary."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from jumok.classes import Class
from jumok.data.row import Row
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.open_text import text_lines
from jumok.data.tables.pipes import spooled
from jumok.data.tables.remarks import Remarks
from jumok.data.tables.rows import Cleaner
from jumok.data.tables.text_form import why_no_text

VARIANT = re.compile(r"\(\d+\)$")  # word(2) is a further pronunciation of word
REMARK = re.compile(r"\s#.*")
STRESS = re.compile(r"(?<=\D)[012](?=\s|$)")


class LexiconSource:
    """Words and their pronunciations: `word PH ON EM ES`, a row for each pronunciation."""

    classes: tuple[Class, ...] = ()

    def __init__(
        self, path: Path, columns: tuple[str, str], stress: Literal["keep", "remove"] = "keep"
    ) -> None:
        self.path = spooled(path)
        self.columns = columns
        self.files = (self.path,)
        self.root = self.path.parent
        self.watched = self.files
        self.stress = stress
        self._remarks = Remarks()

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """Remarks that are no faults, once the rows were read."""
        return self._remarks.told()

    def rows(self) -> Iterator[Row | Fault]:
        """Rows of a word and its phones, separated by spaces; a fault in place of each faulty line."""
        self._remarks = Remarks()
        fault = why_no_text(self.path)
        if fault:
            yield fault
            return
        try:
            yield from self._rows()
        except UnreadableFile as unreadable:
            yield unreadable.fault

    def _rows(self) -> Iterator[Row | Fault]:
        seen: set[tuple[str, ...]] = set()  # a lexicon is small
        for number, text in text_lines(self.path):
            if isinstance(text, Fault):
                yield text
                continue
            if text.startswith(";;;") or not text.strip():
                continue
            found = self._entry(number, text)
            if self.stress == "remove" and isinstance(found, Row):
                if found.values in seen:  # two pronunciations that differed in stress alone
                    continue
                seen.add(found.values)
            yield found

    def _entry(self, number: int, text: str) -> Row | Fault:
        word, *rest = [*REMARK.sub("", text).split(maxsplit=1), ""][:2]
        phones = " ".join("".join(rest).split())
        if self.stress == "remove":
            phones = STRESS.sub("", phones)
        return Cleaner(self.path, self.columns, self._remarks).row(number, [VARIANT.sub("", word), phones])
