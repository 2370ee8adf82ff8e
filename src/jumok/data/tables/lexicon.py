"""Pronouncing dictionaries in the format of the CMU Pronouncing Dictionary."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.open_text import text_lines
from jumok.data.tables.rows import Cleaner
from jumok.data.tables.text_source import TextSource

VARIANT = re.compile(r"\(\d+\)$")  # word(2) is a further pronunciation of word
REMARK = re.compile(r"\s#.*")
STRESS = re.compile(r"(?<=\D)[012](?=\s|$)")


class LexiconSource(TextSource):
    """Words and their pronunciations: `word PH ON EM ES`, a row for each pronunciation."""

    def __init__(
        self, path: Path, columns: tuple[str, str], stress: Literal["keep", "remove"] = "keep"
    ) -> None:
        super().__init__([path])
        (self.path,), self.columns, self.stress = self.files, columns, stress

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
