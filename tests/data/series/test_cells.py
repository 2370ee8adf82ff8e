"""Cells that stand for series: the same values from arrays, tables and lists, and honest faults."""

import json

import numpy as np
import pytest

from jumok.data.series.cells import KeptFiles, parse_cell, read_series
from jumok.data.tables.faults import UnreadableFile

VALUES = np.array([[1, 2.5], [3, np.nan], [-4, 0.125]], dtype=np.float32)  # (T, C)
TABLE = "time,x,y\n0,1,2.5\n0.5,3,\n1,-4,0.125\n"


def fault_of(cell, root, **options):
    with pytest.raises(UnreadableFile) as raised:
        read_series(cell, root, **options)
    return raised.value.fault


@pytest.fixture
def root(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE)
    (tmp_path / "b.tsv").write_text(TABLE.replace(",", "\t"))
    (tmp_path / "c.csv").write_text(TABLE.replace(",", ";"))
    np.save(tmp_path / "a.npy", VALUES)
    np.save(tmp_path / "many.npy", np.stack([VALUES + 1, VALUES]))
    padded = np.full((2, 5, 2), np.nan, dtype=np.float64)
    padded[1, :3] = VALUES
    np.savez(tmp_path / "all.npz", X=padded, y=np.array([1, 2]))
    return tmp_path


@pytest.mark.parametrize(
    "cell",
    [
        "a.csv",
        "b.tsv",
        "c.csv",
        "a.npy",
        "many.npy#[1]",
        "all.npz#X[1]",
        "a.csv#0:3",
        "[[1,2.5],[3,null],[-4,0.125]]",
    ],
)
def test_the_same_values_from_every_form(root, cell):
    found = read_series(cell, root)
    assert found.values.dtype == np.float32
    np.testing.assert_array_equal(found.values, VALUES)
    assert found.channels == (("x", "y") if ".csv" in cell or ".tsv" in cell else ("1", "2"))


def test_a_list_of_numbers_is_one_channel(root):
    np.testing.assert_array_equal(read_series("[1, null, 2]", root).values, [[1], [np.nan], [2]])


def test_channels_choose_columns_and_name_arrays(root):
    np.testing.assert_array_equal(read_series("a.csv", root, ["y"]).values, VALUES[:, 1:])
    assert read_series("a.csv", root, ["time", "x"]).values[:, 0].tolist() == [0, 0.5, 1]
    assert read_series("a.npy", root, ["left", "right"]).channels == ("left", "right")
    assert "has 2 channels, expected 1: left" in str(fault_of("a.npy", root, channels=["left"]))


def test_a_clock_is_no_channel(root):
    assert read_series("a.csv", root).times.tolist() == [0, 0.5, 1]
    (root / "dates.csv").write_text("t,x\n2026-01-01 00:00:00+01:00,1\n2026-01-01T00:00:00Z,2\n")
    found = read_series("dates.csv", root, time="t")
    assert found.channels == ("x",)
    assert np.diff(found.times).tolist() == [np.timedelta64(1, "h")]


def test_rows_of_a_table(root):
    found = read_series("a.csv#1:3", root)
    np.testing.assert_array_equal(found.values, VALUES[1:])
    assert found.times.tolist() == [0.5, 1]
    assert "has 3 rows" in str(fault_of("a.csv#1:4", root))


def test_a_name_with_a_hash_is_a_path(tmp_path):
    assert parse_cell("run #2/take.csv", tmp_path) == (tmp_path / "run #2/take.csv", "", None, None, ())


def test_a_changed_file_is_read_again(root):
    assert read_series("a.csv", root).values[0, 0] == 1
    (root / "a.csv").write_text(TABLE.replace("0,1,", "0,7777,"))
    assert read_series("a.csv", root).values[0, 0] == 7777


def test_values_of_a_kept_file_are_nobodys(root):
    read_series("a.csv", root).values[:] = 9
    np.testing.assert_array_equal(read_series("a.csv", root).values, VALUES)


def test_kept_files_are_bounded(tmp_path):
    files, reads = KeptFiles(room=100), []

    def read(path):
        reads.append(path.name)
        return np.zeros(10, dtype=np.float32)  # 40 bytes

    for name in "abc":
        (tmp_path / name).touch()
    for name in ("a", "b", "a", "c", "a", "b"):
        files.get(tmp_path / name, "", read)
    assert reads == ["a", "b", "c", "b"]  # b was the one used the longest ago when c came


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x,y\n1,2\n3,four\n", 3, "column 'y' holds 'four', expected a number"),
        ("x;y\n1;2\n3;4,5\n", 3, "write 4.5, with a decimal point"),
        ("x,y\n1,2\n3\n", 3, "has 1 column, expected 2"),
        (",x\n0,1\n", 1, "has no name for column 1"),
        ("x,x\n0,1\n", 1, "2 columns named 'x'"),
        ("x,when\n0,2026-01-01\n", 2, "say time: when"),
        ("time,x\n0,1\nlater,2\n", 3, "holds 'later' as its time"),
        ("time,x\n0,1\n2026-01-01,2\n", 3, "a date without an offset, where the first is a number"),
        ("x,y\n", None, "no rows"),
        ("", None, "is empty"),
        ("x\n1e60\n", 2, "expected a finite number"),
        ("x\n1_0\n", 2, "holds '1_0'"),
    ],
)
def test_faults_of_tables(tmp_path, text, line, words):
    (tmp_path / "a.csv").write_text(text)
    fault = fault_of("a.csv", tmp_path)
    assert words in str(fault) and fault.line == line and fault.file == str(tmp_path / "a.csv")


def test_a_table_without_names(tmp_path):
    (tmp_path / "a.csv").write_text("1,2\n3,\n")
    np.testing.assert_array_equal(read_series("a.csv", tmp_path).values, [[1, 2], [3, np.nan]])


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("[[1,2],[3]]", "has 1 value at time step 1, but 2 at the first"),
        ("[1, true]", "has True at time step 1"),
        ("[1, Infinity]", "Infinity is no number"),
        ("[]", "without values"),
        ("[1, 2", "no list of numbers"),
        ("all.npz#Z[0]", "has no array 'Z'"),
        ("all.npz", "has 2 arrays: X, y"),
        ("all.npz#X[2]", "has 2 rows"),
        ("all.npz#X", "has shape (2, 5, 2)"),
        ("none.csv", "does not exist"),
        ("a.mat", "name a .csv, .tsv, .jsonl, .parquet, .npy or .npz file"),
    ],
)
def test_faults_of_cells(root, cell, words):
    assert words in str(fault_of(cell, root))


def test_pickled_objects_are_refused(tmp_path):
    np.save(tmp_path / "o.npy", np.array([[1, 2], [3]], dtype=object))
    np.savez(tmp_path / "o.npz", X=np.array([[1, 2], [3]], dtype=object))
    for cell in ("o.npy#[0]", "o.npz#X[0]"):
        assert "Python objects" in str(fault_of(cell, tmp_path))
    (tmp_path / "d.npz").write_bytes(b"PK\x03\x04 nothing")
    assert "damaged" in str(fault_of("d.npz#X[0]", tmp_path))


def test_lists_of_python_are_written_as_json(root):
    cell = json.dumps(VALUES.tolist())  # with NaN as Python writes it
    np.testing.assert_array_equal(read_series(cell, root).values, VALUES)
