"""Whatever moment a program that labels is killed at, files are whole and hold all that was acknowledged."""

import json
import os
from pathlib import Path

import pytest
from killed_labellers import kill_labellers
from made_tables import opened, readers_cells

from jumok.data.row import Row

ROWS = 40
SETUP = """
from made_tables import opened as open_store, values
def marks(number):
    return values(label=f'say "{number}",' + 50 * "x")
"""


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_kills_lose_no_acknowledged_label_of_a_table(tmp_path: Path, suffix: str):
    path = tmp_path / f"table.{suffix}"
    if suffix == "csv":
        path.write_text("text,label\r\n" + "".join(f"row {n},\r\n" for n in range(ROWS)), newline="")
    else:
        path.write_text("".join(json.dumps({"text": f"row {n}", "label": None}) + "\n" for n in range(ROWS)))
    sure: dict[str, int] = {}
    for sure in kill_labellers(path, SETUP, kills=17):
        store = opened(path)
        assert [item.name for item in store.items()] == [f"row {n}" for n in range(ROWS)]
        for key, number in sure.items():
            label = store.read(key).marks["values"]["label"]
            assert label.startswith('say "') and int(label.split('"')[1]) >= number
        assert sum(isinstance(row, Row) for row in readers_cells(path)) >= len(sure)
        assert os.listdir(tmp_path) == [path.name], "what killed programs left is removed"
    assert len(sure) > 10
