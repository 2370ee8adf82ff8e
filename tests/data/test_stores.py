import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    assert TextStore(tmp_path / "a").digest == texts.digest
    assert list(TextStore(tmp_path / "a").texts("english", np.array([2, 0, 2]))) == ["x", "a dog", "x"]
    assert TokenStore(tmp_path / "b")[3].tolist() == tokens[3].tolist() == SEQUENCES[3]
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

    path = tmp_path / "store"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("jumok.data.cache.place.remove", lambda _: None)  # who is killed tidies nothing
        TokenStore.write(path, sequences(), 10)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".store.") and left.stat().st_size
    with pytest.raises(DataError):
        TokenStore(path)
    assert TokenStore.write(path, SEQUENCES, 100)[0].tolist() == [4, 5, 6]
    assert left.exists()  # it could belong to somebody who is still writing
    old = time.time() - 2 * 24 * 3600
    os.utime(left, (old, old))
    TokenStore.write(path, [[1]], 100)
    assert list(tmp_path.iterdir()) == [path]


def test_writing_again_replaces_and_open_stores_stay_readable(tmp_path):
    old = TextStore.write(tmp_path / "store", COLUMNS, ROWS)
    new = TextStore.write(tmp_path / "store", COLUMNS, ROWS[:1])
    assert (len(old), old.text("english", 1)) == (3, "日本")
    assert (len(new), len(TextStore(tmp_path / "store"))) == (1, 1)
    moved = TextStore.write(tmp_path / "store", COLUMNS, [ROWS[0]._replace(line=7)])
    assert (moved.line(0), moved.digest) == (7, new.digest)
    assert not hidden(tmp_path)


def test_writing_again_mends_a_damaged_file(tmp_path):
    path = tmp_path / "store"
    TokenStore.write(path, SEQUENCES, 100)
    whole = path.read_bytes()
    path.write_bytes(b"cut")
    assert TokenStore.write(path, SEQUENCES, 100)[0].tolist() == [4, 5, 6]
    assert path.read_bytes() == whole


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
    store = TokenStore(tmp_path / "store")
    assert [s.tolist() for s in map(store.__getitem__, range(len(store)))] == [[len(store)]] * len(store)


def test_damaged_store_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "store"

    def assert_refused():
        with pytest.raises(DataError, match="store is damaged or no store of this version; delete it"):
            TextStore(path)

    assert_refused()
    TextStore.write(path, COLUMNS, ROWS)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert_refused()
    path.write_bytes(whole.replace(b"jumok texts 2", b"jumok texts 0"))
    assert_refused()
    TokenStore.write(path, SEQUENCES, 100)
    assert_refused()
    path.unlink()
    path.mkdir()
    assert_refused()


def test_flipped_bytes_never_read_beyond_the_file(tmp_path):
    path = tmp_path / "store"
    TextStore.write(path, COLUMNS, ROWS)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with suppress(DataError, UnicodeDecodeError):
            store = TextStore(path)
            assert all(len(text) <= len(whole) for column in store.columns for text in store.texts(column))


def test_rows_of_many_batches_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr("jumok.data.cache.columns.BATCH", 3)
    monkeypatch.setattr("jumok.data.cache.store.BATCH", 3)
    for count in (0, 1, 3, 7):
        rows = [Row(10 * i, (str(i), "ü" * i)) for i in range(count)]
        texts = TextStore.write(tmp_path / "texts", ("line", "line 2"), rows)
        assert [(texts.line(i), texts.text("line", i), texts.text("line 2", i)) for i in range(count)] == [
            (row.line, *row.values) for row in rows
        ]
        tokens = TokenStore.write(tmp_path / "tokens", [range(i) for i in range(count)], 100)
        assert [tokens[i].tolist() for i in range(count)] == [list(range(i)) for i in range(count)]
        assert tokens.lengths.tolist() == list(range(count))
    with pytest.raises(ValueError, match="sequence 4 has tokens outside"):
        TokenStore.write(tmp_path / "tokens", [[1], [], [2], [], [3, 100]], 100)


def test_a_row_is_a_view_of_the_file(tmp_path):
    store = TokenStore.write(tmp_path / "a", SEQUENCES, 100)
    assert np.shares_memory(store[0], store[3].base)


def test_unwritable_place_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "store", tmp_path / "folder"):
        with pytest.raises(RunError, match="could not be written"):
            TokenStore.write(path, SEQUENCES, 100)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_cache_folder(monkeypatch):
    monkeypatch.delenv("JUMOK_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == Path.home() / ".cache" / "jumok"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/jumok")
    monkeypatch.setenv("JUMOK_CACHE", "/own")
    assert cache_folder() == Path("/own")
