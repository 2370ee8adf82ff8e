"""Examples from arrays, long tables and cells of tables; what is wrong with them, by file and line."""

import json
import os

import numpy as np
import pytest

from jumok.data.row import Row
from jumok.data.series.array_source import ArraySource
from jumok.data.series.cells import read_series
from jumok.data.series.recordings import RecordingSource
from jumok.data.series.rows import SeriesExpectation, SeriesRows
from jumok.data.tables.faults import Fault
from jumok.data.tables.table import TableSource
from jumok.dataset.row_cache import import_source

ANY = SeriesExpectation(None, None, None, None, None)
LONG = """who,t,x,y,label
ann,0,1,10,walk
ann,1,2,20,walk
ann,2,3,30,walk
ben,0,4,40,run
ben,1,5,50,run
"""


def read(source):
    items = list(source.rows())
    return [item for item in items if isinstance(item, Row)], [
        item for item in items if isinstance(item, Fault)
    ]


@pytest.fixture
def arrays(tmp_path):
    values = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    np.savez(
        tmp_path / "a.npz",
        X=values,
        y=np.array([0, 1, 1]),
        names=np.array(["walk", "run"]),
        short=np.zeros(2),
    )
    (tmp_path / "folder").mkdir()
    np.save(tmp_path / "folder" / "X.npy", values)
    np.save(tmp_path / "folder" / "y.npy", np.array([0.5, 2.0, np.nan]))
    return tmp_path


def test_rows_of_arrays(arrays):
    source = ArraySource(arrays / "a.npz", {"signal": "X", "label": "y"}, ("signal",))
    rows, faults = read(source)
    assert [row.values for row in rows] == [("a.npz#X[0]", "0"), ("a.npz#X[1]", "1"), ("a.npz#X[2]", "1")]
    assert not faults and read_series(rows[1].values[0], source.root).values[0].tolist() == [8, 9]


def test_numbers_look_up_names(arrays):
    rows, _ = read(ArraySource(arrays / "a.npz", {"signal": "X", "label": "names[y]"}, ("signal",)))
    assert [row.values[1] for row in rows] == ["walk", "run", "run"]


def test_arrays_of_a_folder(arrays):
    source = ArraySource(arrays / "folder", {"signal": "X.npy", "value": "y.npy"}, ("signal",))
    rows, faults = read(source)
    assert [row.values[1] for row in rows] == ["0.5", "2"]
    assert read_series(rows[1].values[0], source.root).values[0].tolist() == [8, 9]
    assert "has no value for value" in str(faults[0]) and faults[0].line == 3
    assert arrays / "folder" / "X.npy" in source.watched


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"signal": "X", "label": "Y"}, "has no array 'Y'"),
        ({"signal": "X", "label": "short"}, "arrays of different lengths (X 3, short 2)"),
        ({"signal": "y", "label": "y"}, "shape (3,) of int64, expected numbers (N, T, C)"),
        ({"signal": "X", "label": "X"}, "expected one number or text for each example"),
        ({"signal": "X", "label": "short[y]"}, None),
        ({"signal": "X", "label": "names[X]"}, "expected one number or text"),
        ({"signal": "X", "label": "names[short]"}, "has numbers that array 'names', of length 2, lacks"),
    ],
)
def test_faults_of_arrays(arrays, columns, words):
    _, faults = read(ArraySource(arrays / "a.npz", columns, ("signal",)))
    assert [words in str(fault) for fault in faults] == ([True] if words else [])


def recordings(folder, text=LONG, **options):
    (folder / "all.csv").write_text(text)
    return RecordingSource(folder / "all.csv", {"label": "label"}, ("signal",), "who", "t", **options)


def test_whole_recordings(tmp_path):
    rows, faults = read(recordings(tmp_path))
    assert (
        rows == [Row(2, ("all.csv#0:3", "walk", "ann")), Row(5, ("all.csv#3:5", "run", "ben"))] and not faults
    )
    found = read_series(rows[1].values[0], tmp_path, ["y", "x"])
    assert found.values.tolist() == [[40, 4], [50, 5]]


def test_windows_of_recordings(tmp_path):
    source = recordings(tmp_path, window=2, stride=1)
    rows, _ = read(source)
    assert [row.values[0] for row in rows] == ["all.csv#0:2", "all.csv#1:3", "all.csv#3:5"]
    assert source.remarks == ()
    source = recordings(tmp_path, window=2)
    assert [row.values[0] for row in read(source)[0]] == ["all.csv#0:2", "all.csv#3:5"]
    (remark,) = source.remarks
    assert "1 row at the ends of recordings" in str(remark) and remark.line == 4


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("ann,1,2,20,walk", "ann,1,2,20,run", 3, "label changes to 'run' within who 'ann'"),
        ("ann,2,", "ann,1,", 4, "has the time 1.0 twice"),
        ("ann,2,", "ann,0.5,", 4, "has the time 0.5 after 1.0"),
        ("ben,1,", "ann,1,", 6, "who 'ann' goes on here, but has ended in line 4"),
        ("ben,1,5,50,run", "ben,1,5,50", 6, "has 4 columns, expected 5"),
        ("ann,0,1,10,walk", "ann,0,1,10,", 2, "column 'label' is empty"),
        ("who,", "name,", 1, "has no column 'who'"),
    ],
)
def test_faults_of_recordings(tmp_path, old, new, line, words):
    _, faults = read(recordings(tmp_path, LONG.replace(old, new)))
    assert words in str(faults[0]) and faults[0].line == line


def test_a_recording_shorter_than_a_window(tmp_path):
    rows, (fault,) = read(recordings(tmp_path, window=3))
    assert len(rows) == 1 and "who 'ben' has 2 rows, fewer than window=3" in str(fault)


def table(folder, *cells, name="rows.tsv"):
    (folder / name).write_text("signal\tlabel\n" + "".join(f"{cell}\tx\n" for cell in cells))
    return TableSource(folder / name, {"signal": "signal", "label": "label"}, lists=("signal",))


def faults_of(folder, *cells, **expected):
    return read(SeriesRows(table(folder, *cells), {"signal": ANY._replace(**expected)}))[1]


def test_faults_stand_at_the_row_that_lists_the_series(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n3,oops\n")
    (tmp_path / "c.csv").write_text("x,z\n1,2\n")
    (tmp_path / "d.csv").write_text("x\n1\n")
    faults = faults_of(tmp_path, "a.csv", "b.csv", "c.csv", "none.csv", "d.csv", "[[1, 2], [3]]")
    assert [fault.line for fault in faults] == [3, 4, 6, 7, 5]
    words = ("b.csv:3 column 'y' holds 'oops'", "c.csv has the channels x, z, expected x, y")
    words += (
        "d.csv has the channels x, expected x, y",
        "signal has 1 value at time step 1",
        "does not exist",
    )
    assert all(word in str(fault) for word, fault in zip(words, faults, strict=True))
    assert all(fault.file == str(tmp_path / "rows.tsv") for fault in faults)


def test_what_options_expect(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    assert "has 2 channels (x, y), expected 3" in str(faults_of(tmp_path, "a.csv", channel_count=3)[0])
    assert "has 2 time steps, at most 1" in str(faults_of(tmp_path, "a.csv", max_length=1)[0])
    assert "has no column 'z'" in str(faults_of(tmp_path, "a.csv", channels=("x", "z"))[0])
    assert not faults_of(tmp_path, "a.csv", channels=("y",), channel_count=1, max_length=2)


def test_where_no_file_is_there_the_folder_is_wrong(tmp_path):
    (fault,) = faults_of(tmp_path, "a.csv", "b.csv")
    assert "none of the 2 files that it lists exists" in str(fault) and fault.kind == "missing_file"


def remarks_of(folder, *cells, **expected):
    source = SeriesRows(table(folder, *cells), {"signal": ANY._replace(**expected)})
    assert not read(source)[1]
    return {remark.kind: str(remark) for remark in source.remarks}


def clocked(folder, name, times):
    (folder / name).write_text("time,x\n" + "".join(f"{time},{i}\n" for i, time in enumerate(times)))
    return name


def test_remarks_on_channels(tmp_path):
    (tmp_path / "a.csv").write_text("x,y,z\n1,5,\n2,5,\n3,5,1\n")
    (tmp_path / "b.csv").write_text("x,y,z\n1,5,\n2,5,\n")
    found = remarks_of(tmp_path, "a.csv", "b.csv")
    assert found.keys() == {"constant_channel", "missing_samples", "unmeasured_channel"}
    assert "80 % of the samples of channel 'z'" in found["missing_samples"]
    assert "rows.tsv:3: channel 'z' of signal was never measured here" in found["unmeasured_channel"]


def test_remarks_on_clocks(tmp_path):
    a, b = clocked(tmp_path, "a.csv", [0, 1, 2, 5, 6]), clocked(tmp_path, "b.csv", [0, 2, 4])
    found = remarks_of(tmp_path, a, b)
    assert found.keys() == {"clock_jump", "other_rate"}
    assert "jumps from 2.0 to 5.0" in found["clock_jump"]
    assert "rate: 50 says 0.02" in remarks_of(tmp_path, a, rate=50)["other_rate"]


def test_daylight_saving(tmp_path):
    spring = [f"2026-03-29 {hour:02}:00" for hour in (0, 1, 3, 4)]
    assert (
        "as clocks do in spring"
        in remarks_of(tmp_path, clocked(tmp_path, "a.csv", spring))["daylight_saving"]
    )
    autumn = [
        f"2026-10-25 {time}" for time in ("01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00")
    ]
    (fault,) = faults_of(tmp_path, clocked(tmp_path, "b.csv", autumn), "a.csv")
    assert "b.csv:6 goes back an hour" in str(fault) and "UTC" in str(fault)
    twice = [f"2026-10-25 {hour:02}:00" for hour in (0, 1, 2, 2, 4, 5)]  # the third hour is missing
    (fault,) = faults_of(tmp_path, clocked(tmp_path, "d.csv", twice), "a.csv")
    assert "2026-10-25T02:00:00" in str(fault) and "twice; keep one" in str(fault)
    with_offset = [f"{time}+0{2 if i < 4 else 1}:00" for i, time in enumerate(autumn)]
    assert not remarks_of(tmp_path, clocked(tmp_path, "c.csv", with_offset))


def test_lists_of_jsonl_and_parquet_are_the_same_series(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet

    series = [[[1.5, None], [2.0, 3.0]], [[0.1, 7.0]]]
    with (tmp_path / "a.jsonl").open("w") as file:
        file.writelines(json.dumps({"signal": one, "label": "x"}) + "\n" for one in series)
    pa.parquet.write_table(pa.table({"signal": series, "label": ["x", "x"]}), tmp_path / "a.parquet")
    found = []
    for name in ("a.jsonl", "a.parquet"):
        rows, faults = read(
            TableSource(tmp_path / name, {"signal": "signal", "label": "label"}, lists=("signal",))
        )
        assert not faults
        found.append([read_series(row.values[0], tmp_path).values for row in rows])
    for one, other, given in zip(*found, series, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, np.array(given, dtype=np.float32))


def test_lists_are_for_series_alone(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"signal": [1, 2], "label": [3]}\n{"signal": ["a"], "label": "x"}\n')
    source = TableSource(tmp_path / "a.jsonl", {"signal": "signal", "label": "label"}, lists=("signal",))
    one, other = read(SeriesRows(source, {"signal": ANY}))[1]
    assert "column 'label' is a list" in str(one) and one.line == 1
    assert "has 'a' at time step 0, expected a number" in str(other) and other.line == 2


@pytest.mark.parametrize("changed", ["a.csv", "b.npy", "rows.tsv"])
def test_the_row_cache_notices_a_change_of_every_file(tmp_path, changed):
    (tmp_path / "a.csv").write_text("x\n1\n")
    np.save(tmp_path / "b.npy", np.ones((3, 1)))

    def imported():
        source = SeriesRows(table_of(tmp_path), {"signal": ANY})
        return import_source(source)

    def table_of(folder):
        return TableSource(folder / "rows.tsv", {"signal": "signal", "label": "label"}, lists=("signal",))

    table(tmp_path, "a.csv", "b.npy")
    for file in tmp_path.iterdir():
        os.utime(file, (1e9, 1e9))
    assert len(imported().store) == 2
    assert len(imported().faults) == 0
    if changed == "rows.tsv":
        table(tmp_path, "a.csv")
        assert len(imported().store) == 1
    else:
        (tmp_path / changed).write_bytes(b"x\nnothing\n")
        assert len(imported().faults) == 1
