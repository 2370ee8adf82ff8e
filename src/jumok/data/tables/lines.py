"""Parallel files: line n of one belongs to line n of the others."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.open_text import decode_line, raw_lines, without_blank_end
from jumok.data.tables.rows import Cleaner
from jumok.data.tables.text_source import TextSource


class LinesSource(TextSource):
    """Parallel files, plain or .gz, one column each; rows up to the end of the shortest."""

    def __init__(self, paths: dict[str, Path]) -> None:
        super().__init__(paths.values())
        self.columns = tuple(paths)

    def _rows(self) -> Iterator[Row | Fault]:
        counts = [0] * len(self.files)
        cleaners = [Cleaner(path, [None], self._remarks) for path in self.files]
        streams = [without_blank_end(raw_lines(path)) for path in self.files]
        for number, lines in enumerate(zip_longest(*streams), start=1):
            if None not in lines:
                yield self._row(number, lines, cleaners)
            counts = [count if line is None else number for count, line in zip(counts, lines, strict=True)]
        if not min(counts):
            bare = str(self.files[counts.index(0)])
            yield Fault(bare, None, "has empty lines alone", "write examples into it", "empty_file")
        elif min(counts) < max(counts):
            yield self._mismatch(counts)

    def _row(self, number: int, lines: tuple[bytes, ...], cleaners: list[Cleaner]) -> Row | Fault:
        values: list[str] = []
        for cleaner, line in zip(cleaners, lines, strict=True):
            text = decode_line(cleaner.path, number, line)
            value = text if isinstance(text, Fault) else cleaner.clean_cell(number, text, None)
            if isinstance(value, str) and "\r" in value:
                value = line_end_inside(cleaner.path, number)
            if isinstance(value, Fault):
                return value
            values.append(value)
        return Row(number, tuple(values))

    def _mismatch(self, counts: list[int]) -> Fault:
        short, long = counts.index(min(counts)), counts.index(max(counts))
        ends = [
            sum(1 for _ in raw_lines(path)) - count for path, count in zip(self.files, counts, strict=True)
        ]
        both = [
            f"{count:,}" + (f" (and {blank:,} empty at the end)" if blank else "")
            for count, blank in zip(counts, ends, strict=True)
        ]
        return Fault(
            str(self.files[short]),
            None,
            f"has {both[short]} lines, but {self.files[long]} has {both[long]}",
            "line n of one must belong to line n of the other; find the first line that does not",
            "length_mismatch",
        )


def line_end_inside(path: Path, line: int) -> Fault:
    """The fault of a line that other programs would split."""
    return Fault(
        str(path),
        line,
        "holds a carriage return (CR) inside, which many programs treat as a line end",
        "remove it, or write a line end in its place in all files",
        "cr_inside",
    )
