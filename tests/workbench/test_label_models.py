"""A model on the label page: it proposes, orders the work, is trained on what is labelled, and then proposes better."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from starlette.testclient import TestClient

import image_runs
from jumok.labelling.opening import open_experiment
from jumok.labelling.proposing import proposer as proposing
from jumok.predictor import load
from jumok.workbench.labelling.api import LabelRoom, label_application
from label_stores import box

pytestmark = pytest.mark.usefixtures("quick_processes")
HOST = "127.0.0.1:8766"
OWN = {"X-Jumok": "label"}
LISTED = 8  # of 12 images


@pytest.fixture
def room(tmp_path) -> Iterator[LabelRoom]:
    """Scenes of which the last four are not labelled."""
    image_runs.write_scenes(tmp_path)
    file = tmp_path / "train.json"
    document = json.loads(file.read_text())
    document["images"] = document["images"][:LISTED]
    kept = {one["id"] for one in document["images"]}
    document["annotations"] = [one for one in document["annotations"] if one["image_id"] in kept]
    file.write_text(json.dumps(document))
    opened = open_experiment(image_runs.write_image_experiment(tmp_path, "boxes"))
    room = LabelRoom.open(opened, tmp_path / "runs" / "x-label")
    yield room
    room.close()


@pytest.fixture
def client(room) -> Iterator[TestClient]:
    with TestClient(label_application(room, {HOST}), base_url=f"http://{HOST}", headers=OWN) as client:
        yield client


def until(found: Callable[[], object], seconds: float = 300) -> object:
    end = time.monotonic() + seconds
    while not (there := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return there


def with_model(room: LabelRoom) -> Path:
    run = image_runs.trained("boxes") / "run"
    room.model.use(run).result()
    return run


def test_a_model_that_is_being_loaded_is_told_and_waited_for(room, client, monkeypatch):
    loaded, may_load = proposing.Proposer, Event()

    def slow(*parts):
        may_load.wait()
        return loaded(*parts)

    monkeypatch.setattr(proposing, "Proposer", slow)
    done = room.model.use(image_runs.trained("boxes") / "run")
    assert client.get("/api/session").json()["model"]["name"] == "run"
    assert client.get("/api/order?by=unsure").json()["ready"] == 0
    with ThreadPoolExecutor(1) as other:
        answer = other.submit(client.post, "/api/proposals", json={"keys": unlabelled(client)})
        may_load.set()
        assert len(answer.result().json()["proposals"]) == 4
    assert done.done()


def test_a_model_that_cannot_be_loaded_says_why(room, client, tmp_path):
    room.model.use(tmp_path).result()
    assert client.get("/api/session").json()["model"] is None
    assert str(tmp_path) in sentence(client.get("/api/order?by=unsure"))


def unlabelled(client) -> list[str]:
    listed = client.get("/api/items").json()
    return [key for key, state in zip(listed["keys"], listed["states"], strict=True) if state == "U"]


def sentence(answer) -> str:
    assert answer.status_code == 400
    return answer.json()["error"]["en"]


def test_without_a_model_there_are_no_proposals_and_only_the_order_of_the_file(client):
    assert client.get("/api/session").json()["model"] is None
    assert "no model yet" in sentence(client.post("/api/proposals", json={"keys": ["images/000001.png"]}))
    assert "no model yet" in sentence(client.get("/api/order?by=unsure"))
    told = client.get("/api/order?by=file").json()
    assert told["keys"] == client.get("/api/items").json()["keys"] and told["ready"] == 1
    assert set(told["scores"]) == {None}


def test_a_model_proposes_marks_that_can_be_written(room, client):
    run = with_model(room)
    told = client.get("/api/session").json()["model"]
    threshold = load(run).outputs["seen"].threshold.score
    assert told == {"name": "run", "run": str(run), "remark": None, "threshold": threshold}
    keys = unlabelled(client)
    assert len(keys) == 4
    told = client.post("/api/proposals", json={"keys": keys}).json()
    assert told["model"] == "run" and set(told["proposals"]) == set(keys)
    for key, proposal in told["proposals"].items():
        assert 0 <= proposal["unsure"] <= 1 and proposal["disagreement"] is None
        objects = proposal["marks"]["objects"]
        assert all(0 <= one["score"] <= 1 for one in objects)
        version = client.get("/api/item", params={"key": key}).json()["version"]
        sent = {"version": version, "marks": proposal["marks"]}
        assert client.put("/api/item", params={"key": key}, json=sent).status_code == 200
    assert unlabelled(client) == []


@pytest.mark.parametrize("by", ["unsure", "diverse", "both"])
def test_the_order_of_work_begins_with_what_is_unlabelled(room, client, by):
    with_model(room)
    left = unlabelled(client)

    def ordered() -> dict | None:
        told = client.get("/api/order", params={"by": by}).json()
        assert sorted(told["keys"]) == sorted(client.get("/api/items").json()["keys"])
        assert set(told["keys"][: len(left)]) == set(left)
        return told if told["ready"] == 1 else None

    told = until(ordered)
    assert all(score is not None for score in told["scores"][: len(left)])
    assert set(told["scores"][len(left) :]) == {None}
    if by == "unsure":
        assert told["scores"][: len(left)] == sorted(told["scores"][: len(left)], reverse=True)


def test_what_disagrees_most_comes_first_with_a_sentence(room, client):
    """Of the labelled items; a box that was drawn where nothing is."""
    with_model(room)
    labelled = client.get("/api/items").json()["keys"][:LISTED]
    key = labelled[-1]
    now = client.get("/api/item", params={"key": key}).json()
    stray = box("brick", 50, 2, 60, 12)
    sent = {"version": now["version"], "marks": {"objects": [*now["marks"]["objects"], stray]}}
    assert client.put("/api/item", params={"key": key}, json=sent).status_code == 200

    def ordered() -> dict | None:
        told = client.get("/api/order?by=disagreement").json()
        assert set(told["keys"][:LISTED]) == set(labelled)
        return told if told["ready"] == 1 else None

    told = until(ordered)
    known = [score for score in told["scores"] if score is not None]
    assert known and known == sorted(known, reverse=True)
    assert all(said["en"] and said["ko"] for said in told["remarks"].values())
    proposal = client.post("/api/proposals", json={"keys": [key]}).json()["proposals"][key]
    assert proposal["disagreement"]["what"] == told["remarks"][key]


def test_wrong_questions_to_a_model_are_told(room, client):
    with_model(room)
    assert "there is no order 'unsre'" in sentence(client.get("/api/order?by=unsre"))
    for wrong in ({}, {"keys": "a"}, {"keys": [1]}, []):
        assert "must be an object" in sentence(client.post("/api/proposals", json=wrong))
    assert "at most" in sentence(client.post("/api/proposals", json={"keys": ["a"] * 1000}))
    answer = client.post("/api/proposals", json={"keys": ["../x"]})
    assert answer.status_code == 404


def test_a_training_beside_the_page_gives_the_model_that_proposes(room, client):
    assert client.post("/api/train", headers={"X-Jumok": ""}).status_code == 403
    begun = client.post("/api/train").json()
    assert begun["state"] == "running" and begun["history"] == []
    assert client.post("/api/train").status_code == 400

    def done() -> bool:
        assert client.get("/api/items").status_code == 200
        told = client.get("/api/train").json()
        assert told["state"] in ("running", "done"), told
        return told["state"] == "done"

    until(done)
    assert client.get("/api/session").json()["model"]["name"] == "x-label/0001"
    (point,) = client.get("/api/train").json()["history"]
    assert point["labelled"] == LISTED and point["metric"] == "AP"
    key = unlabelled(client)[0]
    assert key in client.post("/api/proposals", json={"keys": [key]}).json()["proposals"]


def test_what_is_stopped_is_not_running(room, client):
    assert client.post("/api/train/stop").json()["state"] == "idle"
    client.post("/api/train")
    until(lambda: client.get("/api/train").json()["steps"])
    assert client.post("/api/train/stop", headers={"X-Jumok": ""}).status_code == 403
    client.post("/api/train/stop")
    assert until(lambda: client.get("/api/train").json()["state"] != "running")
