"""Windows of one long series: a past, and the steps that follow it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jumok.classes import Class
from jumok.data.row import Row
from jumok.data.series.checking import expect_forward_clock, spring_hours, usual_distance
from jumok.data.series.clock import seconds_of
from jumok.data.series.tables import SignalTable, read_signal_table
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.wording import quantity

STEP_TOLERANCE = 1e-3  # of a step, up to which two steps are equal


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
            problem = f"has {quantity(length, 'row')}, but rows: names {max(first, end or 0):,}"
            return Fault(str(self.path), None, problem, "name rows that it has, from 0", "missing_rows")
        if len(self.steps(length)):
            return None
        past = -min(one.first for one in self.fields.values())
        future = max(one.end for one in self.fields.values())
        here = (length if end is None else end) - first
        problem = (
            f"has {quantity(here, 'row')} here, too few for a past of {past:,} and "
            f"{quantity(future, 'step')} to come"
        )
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
    if times is None:
        return None
    try:
        expect_forward_clock(str(path), times, table.lines.tolist())
    except UnreadableFile as unreadable:
        return unreadable.fault
    apart = np.diff(seconds_of(times))  # (T - 1,)
    usual = usual_distance(apart)
    wrong = np.flatnonzero(~np.isclose(apart, usual, rtol=STEP_TOLERANCE))
    if not len(wrong):
        return None
    at = int(wrong[0])
    unit = " s" if times.dtype.kind == "M" else ""
    before, here = (str(time).replace("T", " ") for time in times[at : at + 2])
    problem = f"has the time {here}, {apart[at]:g}{unit} after {before}, where most rows follow after {usual:g}{unit}"
    remedy = "write the rows between, with empty cells where nothing was measured"
    if at in spring_hours(times):
        remedy = "this looks like the begin of daylight saving time; write times in UTC"
    elif apart[at] < usual:
        remedy = "leave the row out, or write a table of equal steps"
    return Fault(str(path), int(table.lines[at + 1]), problem, remedy, "irregular_time")
