"""Answers are never written over what a person has, and never half."""

import gzip
import os
from pathlib import Path

import pytest
from PIL import Image

from jumok.drawing.encoding import png
from jumok.errors import DataError, RunError
from jumok.outputs import WRITTEN, OutputFolder, is_ours, open_output, require_free


def test_a_file_gets_its_name_when_it_is_whole(tmp_path):
    out = tmp_path / "out.txt"
    out.write_text("old\n")
    with pytest.raises(RuntimeError), open_output(out) as file:
        file.write("half\n")
        file.flush()
        assert out.read_text() == "old\n"
        raise RuntimeError
    assert out.read_text() == "old\n" and [path.name for path in tmp_path.iterdir()] == ["out.txt"]
    with open_output(out) as file:
        file.write("new\n")
    assert out.read_text() == "new\n"


def test_names_that_say_gz_are_compressed(tmp_path):
    with open_output(tmp_path / "out.txt.gz") as file:
        file.write("안녕\n")
    assert gzip.decompress((tmp_path / "out.txt.gz").read_bytes()).decode() == "안녕\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_a_sentence():
    with (
        pytest.raises(RunError, match="/dev/full could not be written"),
        open_output(Path("/dev/full")) as file,
    ):
        file.write("x" * 100_000)


@pytest.mark.parametrize("way", ["itself", "symbolic link", "hard link", "spelling"])
def test_an_input_is_never_an_output(tmp_path, way):
    source, target = tmp_path / "in.txt", tmp_path / "other.txt"
    source.write_text("a\n")
    if way == "symbolic link":
        target.symlink_to(source)
    elif way == "hard link":
        target.hardlink_to(source)
    else:
        target = source if way == "itself" else tmp_path / "x" / ".." / "in.txt"
        (tmp_path / "x").mkdir()
    for overwrite in (False, True):
        with pytest.raises(DataError, match="is one of the inputs"):
            require_free(target, [source], overwrite)


def test_what_is_there_stays_unless_it_is_said(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="exists already; name another file, or add --overwrite"):
        require_free(tmp_path / "mine.txt", remedy=", or add --overwrite to replace it")
    require_free(tmp_path / "mine.txt", overwrite=True)
    with pytest.raises(DataError, match="is a folder"):
        require_free(tmp_path, overwrite=True)
    require_free(tmp_path / "new.txt")


def fill(folder: Path, **options: object) -> None:
    files = OutputFolder(folder, **options)
    files.require_free(["a.jpg", "list.json"])
    files.save("a.jpg", b"image")
    with files.written("list.json") as out:
        out.write("[]\n")


def test_a_folder_is_written_again_where_it_is_ours(tmp_path):
    for _ in range(2):
        fill(tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"a.jpg", "list.json", WRITTEN}
    lines = (tmp_path / "out" / WRITTEN).read_text().splitlines()
    assert len(lines) == 2 and all(len(line.split("  ")[0]) == 64 for line in lines)


@pytest.mark.parametrize("name", ["a.jpg", "list.json"])
@pytest.mark.parametrize("ours", [True, False])
def test_a_persons_file_in_the_folder_is_kept(tmp_path, name, ours):
    out = tmp_path / "out"
    out.mkdir()
    if ours:
        fill(out)
    (out / name).write_bytes(b"mine")
    with pytest.raises(DataError, match=f"{name} exists already"):
        fill(out)
    assert (out / name).read_bytes() == b"mine"
    fill(out, overwrite=True)
    assert (out / name).read_bytes() != b"mine"


def test_an_input_in_the_folder_is_kept_whatever_is_said(tmp_path):
    image = tmp_path / "a.jpg"
    image.write_bytes(b"photograph")
    with pytest.raises(DataError, match="is one of the inputs"):
        fill(tmp_path, inputs=[image], overwrite=True)
    assert image.read_bytes() == b"photograph" and os.listdir(tmp_path) == ["a.jpg"]


def test_what_this_program_made_is_known(tmp_path):
    (tmp_path / "a.png").write_bytes(png(Image.new("RGB", (3, 3))))
    Image.new("RGB", (3, 3)).save(tmp_path / "b.png")
    (tmp_path / "c.html").write_text("<!doctype html><p>jumok</p>")
    assert is_ours(tmp_path / "a.png")
    assert not any(is_ours(tmp_path / name) for name in ("b.png", "c.html", "none", "a\0b"))
