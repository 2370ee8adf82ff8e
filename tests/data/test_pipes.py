"""Pipes as data files: read once, kept by their content."""

import os
import threading
from pathlib import Path

import pytest

from jumok.data.tables import pipes
from jumok.data.tables.sources import LinesSource, TableSource
from jumok.errors import ConfigurationError
from read_sources import read

TEXTS = {
    "tsv": b"de\ten\na\tb\n",
    "csv": b'de,en\n"a",b\n',
    "jsonl": b'{"de": "a", "en": "b"}\n',
    "json": b'[{"de": "a", "en": "b"}]',
}
BOTH = {"german": "de", "english": "en"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("JUMOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pipes, "_copies", {})


def piped(path: Path, data: bytes) -> Path:
    """A pipe into which somebody writes."""
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(data,), daemon=True).start()
    return path


def test_a_pipe_is_read_once_and_can_be_read_again(tmp_path):
    source = LinesSource({"x": piped(tmp_path / "pipe", b"one\ntwo\n")})
    assert read(source) == read(source) == ([("one",), ("two",)], [])
    again = LinesSource({"x": tmp_path / "pipe"})  # nobody writes any more
    assert read(again) == read(source) and again.files == source.files


def test_copies_are_named_by_their_content(tmp_path):
    first, same, other = (
        LinesSource({"x": piped(tmp_path / name, text)})
        for name, text in (("a", b"one\n"), ("b", b"one\n"), ("c", b"two\n"))
    )
    assert first.files[0].parent == same.files[0].parent != other.files[0].parent
    assert read(other)[0] == [("two",)]
    assert not list((tmp_path / "cache" / "pipes").glob(".*"))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_table_of_a_pipe_is_known_by_its_content(tmp_path, text):
    assert read(TableSource(piped(tmp_path / "pipe", text), BOTH)) == ([("a", "b")], [])


def test_a_writer_that_comes_and_goes_between_two_looks(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")

    def closed(handle):
        (tmp_path / "pipe").write_bytes(b"one\n")
        return True

    monkeypatch.setattr(pipes, "closed", closed)
    assert read(LinesSource({"x": tmp_path / "pipe"})) == ([("one",)], [])


def test_more_than_a_pipe_holds(tmp_path):
    lines = b"".join(b"line %d\n" % i for i in range(50_000))  # a pipe holds 64 KiB
    rows, faults = read(LinesSource({"x": piped(tmp_path / "pipe", lines)}))
    assert len(rows) == 50_000 and not faults


def test_an_unnamed_pipe(tmp_path):
    out, into = os.pipe()
    os.write(into, b"one\n")
    os.close(into)
    try:
        assert read(LinesSource({"x": Path(f"/dev/fd/{out}")})) == ([("one",)], [])
    finally:
        os.close(out)


def test_a_pipe_into_which_nobody_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(pipes, "PIPE_TIMEOUT", 0.05)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="is a pipe without a writer"):
        LinesSource({"x": tmp_path / "pipe"})
