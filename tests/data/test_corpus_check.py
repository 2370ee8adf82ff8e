import numpy as np
import pytest

from jumok.data.cache.store import TextStore
from jumok.data.row import Row
from jumok.data.text.check import digests, length_summary

COLUMNS = ("german", "note", "english")


@pytest.fixture
def stored(tmp_path):
    def store(*texts: str) -> TextStore:
        rows = [Row(10 + i, tuple(text.split("|"))) for i, text in enumerate(texts)]
        return TextStore.write(tmp_path / str(len(list(tmp_path.iterdir()))), COLUMNS, rows)

    return store


def test_columns_do_not_run_together(stored):
    rows = digests(stored("a|bc|x", "ab|c|x", "a|bc|y", "a||bc"), ("german", "note"))
    assert rows[0] == rows[2] and len(set(rows.tolist())) == 3


def test_length_summary_is_numpys():
    lengths = np.arange(1, 1001, dtype=np.int32)[::-1]
    summary = length_summary(lengths)
    assert summary == (1, np.median(lengths), np.percentile(lengths, 99), 1000, lengths.mean(), lengths.sum())
    assert length_summary(np.array([], np.int32)) == (0, 0, 0, 0, 0, 0)
    assert length_summary(np.full(3, 2**30, np.int32)).total == 3 * 2**30
