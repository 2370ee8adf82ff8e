"""Files are written whole or not at all."""

import json
import os

import pytest

from jumok.errors import RunError
from jumok.files import write_file_atomically, write_json


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "notes.txt"
    for data in (b"first, longer", b"second"):
        write_file_atomically(path, data)
        assert path.read_bytes() == data
        assert os.listdir(tmp_path) == ["notes.txt"]


def test_a_link_to_itself_is_told_as_one(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(RunError, match="loop is a link that leads nowhere or to itself; remove it"):
        write_file_atomically(tmp_path / "loop" / "notes.txt", b"text")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "notes.txt"
    write_file_atomically(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="notes.txt could not be written .No space left on device."):
        write_file_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_json_comes_back_and_is_strict(tmp_path):
    path = tmp_path / "evaluation.json"
    write_json(
        path, {"wörter": [1, 2.5, None, True], "loss": float("nan"), "deep": {"low": (float("inf"), 0.1)}}
    )

    def refuse(name):
        raise AssertionError(name)

    expected = {"wörter": [1, 2.5, None, True], "loss": None, "deep": {"low": [None, 0.1]}}
    assert json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse) == expected


def test_a_missing_folder_is_a_sentence(tmp_path):
    with pytest.raises(RunError, match="could not be written"):
        write_json(tmp_path / "nowhere" / "x.json", {})
