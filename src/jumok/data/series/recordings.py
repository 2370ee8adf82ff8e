"""Examples from a long table: several recordings below each other, each with an id, whole or cut into windows."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from jumok.classes import Class
from jumok.data.row import SPLIT_GROUP, Row
from jumok.data.series.checking import expect_forward_clock
from jumok.data.series.opened import OpenedTable, open_signal_table
from jumok.data.series.texts import whole_clock
from jumok.data.tables.columns import column_fault
from jumok.data.tables.faults import Fault, UnreadableFile, fail
from jumok.data.tables.quoted import Cells
from jumok.data.tables.rows import clean
from jumok.wording import quantity


class Recorded(NamedTuple):
    """The rows of one id."""

    id: str
    first: int  # of its rows, from 0 below the names
    lines: list[int]  # of each row
    texts: tuple[str, ...]  # of the columns that are the same in all its rows, the group last
    times: list[str]


class RecordingSource:
    """A long table with a row for each time step; rows with the same id are a recording, and stand together.

    Columns other than the channels, like labels, have one value in all rows of an id. With `window`, each recording is
    cut into pieces of so many rows, which begin every `stride` rows. With `stretches`, these columns may change within
    an id: the rows between two changes are a recording of their own; rows where one of them is empty are left out.
    """

    classes: tuple[Class, ...] = ()

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str],
        series: Sequence[str],
        id: str,
        time: str | None = None,
        group: str | None = None,
        window: int | None = None,
        stride: int | None = None,
        stretches: bool = False,
    ) -> None:
        """Read a long table.

        Args:
            path: The table.
            columns: The column of each of our names that is no series.
            series: Our names of series; each gets the same rows of the table.
            id: The column of ids.
            time: The column of the clock, if there is one.
            group: The column of what stays in one split, like a person; the id, if not given.
            window: Rows of an example; None for whole recordings.
            stride: Rows from the begin of one window to that of the next; `window` if not given.
            stretches: Whether each stretch of rows with the same labels is a recording.
        """
        self.path, self.files, self.watched, self.root = path, (path,), (path,), path.parent
        self.names, self.theirs, self.series = tuple(columns), tuple(columns.values()), tuple(series)
        self.columns = (*self.series, *self.names, SPLIT_GROUP)
        self.id, self.time, self.group, self.window, self.stride = (
            id,
            time,
            group or id,
            window,
            stride or window,
        )
        self.stretches = stretches
        self._left = 0  # rows in no window
        self._first_left: int | None = None

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """Rows at the ends of recordings that no window reaches."""
        if not self._left:
            return ()
        problem = f"{quantity(self._left, 'row')} at the ends of recordings, the first here, are in no window"
        return (
            Fault(
                str(self.path),
                self._first_left,
                problem,
                "to use them, change window and stride",
                "no_window",
            ),
        )

    def rows(self) -> Iterator[Row | Fault]:
        """A row for each recording or window, a fault in place of each recording that cannot be used."""
        self._left, self._first_left = 0, None
        known: dict[str, int] = {}  # the last line of each id
        last = None
        try:
            for recorded in self.recordings():
                if isinstance(recorded, Fault):
                    yield recorded
                elif recorded.id in known and not (self.stretches and recorded.id == last):
                    problem = (
                        f"{self.id} {recorded.id!r} goes on here, but has ended in line {known[recorded.id]}"
                    )
                    remedy = f"sort the rows by {self.id}, then by time"
                    yield Fault(str(self.path), recorded.lines[0], problem, remedy, "scattered_id")
                else:
                    yield from self.examples(recorded)
                    known[recorded.id] = recorded.lines[-1]
                    last = recorded.id
            if last is None and self.stretches:
                problem = f"has no row with a label in {' and '.join(self.theirs)}"
                remedy = "label some of them, as jumok label does"
                yield Fault(str(self.path), None, problem, remedy, "empty_file")
        except UnreadableFile as unreadable:
            yield unreadable.fault

    def examples(self, recorded: Recorded) -> Iterator[Row | Fault]:
        """The rows of one recording."""
        file, count = str(self.path), len(recorded.lines)
        try:
            if recorded.times:
                times = whole_clock(self.path, recorded.lines, recorded.times)
                expect_forward_clock(file, times, recorded.lines)
        except UnreadableFile as unreadable:
            yield unreadable.fault
            return
        size, stride = self.window or count, self.stride or count
        if size > count and self.stretches:
            self._left += count
            self._first_left = self._first_left or recorded.lines[0]
        elif size > count:
            problem = f"{self.id} {recorded.id!r} has {quantity(count, 'row')}, fewer than window={size}"
            remedy = "shorten the window, or remove the recording"
            yield Fault(file, recorded.lines[0], problem, remedy, "too_short")
            return
        end = 0
        for begin in range(0, count - size + 1, stride):
            end = begin + size
            cell = f"{self.path.name}#{recorded.first + begin}:{recorded.first + end}"
            cells = (cell,) * len(self.series)
            yield Row(recorded.lines[begin], (*cells, *recorded.texts))
        if end < count:
            self._left += count - end
            self._first_left = self._first_left or recorded.lines[end]

    def recordings(self) -> Iterator[Recorded | Fault]:
        """The recordings in their order; raises UnreadableFile if the table cannot be read."""
        table = open_signal_table(self.path, self.wanted)
        places = self.places(table)
        own: list[Cells] = []
        count = 0
        for row in table.rows:
            if own and clean(row.cells[places[self.id]]) != clean(own[0].cells[places[self.id]]):
                yield from self.parts(own, count - len(own), places)
                own = []
            own.append(row)
            count += 1
        if not own:
            raise fail(self.path, None, "has no rows below its names", "write some into it", "empty_file")
        yield from self.parts(own, count - len(own), places)

    def parts(
        self, rows: Sequence[Cells], first: int, places: Mapping[str, int]
    ) -> Iterator[Recorded | Fault]:
        """The rows of an id as one recording, or as one for each stretch with the same labels.

        Args:
            rows: The rows of the id.
            first: The place of the first one in the table.
            places: The places of the columns.

        Yields:
            The recordings, or their faults.
        """
        if not self.stretches:
            yield self.recorded(rows, first, places)
            return
        columns = [places[column] for column in self.theirs]
        for labels, same in groupby(enumerate(rows), lambda one: [clean(one[1].cells[at]) for at in columns]):
            (begin, head), *others = same
            if all(labels):
                yield self.recorded([head, *(row for _, row in others)], first + begin, places)

    def places(self, table: OpenedTable) -> dict[str, int]:
        """The place of each wanted column; raises UnreadableFile if one is missing or there twice."""
        names = table.names
        if names is None:
            problem, remedy = "has no names in its first line", "write a line of names above it"
            raise fail(self.path, table.line, problem, remedy, "unknown_column")
        for column in self.wanted:
            fault = column_fault(self.path, table.line, column, names)
            if fault:
                raise UnreadableFile(fault)
        return {column: names.index(column) for column in self.wanted}

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that are read here; channels are read with the samples."""
        return tuple(dict.fromkeys((self.id, self.group, *self.theirs, *([self.time] if self.time else []))))

    def recorded(self, rows: Sequence[Cells], first: int, places: Mapping[str, int]) -> Recorded | Fault:
        """One recording, or the fault of a column that changes within it or is empty."""
        id = clean(rows[0].cells[places[self.id]])
        texts = []
        for column in (self.id, *self.theirs, self.group):
            text = clean(rows[0].cells[places[column]])
            other = next((row for row in rows if clean(row.cells[places[column]]) != text), None)
            if not text:
                problem, remedy = f"column {column!r} is empty", "fill it in or remove the row"
                return Fault(str(self.path), rows[0].line, problem, remedy, "empty_side")
            if other is not None:
                problem = (
                    f"{column} changes to {clean(other.cells[places[column]])!r} within {self.id} {id!r}"
                )
                remedy = (
                    f"say stretches: true beside recordings, or give each stretch with its own {column} "
                    f"its own {self.id}"
                )
                return Fault(str(self.path), other.line, problem, remedy, "changing_label")
            texts.append(text)
        times = [row.cells[places[self.time]] for row in rows] if self.time else []
        return Recorded(id, first, [row.line for row in rows], tuple(texts[1:]), times)
