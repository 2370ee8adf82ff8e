"""Whatever moment a program that labels is killed at, files are whole and hold all that was acknowledged."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from killed_labellers import kill_labellers
from made_tables import opened, readers_cells
from PIL import Image

from jumok.data.row import Row
from jumok.labelling.masks.store import open_mask_folder

ROWS = 40
KILLS = int(os.environ.get("JUMOK_KILLS", "6"))
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
    for sure in kill_labellers(path, SETUP, kills=KILLS):
        store = opened(path)
        assert [item.name for item in store.items()] == [f"row {n}" for n in range(ROWS)]
        for key, number in sure.items():
            label = store.read(key).marks["values"]["label"]
            assert label.startswith('say "') and int(label.split('"')[1]) >= number
        assert sum(isinstance(row, Row) for row in readers_cells(path)) >= len(sure)
        assert os.listdir(tmp_path) == [path.name], "what killed programs left is removed"
    assert sure


def loaded(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


MASKS = """
import base64, io
import numpy as np
from PIL import Image
from jumok.labelling.masks.store import open_mask_folder
Image.init()
def open_store(folder):
    return open_mask_folder(folder, [f"class {number}" for number in range(1, 200)])
def marks(number):
    out = io.BytesIO()
    Image.fromarray(np.full((48, 64), number % 200, np.uint8)).save(out, "PNG")
    return {"mask": base64.b64encode(out.getvalue()).decode()}
"""


def test_kills_lose_no_acknowledged_mask(tmp_path: Path):
    for number in range(12):
        Image.new("RGB", (64, 48)).save(tmp_path / f"{number}.jpg")
    sure: dict[str, int] = {}
    for sure in kill_labellers(tmp_path, MASKS, kills=KILLS):
        listed = (tmp_path / "train.txt").read_text() if (tmp_path / "train.txt").exists() else ""
        assert len(set(listed.splitlines())) == listed.count("\n") >= len(sure)
        for key in sure:
            mask = loaded(tmp_path / "masks" / f"{Path(key).stem}.png")
            assert (mask == mask[0, 0]).all() and f"{key}\tmasks/" in listed
    store = open_mask_folder(tmp_path)
    assert len(store.items()) == 12 and sure
