"""Rows whose cells name files: paths as Windows writes them, for images and for series."""

import pytest

from image_sets import save_image
from jumok.data.annotations.image_rows import ImageRows
from jumok.data.series.rows import SeriesExpectation, SeriesRows
from jumok.data.tables.sources import TableSource
from read_sources import read

CHANNELS = SeriesExpectation(channels=None, channel_count=None, time=None, max_length=None, rate=None)


def images(source):
    return ImageRows(source, ("x",))


def series(source):
    return SeriesRows(source, {"x": CHANNELS})


@pytest.mark.parametrize("reader", [images, series])
def test_backslashes_part_folders(tmp_path, reader):
    """They are translated where no file has them in its name."""
    (tmp_path / "sub").mkdir()
    for name in ("sub/a", "b\\c"):
        if reader is images:
            save_image(tmp_path / f"{name}.png")
        else:
            (tmp_path / f"{name}.csv").write_text("u,v\n1,2\n3,4\n")
    suffix = "png" if reader is images else "csv"
    table = tmp_path / "t.tsv"
    table.write_text(f"x\ty\nsub\\a.{suffix}\tp\\q\n.\\sub\\a.{suffix}\tr\nb\\c.{suffix}\ts\n")
    rows, faults = read(reader(TableSource(table, {"x": "x", "y": "y"})))
    assert not faults
    assert rows == [(f"sub/a.{suffix}", "p\\q"), (f"./sub/a.{suffix}", "r"), (f"b\\c.{suffix}", "s")]
