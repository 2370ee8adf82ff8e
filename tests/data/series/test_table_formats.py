"""Recordings and windows in CSV, JSONL and Parquet: the same rows and samples, and the same refusals."""

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from jumok.data.row import Row
from jumok.data.series.cells import read_series
from jumok.data.series.recordings import RecordingSource
from jumok.data.series.statistics import measure_series
from jumok.data.series.tables import read_signal_table
from jumok.data.series.windows import Extent, WindowsSource
from jumok.data.tables.faults import UnreadableFile

START = datetime(2026, 5, 1)
ROWS: list[dict[str, Any]] = [
    {
        "who": "ann" if n < 3 else "ben",
        "t": START + timedelta(seconds=n),
        "x": n / 4,
        "y": n or None,
        "label": "up",
    }
    for n in range(6)
]
FORMS = ("csv", "jsonl", "jsonl.gz", "parquet")


def write(folder: Path, form: str, rows: list[dict[str, Any]]) -> Path:
    """A table of these rows, in which a time stands as a date."""
    path = folder / f"all.{form}"
    if form == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)
        return path
    texts = [
        {name: str(one) if isinstance(one, datetime) else one for name, one in row.items()} for row in rows
    ]
    if form == "csv":
        lines = [",".join("" if one is None else str(one) for one in row.values()) for row in texts]
        path.write_text("\n".join([",".join(rows[0]), *lines, ""]))
        return path
    data = "".join(json.dumps(row) + "\n" for row in texts).encode()
    path.write_bytes(gzip.compress(data) if form.endswith("gz") else data)
    return path


def recordings(path: Path, **options: Any) -> RecordingSource:
    return RecordingSource(path, {"label": "label"}, ("signal",), "who", "t", **options)


def samples_of(source: RecordingSource) -> list[np.ndarray]:
    rows = [row for row in source.rows() if isinstance(row, Row)]
    return [read_series(row.values[0], source.root, ["x", "y"], "t").values for row in rows]


@pytest.mark.parametrize("form", FORMS)
def test_recordings_are_the_same_in_every_format(tmp_path, form):
    source = recordings(write(tmp_path, form, ROWS))
    assert [row.values[1:] for row in source.rows()] == [("up", "ann"), ("up", "ben")]
    expected = np.array([[n / 4, n or np.nan] for n in range(6)], dtype=np.float32)
    first, second = samples_of(source)
    assert np.array_equal(first, expected[:3], equal_nan=True) and np.array_equal(second, expected[3:])
    windows = samples_of(recordings(source.path, window=2, stride=1))
    assert [len(one) for one in windows] == [2, 2, 2, 2] and np.array_equal(windows[3], expected[4:])


@pytest.mark.parametrize("form", FORMS)
def test_windows_are_the_same_in_every_format(tmp_path, form):
    rows = [{"t": row["t"], "x": row["x"]} for row in ROWS]
    path = write(tmp_path, form, rows)
    source = WindowsSource(path, {"past": Extent(-2, 0), "next": Extent(0, 1)}, time="t")
    assert [row.values[0] for row in source.rows()] == [f"all.{form}#{n}:{n + 2}" for n in range(4)]
    series = read_series(f"all.{form}#1:3", tmp_path, None, "t")
    assert series.values[:, 0].tolist() == [0.25, 0.5] and series.times is not None
    assert str(series.times[0]) == "2026-05-01T00:00:01.000"


def same_time(rows: list[dict[str, Any]]) -> None:
    rows[1]["t"] = rows[0]["t"]


def earlier(rows: list[dict[str, Any]]) -> None:
    rows[2]["t"] = START - timedelta(seconds=5)


def autumn(rows: list[dict[str, Any]]) -> None:
    for n, row in enumerate(rows):
        row["t"] = datetime(2026, 10, 25, 2, 30) + timedelta(minutes=30 * n - 60 * (n > 0))


def comma(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["x"] = str(row["x"])
    rows[2]["x"] = "3,5"


def scattered(rows: list[dict[str, Any]]) -> None:
    rows[5]["who"] = "ann"


def changing(rows: list[dict[str, Any]]) -> None:
    rows[1]["label"] = "down"


def unlabelled(rows: list[dict[str, Any]]) -> None:
    rows[0]["label"] = ""


FAULTS: list[tuple[Callable[[list[dict[str, Any]]], None], int, str]] = [
    (same_time, 2, "has the time 2026-05-01T00:00:00.000 twice"),
    (earlier, 3, "has the time 2026-04-30T23:59:55.000 after 2026-05-01T00:00:01.000; sort the rows by time"),
    (autumn, 2, "goes back an hour at 2026-10-25T02:00:00.000, as clocks do in autumn; write times in UTC"),
    (scattered, 6, "who 'ann' goes on here, but has ended in line"),
    (changing, 2, "label changes to 'down' within who 'ann'"),
    (unlabelled, 1, "column 'label' is empty; fill it in"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("spoil", "row", "said"), FAULTS, ids=[spoil.__name__ for spoil, _, _ in FAULTS])
def test_faults_have_the_file_and_row_in_every_format(tmp_path, form, spoil, row, said):
    rows = [dict(one) for one in ROWS]
    spoil(rows)
    path = write(tmp_path, form, rows)
    (fault, *_) = [one for one in recordings(path).rows() if not isinstance(one, Row)]
    assert str(fault).startswith(f"{path}:{row + (form == 'csv')}: {said}")


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_decimal_comma_is_named_with_its_row(tmp_path, form):
    rows = [dict(one) for one in ROWS]
    comma(rows)
    path = write(tmp_path, form, rows)
    with pytest.raises(UnreadableFile) as error:
        read_signal_table(path, ["x"], "t")
    assert str(error.value).startswith(
        f"{path}:3: column 'x' holds '3,5', expected a number; write 3.5, with a"
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_channel_that_was_never_measured_and_an_unknown_one_are_told(tmp_path, form):
    path = write(tmp_path, form, [{**one, "y": None} for one in ROWS])
    if form == "parquet":  # of no type at all where all is null
        path = write(tmp_path, form, [{**one, "y": float("nan")} for one in ROWS])
    assert np.isnan(read_signal_table(path, ["y"], "t").recording.values).all()
    with pytest.raises(UnreadableFile, match="has no column 'z', its columns are: who, t, x, y, label"):
        read_signal_table(path, ["z"], "t")


def test_a_column_of_nulls_alone_is_not_measured(tmp_path):
    path = write(tmp_path, "parquet", [{"x": 1.0, "y": None}] * 3)
    assert np.isnan(read_signal_table(path).recording.values[:, 1]).all()


def test_a_parquet_column_of_another_type_is_refused(tmp_path):
    path = write(tmp_path, "parquet", [{"x": [1.0], "y": True}])
    for name in ("x", "y"):
        with pytest.raises(
            UnreadableFile, match=f"column '{name}' holds .*, expected numbers; name other channels"
        ):
            read_signal_table(path, [name])


def test_times_of_a_zone_are_utc(tmp_path):
    zone = timezone(timedelta(hours=2))
    rows = [{"time": datetime(2026, 5, 1, 2, n, tzinfo=zone), "x": 1.0} for n in range(3)]
    for form in ("csv", "jsonl", "parquet"):
        times = read_signal_table(write(tmp_path, form, rows)).recording.times
        assert times is not None and str(times[0]) == "2026-05-01T00:00:00.000"


def test_an_object_without_a_key_of_the_first_is_refused(tmp_path):
    path = tmp_path / "all.jsonl"
    path.write_text('{"x": 1, "y": 2}\n{"y": 3}\n')
    with pytest.raises(
        UnreadableFile, match=r"all\.jsonl:2: has no 'x', which the first line has; write null"
    ):
        read_signal_table(path)
    path.write_text('{"x": 1, "y": true}\n')
    with pytest.raises(UnreadableFile, match=r"all\.jsonl:1: column 'y' holds 'true', expected a number"):
        read_signal_table(path)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_an_empty_file_is_told(tmp_path, form):
    path = tmp_path / f"all.{form}"
    path.write_bytes(b"")
    with pytest.raises(UnreadableFile, match="empty|damaged"):
        read_signal_table(path)
    if form == "parquet":
        pyarrow.parquet.write_table(pyarrow.table({"x": pyarrow.array([], pyarrow.float32())}), path)
        with pytest.raises(UnreadableFile, match="has no rows below its names"):
            read_signal_table(path)


def test_recordings_that_touch_are_measured_each_with_its_own_clock(tmp_path):
    """The clock of each recording begins anew; the numbers are those of all samples together."""
    path = tmp_path / "all.csv"
    rows = [(who, t, 3 * who + t) for who in range(3) for t in range(4)]
    path.write_text("who,time,x\n" + "".join(f"{who},{t},{x}\n" for who, t, x in rows))
    cells = ["all.csv#0:4", "all.csv#4:8", "all.csv#8:10", "all.csv#9:12"]
    found, longest = measure_series(cells, tmp_path, lambda cell, root: read_series(cell, root, ["x"]))
    samples = np.array([x for _, _, x in rows], dtype=np.float32)
    assert longest == 4 and found.mean[0] == samples.mean() and found.lowest[0] == 0


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("column", "row", "cell", "said"),
    [
        (
            "x",
            2,
            "inf",
            "column 'x' holds inf, expected a finite number; write a number that fits into 32 bits",
        ),
        ("x", 2, "1e300", "column 'x' holds 1e+300, expected a finite number"),
        ("x", 2, "1_000", "column 'x' holds '1_000', expected a number"),
        (
            "t",
            1,
            "7",
            "has the time '7', a number, where the first is a date without an offset; write all times in",
        ),
        (
            "t",
            1,
            "2026-05-01 00:00:01+02:00",
            "has the time '2026-05-01 00:00:01+02:00', a date with an offset, where the first is a date without an",
        ),
        ("t", 1, "noon", "holds 'noon' as its time, expected a number or a date"),
    ],
)
def test_odd_cells_are_named_with_file_and_line(tmp_path, form, column, row, cell, said):
    rows = [dict(one) for one in ROWS]
    rows[row][column] = cell
    path = write(tmp_path, form, rows)
    with pytest.raises(UnreadableFile) as error:
        read_signal_table(path, ["x"], "t")
    assert str(error.value).startswith(f"{path}:{row + 1 + (form == 'csv')}: {said}")


def test_an_infinite_number_of_parquet_has_its_row(tmp_path):
    path = write(tmp_path, "parquet", [{"x": 1.0}, {"x": float("inf")}])
    with pytest.raises(
        UnreadableFile, match=r"all\.parquet:2: column 'x' holds inf, expected a finite number"
    ):
        read_signal_table(path)
