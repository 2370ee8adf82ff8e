"""Rows some of whose cells are series: each is read, and a faulty one is told in its line."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from jumok.data.row import Row
from jumok.data.series.cells import parse_cell, read_series
from jumok.data.series.checking import expect_channels, expect_length
from jumok.data.series.findings import SeriesFindings
from jumok.data.series.signal import Series
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.file_rows import FileRows
from jumok.data.tables.rows import Source


class SeriesExpectation(NamedTuple):
    """What the series of an input must be like."""

    channels: tuple[str, ...] | None  # their names, if they are given
    channel_count: int | None  # if it is given
    time: str | None
    max_length: int | None
    rate: float | None  # samples a second
    gaps: Literal["keep", "mark"] = "keep"


class SeriesRows(FileRows):
    """The rows of another source whose series could be read; those of an input have the same channels."""

    missing = "missing_series"

    def __init__(self, source: Source, series: Mapping[str, SeriesExpectation]) -> None:
        super().__init__(source)
        self._first: dict[str, Series] = {}  # the first series of each input
        self._findings: dict[str, SeriesFindings] = {}
        self.series = dict(series)

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """What the other source found odd, then what is odd in series."""
        found = [remark for one in self._findings.values() for remark in one.remarks()]
        return (*self._source.remarks, *found)

    def rows(self) -> Iterator[Row | Fault]:
        """The rows whose series are there and as expected, and a fault in place of each other one."""
        self._first = {}
        self._findings = {name: SeriesFindings(name, one.rate) for name, one in self.series.items()}
        yield from super().rows()

    def _file_columns(self) -> Iterable[str]:
        return self.series

    def _fault(self, row: Row) -> Fault | None:
        """What is wrong with the first faulty series of a row."""
        for name, expected in self.series.items():
            cell = row.values[self.columns.index(name)]
            if not cell:  # a row may lack an optional input
                continue
            try:
                self._look(name, expected, cell, row.line)
            except UnreadableFile as unreadable:
                return self._placed(name, row.line, unreadable.fault)
        return None

    def _look(self, name: str, expected: SeriesExpectation, cell: str, line: int) -> None:
        """Read a series, and note what it is like; raises UnreadableFile."""
        inline = cell.lstrip().startswith("[")
        if not inline:
            self._seen.setdefault(parse_cell(cell, self.root).path)
        file = "" if inline else cell
        series = read_series(cell, self.root, expected.channels, expected.time, expected.gaps)
        expect_channels(file, series, None, expected.channel_count)
        first = self._first.setdefault(name, series._replace(values=series.values[:0], times=None))
        expect_channels(file, series, first.names, len(first.channels))
        expect_length(file, series, expected.max_length)
        self._findings[name].see(series, Fault(str(self.files[0]), line, "", "", ""))

    def _placed(self, name: str, line: int, fault: Fault) -> Fault:
        """The fault of a series at the line that lists it."""
        place = str(self.files[0])
        if fault.kind == "missing_file":
            return Fault(
                place, line, f"lists {fault.file}, which does not exist", fault.remedy, "missing_series"
            )
        if fault.file == place:  # a line of the table itself
            return fault
        where = fault.file if fault.line is None else f"{fault.file}:{fault.line}"
        return Fault(place, line, f"{where or name} {fault.problem}", fault.remedy, fault.kind)
