"""Parallel files: line n of one belongs to line n of the others."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from jumok.data.annotations.picture import Class
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.reading import decoded, raw_lines, why_unreadable
from jumok.data.rows import Row, cell


class LinesSource:
    """Parallel files, plain or .gz, one column each."""

    classes: tuple[Class, ...] = ()

    def __init__(self, paths: dict[str, Path]) -> None:
        self.columns = tuple(paths)
        self.files = tuple(paths.values())
        self.root = self.files[0].parent
        self.watched = self.files

    def rows(self) -> Iterator[Row | Fault]:
        """Rows as long as every file has lines, and a fault in place of each faulty one."""
        faults = [fault for path in self.files if (fault := why_unreadable(path))]
        if faults:
            yield from faults
            return
        try:
            yield from self._rows()
        except UnreadableFile as unreadable:
            yield unreadable.fault

    def _rows(self) -> Iterator[Row | Fault]:
        counts = [0] * len(self.files)
        for number, lines in enumerate(zip_longest(*map(raw_lines, self.files)), start=1):
            if None not in lines:
                yield self._row(number, lines)
            counts = [count if line is None else number for count, line in zip(counts, lines, strict=True)]
        if min(counts) < max(counts):
            yield self._mismatch(counts)

    def _row(self, number: int, lines: tuple[bytes, ...]) -> Row | Fault:
        values: list[str] = []
        for path, line in zip(self.files, lines, strict=True):
            text = decoded(path, number, line)
            value = text if isinstance(text, Fault) else cell(path, number, text)
            if isinstance(value, Fault):
                return value
            values.append(value)
        return Row(number, tuple(values))

    def _mismatch(self, counts: list[int]) -> Fault:
        short, long = counts.index(min(counts)), counts.index(max(counts))
        return Fault(
            str(self.files[short]),
            None,
            f"has {counts[short]:,} lines, but {self.files[long]} has {counts[long]:,}",
            "line n of one must belong to line n of the other; find the first line that does not",
            "length_mismatch",
        )
