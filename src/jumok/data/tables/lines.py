"""Parallel files: line n of one belongs to line n of the others."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.open_text import decode_line, raw_lines, without_blank_end
from jumok.data.tables.rows import Cleaner
from jumok.data.tables.text_source import TextSource


class LinesSource(TextSource):
    """Parallel files, plain or .gz, one column each; rows up to the end of the shortest."""

    def __init__(self, paths: dict[str, Path], optional: Sequence[str] = (), inputs: int = 0) -> None:
        """Lines of `optional` files may be empty, but not those of all of the first `inputs` files."""
        super().__init__(paths.values())
        self.columns = tuple(paths)
        self.optional = tuple(name in optional for name in paths)
        self.inputs = inputs

    def _rows(self) -> Iterator[Row | Fault]:
        counts = [0] * len(self.files)
        cleaners = [Cleaner(path, [None], self._remarks) for path in self.files]
        streams = [
            raw_lines(path) if optional else without_blank_end(raw_lines(path))
            for path, optional in zip(self.files, self.optional, strict=True)
        ]
        for number, lines in enumerate(zip_longest(*streams), start=1):
            if None not in lines:
                yield self._row(number, lines, cleaners)
            counts = [
                number if is_there else count
                for count, is_there in zip(counts, self._are_there(lines), strict=True)
            ]
        if not min(counts):
            bare = str(self.files[counts.index(0)])
            yield Fault(bare, None, "has empty lines alone", "write examples into it", "empty_file")
        elif min(counts) < max(counts):
            yield self._mismatch(counts)

    def _are_there(self, lines: tuple[bytes | None, ...]) -> list[bool]:
        """Which files still have a line; an empty one of an optional file counts as long as others go on."""
        both = list(zip(lines, self.optional, strict=True))
        goes_on = any(line is not None and (line.strip() or not optional) for line, optional in both)
        return [line is not None and bool(goes_on or line.strip()) for line in lines]

    def _row(self, number: int, lines: tuple[bytes, ...], cleaners: list[Cleaner]) -> Row | Fault:
        values: list[str] = []
        for cleaner, line, optional in zip(cleaners, lines, self.optional, strict=True):
            if optional and not line.strip():
                values.append("")
                continue
            text = decode_line(cleaner.path, number, line)
            value = text if isinstance(text, Fault) else cleaner.clean_cell(number, text, None)
            if isinstance(value, str) and "\r" in value:
                value = line_end_inside(cleaner.path, number)
            if isinstance(value, Fault):
                return value
            values.append(value)
        if any(self.optional) and not any(values[: self.inputs]):
            problem = f"has no input, the lines of all of {', '.join(self.columns[: self.inputs])} are empty"
            remedy = "fill one of them in or remove the line from all files"
            return Fault(str(self.files[0]), number, problem, remedy, "empty_side")
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
