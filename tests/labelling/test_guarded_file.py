"""Files that several threads and programs change are never half written, and no change is lost."""

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jumok import files
from jumok.errors import DataError, RunError
from jumok.labelling.files import guarded_file
from jumok.labelling.files.guarded_file import (
    ChangedMeanwhile,
    GuardedFile,
    lock_folder,
    read_now,
    replace_file,
)

COUNT = """
import sys
from pathlib import Path
from jumok.labelling.files.guarded_file import GuardedFile
file = GuardedFile(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    with file.lock() as data:
        file.replace(str(int(data) + 1).encode(), data)
"""


def test_threads_and_processes_lose_no_change_of_each_other(tmp_path: Path):
    path = tmp_path / "count.txt"
    path.write_bytes(b"0")
    others = [subprocess.Popen([sys.executable, "-c", COUNT, str(path), "20"]) for _ in range(2)]
    file = GuardedFile(path)

    def count() -> None:
        for _ in range(20):
            with file.lock() as data:
                file.replace(str(int(data or b"") + 1).encode(), data)

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0, 0]
    assert path.read_bytes() == b"100"
    assert os.listdir(tmp_path) == ["count.txt"]


def test_what_another_program_writes_is_noticed_though_size_and_second_are_equal(tmp_path: Path):
    file = GuardedFile(tmp_path / "a")
    assert file.read() is None
    for number in range(20):
        file.path.write_bytes(b"%02d" % number)
        assert file.read() == b"%02d" % number
    assert file.read() is file.read()


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "a.csv", tmp_path / "link.csv"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    file = GuardedFile(link)
    with file.lock(), file.lock() as data:
        assert data == b"old"
        file.replace(b"new", data)
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("theirs", [b"new", b"newer", None])
def test_what_another_program_writes_at_the_last_moment_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: bytes | None
):
    file, write = GuardedFile(tmp_path / "a"), files.write_synced
    file.path.write_bytes(b"old")

    def write_while_another_does(path: Path, data: bytes) -> None:
        write(path, data)
        if theirs is None:
            file.path.unlink()
        else:
            file.path.write_bytes(theirs)

    with file.lock() as data:
        monkeypatch.setattr(files, "write_synced", write_while_another_does)
        with pytest.raises(ChangedMeanwhile, match="another program"):
            file.replace(b"own", data)
        assert file.read() == theirs
    assert os.listdir(tmp_path) == ([] if theirs is None else ["a"])


def test_a_file_that_another_program_begins_is_not_written_over(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"theirs")
    with pytest.raises(ChangedMeanwhile):
        replace_file(tmp_path / "a", b"own", None)
    assert (tmp_path / "a").read_bytes() == b"theirs"


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "write_synced", full)
    with pytest.raises(RunError, match="No space left"):
        replace_file(path, b"new", b"old")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


def test_a_write_protected_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anything
    with pytest.raises(RunError, match="write-protected"):
        replace_file(path, b"new", b"old")
    assert path.read_bytes() == b"old"


def test_where_folders_cannot_be_locked_a_file_of_the_cache_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tried, locked = [], fcntl.flock

    def refuse(handle: int, how: int) -> None:
        tried.append(handle)
        if len(tried) == 1:
            raise OSError(errno.EBADF, "Bad file descriptor")
        locked(handle, how)

    monkeypatch.setattr(guarded_file.fcntl, "flock", refuse)
    with lock_folder(tmp_path):
        assert len(tried) == 2
    assert os.listdir(tmp_path) == []


def test_what_is_no_file_is_told(tmp_path: Path):
    with pytest.raises(DataError, match="cannot be read"):
        read_now(tmp_path)
    with pytest.raises(RunError, match="nowhere"), lock_folder(tmp_path / "nowhere"):
        raise AssertionError
