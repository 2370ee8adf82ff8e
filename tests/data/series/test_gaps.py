"""Gaps of a clock are filled with samples that count as not measured; nothing measured changes."""

import numpy as np
import pytest

from jumok.data.series.cells import read_series
from jumok.data.series.gaps import mark_gaps
from jumok.data.series.signal import Series
from jumok.data.tables.faults import UnreadableFile


def clocked(times, dtype=np.float64):
    return Series(
        np.arange(2.0 * len(times), dtype=np.float32).reshape(-1, 2), ("x", "y"), np.array(times, dtype)
    )


def test_a_regular_series_stays_as_it_is():
    series = clocked([0, 1, 2, 3])
    marked = mark_gaps("", series)
    np.testing.assert_array_equal(marked.values, series.values)
    np.testing.assert_array_equal(marked.times, series.times)


@pytest.mark.parametrize("jitter", [0, 0.1])
def test_a_gap_is_filled_with_missing_samples(jitter):
    times = np.array([0, 1, 2, 5, 6, 8]) * 0.5
    series = clocked(times + jitter * np.array([0, 1, -1, 0, 1, 0]) * 0.5)
    marked = mark_gaps("", series)
    real = ~np.isnan(marked.values).all(1)
    assert np.flatnonzero(real).tolist() == [0, 1, 2, 5, 6, 8]
    np.testing.assert_array_equal(marked.values[real], series.values)
    np.testing.assert_allclose(marked.times[real], series.times)


def test_dates(tmp_path):
    (tmp_path / "a.csv").write_text("date,x\n2026-01-01,1\n2026-01-02,2\n2026-01-05,3\n")
    assert len(read_series("a.csv", tmp_path).values) == 3
    marked = read_series("a.csv", tmp_path, gaps="mark")
    np.testing.assert_array_equal(marked.values[:, 0], [1, 2, np.nan, np.nan, 3])
    assert [str(time)[:10] for time in marked.times] == [f"2026-01-0{day}" for day in range(1, 6)]


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([0, 1, 2, 3.5], "has a sample at 3.5, beside the beat of 1"),
        ([0, 1, 2, 1e6], "has nothing from 2.0 to 1000000.0"),
    ],
)
def test_clocks_that_cannot_be_marked(times, words):
    with pytest.raises(UnreadableFile) as refused:
        mark_gaps("a.csv", clocked(times))
    assert words in str(refused.value) and "gaps: keep" in str(refused.value)


def test_a_series_without_a_clock_has_no_gaps():
    series = Series(np.ones((4, 1), dtype=np.float32), ("x",))
    assert mark_gaps("", series) is series
