import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.data.cache.ragged import INDEX
from jumok.data.cache.store import TextStore, TokenStore, cache_folder
from jumok.data.row import Row
from jumok.errors import DataError, RunError

COLUMNS = ("german", "english")
ROWS = [Row(1, ("ein Hund", "a dog")), Row(3, ("", "日本")), Row(4, ("Mäuse\n\t🐭", "x"))]
SEQUENCES = [[4, 5, 6], [], [7], [0, 99, 1, 2]]


def hidden(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".")]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 2**40), st.text(), st.text())))
def test_texts_come_back(tmp_path_factory, items):
    rows = [Row(line, (one, two)) for line, one, two in items]
    store = TextStore.write(tmp_path_factory.mktemp("texts") / "store", COLUMNS, iter(rows))
    assert (len(store), store.columns) == (len(rows), COLUMNS)
    for i, column in enumerate(COLUMNS):
        assert list(store.texts(column)) == [row.values[i] for row in rows]
    assert [store.line(i) for i in range(len(store))] == [row.line for row in rows]


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 69_999))), st.sampled_from([70_000, 1 << 20]))
def test_tokens_come_back(tmp_path_factory, sequences, size):
    store = TokenStore.write(tmp_path_factory.mktemp("tokens") / "store", iter(sequences), size)
    assert [store[i].tolist() for i in range(len(store))] == sequences
    assert store.lengths.dtype == np.int32 and store.lengths.tolist() == [len(s) for s in sequences]


def test_opened_again_is_equal(tmp_path):
    texts = TextStore.write(tmp_path / "a", COLUMNS, ROWS)
    tokens = TokenStore.write(tmp_path / "b", SEQUENCES, 100)
    assert TextStore.open(tmp_path / "a").digest == texts.digest
    assert list(TextStore.open(tmp_path / "a").texts("english", np.array([2, 0, 2]))) == ["x", "a dog", "x"]
    assert TokenStore.open(tmp_path / "b")[3].tolist() == tokens[3].tolist() == SEQUENCES[3]
    assert not hidden(tmp_path)


def test_digest_knows_texts_and_columns_but_not_lines(tmp_path):
    def digest(columns, rows):
        return TextStore.write(tmp_path / "store", columns, rows).digest

    same = digest(COLUMNS, ROWS)
    assert same == digest(COLUMNS, [row._replace(line=9) for row in ROWS])
    assert same != digest(("english", "german"), ROWS)
    assert same != digest(COLUMNS, ROWS[::-1])
    assert digest(COLUMNS, [Row(1, ("ab", "c"))]) != digest(COLUMNS, [Row(1, ("a", "bc"))])


def test_tokens_take_two_bytes_where_they_fit(tmp_path):
    small = TokenStore.write(tmp_path / "a", [[0, 65535]], 1 << 16)
    large = TokenStore.write(tmp_path / "b", [[0, 65536]], (1 << 16) + 1)
    assert (small[0].dtype, large[0].dtype) == (np.uint16, np.int32)
    assert small[0].base is not None and not small[0].flags.writeable


@pytest.mark.parametrize("bad", [-1, 100])
def test_tokens_outside_the_vocabulary_are_refused(tmp_path, bad):
    with pytest.raises(ValueError, match="sequence 1 has tokens outside 0..99"):
        TokenStore.write(tmp_path / "a", [[1], [2, bad]], 100)
    assert not list(tmp_path.iterdir())


def test_rows_outside_the_store_are_refused(tmp_path):
    store = TokenStore.write(tmp_path / "a", SEQUENCES, 100)
    for i in (-1, 4):
        with pytest.raises(IndexError):
            store[i]


def test_failing_writer_leaves_nothing(tmp_path):
    def rows():
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TextStore.write(tmp_path / "store", COLUMNS, rows())
    assert not list(tmp_path.iterdir())


def test_killed_writer_leaves_nothing_half_made(tmp_path, monkeypatch):
    def sequences():
        yield [1, 2]
        raise KeyboardInterrupt

    folder = tmp_path / "store"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("shutil.rmtree", lambda *_, **__: None)  # who is killed tidies nothing
        TokenStore.write(folder, sequences(), 10)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".store.") and list(left.iterdir())
    with pytest.raises(DataError):
        TokenStore.open(folder)
    assert TokenStore.write(folder, SEQUENCES, 100)[0].tolist() == [4, 5, 6]
    assert left.exists()  # it could belong to somebody who is still writing
    old = time.time() - 2 * 24 * 3600
    os.utime(left, (old, old))
    TokenStore.write(folder, [[1]], 100)
    assert list(tmp_path.iterdir()) == [folder]


def test_writing_again_replaces_and_open_stores_stay_readable(tmp_path):
    old = TextStore.write(tmp_path / "store", COLUMNS, ROWS)
    new = TextStore.write(tmp_path / "store", COLUMNS, ROWS[:1])
    assert (len(old), old.text("english", 1)) == (3, "日本")
    assert (len(new), len(TextStore.open(tmp_path / "store"))) == (1, 1)
    moved = TextStore.write(tmp_path / "store", COLUMNS, [ROWS[0]._replace(line=7)])
    assert (moved.line(0), moved.digest) == (7, new.digest)
    assert not hidden(tmp_path)


def test_writing_the_same_again_keeps_the_files(tmp_path):
    TokenStore.write(tmp_path / "store", SEQUENCES, 100)
    before = (tmp_path / "store" / INDEX).stat().st_ino
    TokenStore.write(tmp_path / "store", SEQUENCES, 100)
    assert (tmp_path / "store" / INDEX).stat().st_ino == before
    (tmp_path / "store" / "tokens.bin").write_bytes(b"cut")
    assert TokenStore.write(tmp_path / "store", SEQUENCES, 100)[0].tolist() == [4, 5, 6]


def test_writers_at_once_do_no_harm(tmp_path):
    errors: list[BaseException] = []

    def work(mine: int) -> None:
        try:
            for _ in range(5):
                TokenStore.write(tmp_path / "store", [[mine]] * mine, 100)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and list(tmp_path.iterdir()) == [tmp_path / "store"]
    store = TokenStore.open(tmp_path / "store")
    assert [s.tolist() for s in map(store.__getitem__, range(len(store)))] == [[len(store)]] * len(store)


def test_damaged_store_is_refused_with_a_sentence(tmp_path):
    folder = tmp_path / "store"
    for name in (INDEX, "0.bin", "1.offsets.bin", "lines.bin"):
        for damage in ("gone", "cut", "format"):
            TextStore.write(folder, COLUMNS, ROWS)
            file = folder / name
            if damage == "gone":
                file.unlink()
            elif name == INDEX and damage == "format":
                file.write_text(json.dumps(json.loads(file.read_text()) | {"format": "jumok texts 0"}))
            else:
                file.write_bytes(file.read_bytes()[:-2])
            with pytest.raises(DataError, match="store is damaged or no store of this version; delete it"):
                TextStore.open(folder)


def test_unwritable_place_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match="could not be written"):
        TokenStore.write(tmp_path / "file" / "store", SEQUENCES, 100)
    with pytest.raises(RunError, match="could not be written"):
        TokenStore.write(tmp_path / "file", SEQUENCES, 100)
    assert (tmp_path / "file").read_text() == "x"


def test_cache_folder(monkeypatch):
    monkeypatch.delenv("JUMOK_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == Path.home() / ".cache" / "jumok"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/jumok")
    monkeypatch.setenv("JUMOK_CACHE", "/own")
    assert cache_folder() == Path("/own")
