"""The label page over masks, tables and recordings: what is sent is written, listed and told again."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from starlette.testclient import TestClient

from image_sets import save_image
from jumok.labelling.opening import OpenedLabels, open_experiment, open_folder
from jumok.workbench.labelling.api import LabelRoom, label_application

HOST = "127.0.0.1:8766"


def page(opened: OpenedLabels, folder: Path) -> TestClient:
    room = LabelRoom.open(opened, folder / "runs")
    app = label_application(room, {HOST})
    return TestClient(app, base_url=f"http://{HOST}", headers={"X-Jumok": "label"})


def item(client, key: str) -> dict:
    answer = client.get("/api/item", params={"key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()


def put(client, key: str, marks: dict):
    sent = {"version": item(client, key)["version"], "marks": marks}
    return client.put("/api/item", params={"key": key}, json=sent)


def encoded(mask: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_masks_are_painted(tmp_path):
    save_image(tmp_path / "photos" / "one.png")
    with page(open_folder(tmp_path / "photos", "mask", ("road", "car"), None), tmp_path) as client:
        session = client.get("/api/session").json()
        assert session["kind"] == "mask" and len(session["classes"]) == 3
        mask = np.zeros((48, 64), np.uint8)
        mask[10:20, 10:30], mask[:5] = 2, 255
        written = put(client, "one.png", {"mask": encoded(mask)})
        assert written.status_code == 200 and written.json()["state"] == "L"
        read = Image.open(io.BytesIO(base64.b64decode(item(client, "one.png")["marks"]["mask"])))
        assert np.array_equal(np.asarray(read), mask)
        assert client.get("/api/items").json()["classes"] == [[0, 2]]
        wrong = put(client, "one.png", {"mask": encoded(mask[:5])})
        assert wrong.status_code == 400


def test_cells_of_a_table_are_filled(tmp_path):
    photos = tmp_path / "photos"
    for name in ("one", "two"):
        save_image(photos / f"{name}.png")
    with page(open_folder(photos, "label", ("cat", "dog"), None), tmp_path) as client:
        session = client.get("/api/session").json()
        assert session["kind"] == "values" and [one["name"] for one in session["fields"]] == ["label"]
        assert put(client, "two.png", {"values": {"label": "dog"}}).json()["state"] == "L"
        assert client.get("/api/items").json()["classes"] == [[], [1]]
        assert client.get("/api/thumb", params={"key": "two.png"}).status_code == 200
    assert "two.png,dog" in (photos / "labels.csv").read_text()


@pytest.fixture
def recordings(tmp_path) -> OpenedLabels:
    rows = [f"{name},{step},{step / 10},{-step}," for name in ("a", "b") for step in range(50)]
    (tmp_path / "walks.csv").write_text("\n".join(["id,time,x,y,act", *rows]) + "\n")
    columns = {"id": "id", "motion": "x", "act": "act"}
    options = {
        "inputs": {"motion": {"kind": "series", "channels": ["x", "y"]}},
        "outputs": {"act": {"kind": "label", "classes": ["walk", "rest"]}},
        "data": {
            "train": {"recordings": "walks.csv", "columns": columns, "window": 8},
            "split": {"valid": 0.5},
        },
    }
    del columns["motion"]
    file = tmp_path / "walks.yaml"
    file.write_text(yaml.safe_dump(options))
    return open_experiment(file)


def test_stretches_of_recordings_are_marked(recordings, tmp_path):
    with page(recordings, tmp_path) as client:
        assert client.get("/api/session").json()["kind"] == "stretches"
        key = client.get("/api/items").json()["keys"][0]
        stretch = {"start": 5, "end": 20, "class": "walk"}
        assert put(client, key, {"stretches": [stretch]}).status_code == 200
        assert item(client, key)["marks"]["stretches"] == [stretch]
        assert client.get("/api/items").json()["classes"] == [[0], []]
        asked = {"key": key, "from": 10, "to": 30, "points": 5}
        told = client.get("/api/signal", params=asked).json()
        assert told["channels"] == ["x", "y"] and told["length"] == 50
        assert told["min"][0] == pytest.approx([1.0, 1.4, 1.8, 2.2, 2.6])
        assert told["max"][1] == pytest.approx([-10, -14, -18, -22, -26])
        whole = client.get("/api/signal", params={"key": key}).json()
        assert len(whole["min"][0]) == 50 and whole["min"] == whole["max"]
        for wrong in ({"from": 50}, {"from": 9, "to": 9}, {"from": "x"}):
            assert client.get("/api/signal", params={"key": key, **wrong}).status_code == 400
        assert client.get("/api/image", params={"key": key}).status_code == 404


def test_images_have_no_signal(tmp_path):
    save_image(tmp_path / "one.png")
    with page(open_folder(tmp_path, "boxes", ("cat",), None), tmp_path) as client:
        assert client.get("/api/signal?key=one.png").status_code == 404
