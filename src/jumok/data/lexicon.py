"""Pronouncing dictionaries in the format of the CMU Pronouncing Dictionary."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from jumok.data.annotations.picture import Class
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.reading import decoded, raw_lines, why_unreadable
from jumok.data.rows import Row, clean, row

VARIANT = re.compile(r"\(\d+\)$")  # word(2) is a further pronunciation of word
REMARK = re.compile(r"\s#.*")
STRESS = re.compile(r"(?<=\D)[012](?=\s|$)")


class LexiconSource:
    """Words and their pronunciations: `word PH ON EM ES`, a row for each pronunciation."""

    classes: tuple[Class, ...] = ()

    def __init__(
        self, path: Path, columns: tuple[str, str], stress: Literal["keep", "remove"] = "keep"
    ) -> None:
        self.path = path
        self.columns = columns
        self.files = (path,)
        self.root = path.parent
        self.watched = self.files
        self.stress = stress

    def rows(self) -> Iterator[Row | Fault]:
        """Rows of a word and its phones, spaces between them; a fault in place of each faulty line."""
        fault = why_unreadable(self.path)
        if fault:
            yield fault
            return
        try:
            yield from self._rows()
        except UnreadableFile as unreadable:
            yield unreadable.fault

    def _rows(self) -> Iterator[Row | Fault]:
        seen: set[tuple[str, ...]] = set()  # a lexicon is small
        for number, raw in enumerate(raw_lines(self.path), start=1):
            text = decoded(self.path, number, raw)
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
        word, *rest = REMARK.sub("", clean(text)).split(maxsplit=1)
        phones = " ".join("".join(rest).split())
        if self.stress == "remove":
            phones = STRESS.sub("", phones)
        return row(self.path, number, [VARIANT.sub("", word), phones], list(self.columns))
