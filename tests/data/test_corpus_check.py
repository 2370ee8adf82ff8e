import numpy as np
import pytest

from jumok.data.check import Leak, duplicates, find_leaks, length_summary
from jumok.data.rows import Row
from jumok.data.store import TextStore

COLUMNS = ("german", "note", "english")


@pytest.fixture
def stored(tmp_path):
    def store(*texts: str) -> TextStore:
        rows = [Row(10 + i, tuple(text.split("|"))) for i, text in enumerate(texts)]
        return TextStore.write(tmp_path / str(len(list(tmp_path.iterdir()))), COLUMNS, rows)

    return store


def test_duplicates_are_rows_wholly_equal_to_an_earlier_one(stored):
    assert duplicates(stored("a|b|c", "a|b|d", "a|b|c", "x|y|z", "a|b|c", "ab||c", "a|b|")) == 2
    assert duplicates(stored()) == 0


def test_leaks_are_rows_whose_inputs_were_trained_on(stored):
    train = stored("a|1|x", "b|2|y", "a|1|z", "c|3|y")
    other = stored("b|1|y", "a|1|q", "c|3|q", "d|1|x", "b|2|y", "a|1|x")
    found = find_leaks(train, other, ("german", "note"))
    assert found.examples == 4
    assert found.shown == (Leak(11, 10, ("a", "1")), Leak(12, 13, ("c", "3")), Leak(14, 11, ("b", "2")))
    assert find_leaks(train, other, ("german",)).examples == 5
    assert find_leaks(train, stored("q|1|x"), ("german", "note")) == (0, ())
    assert find_leaks(stored(), other, ("german",)) == find_leaks(train, stored(), ("german",)) == (0, ())


def test_columns_do_not_run_together(stored):
    assert find_leaks(stored("a|bc|x"), stored("ab|c|x"), ("german", "note")).examples == 0


def test_length_summary_is_numpys():
    lengths = np.arange(1, 1001, dtype=np.int32)[::-1]
    summary = length_summary(lengths)
    assert summary == (1, np.median(lengths), np.percentile(lengths, 99), 1000, lengths.mean(), lengths.sum())
    assert length_summary(np.array([], np.int32)) == (0, 0, 0, 0, 0, 0)
    assert length_summary(np.full(3, 2**30, np.int32)).total == 3 * 2**30
