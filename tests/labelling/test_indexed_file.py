"""One file for all images: an empty one is told at once, and a fault until it is mended, in Korean, too."""

from collections.abc import Callable
from pathlib import Path

import pytest

from image_sets import box_table
from jumok.errors import DataError
from jumok.labelling.box_tables.store import BoxTableStore
from jumok.labelling.coco.store import CocoStore


@pytest.mark.parametrize("open_store", [CocoStore, BoxTableStore])
def test_an_empty_file_is_refused_in_words(tmp_path: Path, open_store: Callable[[Path], object]):
    file = tmp_path / "empty.json"
    file.write_bytes(b"")
    with pytest.raises(DataError, match="is empty"):
        open_store(file)


def test_a_fault_is_told_until_the_file_is_back(tmp_path: Path):
    file = box_table(tmp_path)
    store, data = BoxTableStore(file), file.read_bytes()
    key = store.items()[0].key
    file.unlink()
    for _ in range(2):
        with pytest.raises(DataError, match="is gone") as caught:
            store.changed()
        assert "없어졌습니다" in (caught.value.ko or "")
    file.write_bytes(data)
    assert store.changed() == frozenset()
    file.write_bytes(data.replace(key.encode(), b"other.png"))
    assert store.changed() == {key, "other.png"} and not store.changed()
