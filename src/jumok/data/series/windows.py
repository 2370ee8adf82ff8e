"""Windows of one long series: a past, and the steps that follow it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jumok.classes import Class
from jumok.data.row import Row
from jumok.data.series.clock import seconds_of
from jumok.data.series.tables import SignalTable, read_signal_table
from jumok.data.tables.faults import Fault, UnreadableFile

HOUR = 3600.0  # seconds, by which clocks are set forward and back
SAME = 1e-3  # of a step, up to which two steps are equal


class Extent(NamedTuple):
    """Which steps of a window a field has, counted from the first one to come."""

    first: int  # -336: the past begins 336 steps before
    end: int
    calendar: tuple[str, ...] = ()  # periods of the clock that it is made of, instead of columns

    def cell(self, table: str, step: int) -> str:
        """The cell of the window whose first step to come is this one."""
        periods = f"@{'+'.join(self.calendar)}" if self.calendar else ""
        return f"{table}#{step + self.first}:{step + self.end}{periods}"


class WindowsSource:
    """A table with a row for each time step, cut into windows: every one that fits counts.

    A window belongs to the rows that its steps to come are in; its past may begin before them. So no row is lost at
    the border between two splits, and no step to come is in both.
    """

    def __init__(
        self,
        path: Path,
        fields: Mapping[str, Extent],
        rows: tuple[int, int | None] = (0, None),
        stride: int = 1,
        time: str | None = None,
        channels: tuple[str, ...] | None = None,
    ) -> None:
        """`channels` are all that the fields read; None: all of the table."""
        self.path, self.fields, self.rows_of_split = path, fields, rows
        self.stride, self.time, self.channels = stride, time, channels
        self.columns = tuple(fields)
        self.files = (path,)
        self.root = path.parent
        self.classes: tuple[Class, ...] = ()

    @property
    def watched(self) -> tuple[Path, ...]:
        """The table."""
        return self.files

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """None: what is odd about a clock is a fault."""
        return ()

    def rows(self) -> Iterator[Row | Fault]:
        """A row for each window, with a cell like `table.csv#1200:1536` for each field, or the first fault."""
        try:
            table = read_signal_table(self.path, self.channels, self.time)
        except UnreadableFile as unreadable:
            yield unreadable.fault
            return
        fault = self.fault_of(table)
        if fault is not None:
            yield fault
            return
        for step in self.steps(len(table.lines)):
            cells = tuple(one.cell(self.path.name, step) for one in self.fields.values())
            yield Row(int(table.lines[step]), cells)

    def steps(self, length: int) -> range:
        """The first step to come of each window of a table of so many rows."""
        first, end = self.rows_of_split
        past = -min(one.first for one in self.fields.values())
        future = max(one.end for one in self.fields.values())
        return range(max(first, past), (length if end is None else end) - future + 1, self.stride)

    def fault_of(self, table: SignalTable) -> Fault | None:
        """Why the table cannot be cut into windows."""
        return self.too_short(len(table.lines)) or self.empty_channel(table) or clock_fault(self.path, table)

    def too_short(self, length: int) -> Fault | None:
        """The fault of a table, or of rows of it, without a window."""
        first, end = self.rows_of_split
        if max(first, end or 0) > length:
            problem = f"has {length:,} rows, but rows: names {max(first, end or 0):,}"
            return Fault(str(self.path), None, problem, "name rows that it has, from 0", "missing_rows")
        if len(self.steps(length)):
            return None
        past = -min(one.first for one in self.fields.values())
        future = max(one.end for one in self.fields.values())
        here = (length if end is None else end) - first
        problem = f"has {here:,} rows here, too few for a past of {past:,} and {future:,} steps to come"
        return Fault(str(self.path), None, problem, "shorten past: or the horizon, or add rows", "too_short")

    def empty_channel(self, table: SignalTable) -> Fault | None:
        """The fault of a channel that was never measured."""
        values, names = table.recording.values, table.recording.channels
        empty = [name for name, no in zip(names, np.isnan(values).all(0), strict=True) if no]
        if not empty:
            return None
        problem = f"holds no number in the column {empty[0]!r}"
        remedy = "leave it out of channels:, or correct the column"
        return Fault(str(self.path), None, problem, remedy, "empty_channel")


def clock_fault(path: Path, table: SignalTable) -> Fault | None:
    """The first fault of a clock: times that go back, stand still, or jump; None where it goes on by equal steps."""
    times = table.recording.times
    if times is None or len(times) < 2:
        return None
    steps = np.diff(seconds_of(times))  # (T - 1,)
    usual = float(np.median(steps))
    if usual <= 0:
        wrong = np.flatnonzero(steps <= 0)
    else:
        wrong = np.flatnonzero(np.abs(steps - usual) > SAME * usual)
    if not len(wrong):
        return None
    place = int(wrong[0])
    step, line = float(steps[place]), int(table.lines[place + 1])
    problem, kind = clock_problem(times, place, step, usual)
    is_date = times.dtype.kind == "M"
    if is_date and abs(abs(step - usual) - HOUR) < SAME * HOUR:
        remedy = "this looks like daylight saving time; write times in UTC"
    elif step > usual > 0:
        remedy = "write the rows between, with empty cells where nothing was measured"
    else:
        remedy = "sort the rows by time, each time once"
    return Fault(str(path), line, problem, remedy, kind)


def clock_problem(times: np.ndarray, place: int, step: float, usual: float) -> tuple[str, str]:
    """What is wrong with a step of a clock, and the kind of the fault.

    Args:
        times: (T,).
        place: The step goes from this time to the next one.
        step: Its length; in seconds where times are dates.
        usual: The length of most steps.

    Returns:
        Problem and kind.
    """
    before, here = (str(time).replace("T", " ") for time in times[place : place + 2])
    if step == 0:
        return f"has the time {here} of the row before it once more", "duplicate_time"
    if step < 0:
        return f"has the time {here}, earlier than {before} of the row before it", "unsorted_time"
    unit = " s" if times.dtype.kind == "M" else ""
    much = f"{step:g}{unit} after {before}, where most rows follow after {usual:g}{unit}"
    return f"has the time {here}, {much}", "irregular_time"
