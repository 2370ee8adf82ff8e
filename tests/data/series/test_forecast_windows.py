"""Windows of a long series: all that fit, split by time, and what cannot be cut."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from jumok.data.row import Row
from jumok.data.series.cells import read_series
from jumok.data.series.windows import Extent, WindowsSource
from jumok.data.tables.faults import Fault, UnreadableFile

PAST, HORIZON = 5, 3
FIELDS = {"load": Extent(-PAST, 0), "next": Extent(0, HORIZON)}
BEGIN = datetime(2026, 3, 1)


def write_hours(
    folder: Path, count: int = 30, changed: dict[int, str] | None = None, minutes: int = 60
) -> Path:
    """hours.csv: two channels a row; `changed` has whole rows by their number, from 0."""
    rows = [f"{BEGIN + timedelta(minutes=minutes * i)},{i},{i / 10}" for i in range(count)]
    for place, row in (changed or {}).items():
        rows[place] = row
    file = folder / "hours.csv"
    file.write_text("\n".join(["date,a,b", *rows, ""]))
    return file


def cells(source: WindowsSource) -> list[Row]:
    found = list(source.rows())
    assert all(isinstance(one, Row) for one in found), found
    return found


def fault(source: WindowsSource) -> Fault:
    (found,) = source.rows()
    assert isinstance(found, Fault)
    return found


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_every_window_that_fits_is_there_once(tmp_path, stride):
    file = write_hours(tmp_path)
    found = cells(WindowsSource(file, FIELDS, stride=stride))
    assert len(found) == len(range(0, 30 - PAST - HORIZON + 1, stride))
    for number, row in enumerate(found):
        first = PAST + number * stride
        past, future = (read_series(cell, tmp_path) for cell in row.values)
        assert past.values[:, 0].tolist() == list(range(first - PAST, first))
        assert future.values[:, 0].tolist() == list(range(first, first + HORIZON))
        assert row.line == first + 2


def test_splits_share_no_step_to_come_and_lose_none(tmp_path):
    file = write_hours(tmp_path)
    bounds = [(0, 15), (15, 22), (22, None)]
    split = [cells(WindowsSource(file, FIELDS, rows)) for rows in bounds]
    steps = [
        {i for row in rows for i in read_series(row.values[1], tmp_path).values[:, 0].tolist()}
        for rows in split
    ]
    assert steps == [set(range(PAST, 15)), set(range(15, 22)), set(range(22, 30))]
    assert split[1][0].values[0] == "hours.csv#10:15"  # its past is in train


def test_covariates_cover_the_steps_to_come(tmp_path):
    file = write_hours(tmp_path)
    fields = {**FIELDS, "clock": Extent(-PAST, HORIZON, ("hour", "weekday"))}
    row = cells(WindowsSource(file, fields))[0]
    assert row.values == ("hours.csv#0:5", "hours.csv#5:8", "hours.csv#0:8@hour+weekday")
    clock = read_series(row.values[2], tmp_path)
    assert clock.channels == ("hour_sin", "hour_cos", "weekday_sin", "weekday_cos")
    np.testing.assert_allclose(clock.values[:, 0], np.sin(2 * np.pi * np.arange(8) / 24), atol=1e-6)
    assert np.allclose(clock.values[0, 2:], [np.sin(12 * np.pi / 7), np.cos(12 * np.pi / 7)])  # a Sunday


def test_a_clock_goes_on_after_the_table(tmp_path):
    write_hours(tmp_path, 24)
    whole, after = (read_series(f"hours.csv#{span}@hour+month", tmp_path) for span in ("0:24", "24:48"))
    np.testing.assert_allclose(whole.values[:, :2], after.values[:, :2], atol=1e-6)
    assert str(after.times[0]) == "2026-03-02T00:00:00.000"


@pytest.mark.parametrize(
    ("changed", "kind", "line", "words"),
    [
        ({7: "2026-02-27 07:00:00,7,0"}, "unsorted_time", 9, "sort the rows by time"),
        ({7: "2026-03-01 07:20:00,7,0"}, "irregular_time", 9, "4800 s after"),
        ({7: '2026-03-01 07:00:00,"7,5",0'}, "bad_number", 9, "write 7.5"),
        ({29: "2026-03-02 06:00:00,7,0"}, "irregular_time", 31, "UTC"),
    ],
)
def test_a_faulty_clock_or_number_is_told_with_its_line(tmp_path, changed, kind, line, words):
    found = fault(WindowsSource(write_hours(tmp_path, changed=changed), FIELDS))
    assert (found.kind, found.line) == (kind, line)
    assert words in str(found)


def test_a_time_that_stands_twice_is_told(tmp_path):
    file = write_hours(tmp_path, changed={7: "2026-03-01 03:00:00,7,0"}, minutes=30)
    found = fault(WindowsSource(file, FIELDS))
    assert (found.kind, found.line) == ("duplicate_time", 9) and "keep one of the two rows" in found.remedy


def test_an_hour_that_comes_twice_is_told(tmp_path):
    rows = {i: f"{BEGIN + timedelta(minutes=30 * i - 60 * (i > 9))},1,1" for i in range(30)}
    found = fault(WindowsSource(write_hours(tmp_path, changed=rows), FIELDS))
    assert found.kind == "daylight_saving" and "UTC" in found.remedy and found.line == 12


def test_too_few_rows_are_told(tmp_path):
    found = fault(WindowsSource(write_hours(tmp_path, 7), FIELDS))
    assert found.kind == "too_short" and "7 rows" in found.problem and "3 steps to come" in found.problem
    found = fault(WindowsSource(write_hours(tmp_path, 30), FIELDS, (28, None)))
    assert found.kind == "too_short" and "2 rows" in found.problem
    assert fault(WindowsSource(write_hours(tmp_path, 30), FIELDS, (0, 40))).kind == "missing_rows"


def test_a_channel_without_numbers_is_told(tmp_path):
    rows = {i: f"{BEGIN + timedelta(hours=i)},{i}," for i in range(30)}
    found = fault(WindowsSource(write_hours(tmp_path, changed=rows), FIELDS))
    assert found.kind == "empty_channel" and "'b'" in found.problem


def test_a_clock_that_is_none_has_no_hours(tmp_path):
    (tmp_path / "plain.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(UnreadableFile, match="no column of dates"):
        read_series("plain.csv#0:2@hour", tmp_path)
    write_hours(tmp_path)
    with pytest.raises(UnreadableFile, match="choose from hour, weekday, month"):
        read_series("hours.csv#0:2@minute", tmp_path)
