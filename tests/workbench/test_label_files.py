"""The label page over a file that others write, too: nothing of theirs is lost, nor by a disk that refuses."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from image_sets import coco
from jumok.labelling.coco.store import CocoStore
from jumok.labelling.opening import OpenedLabels
from jumok.workbench.labelling import desk as desks
from jumok.workbench.labelling.api import LabelRoom, label_application
from label_stores import box

HOST = "127.0.0.1:8766"
OWN = {"X-Jumok": "label"}


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch):
    monkeypatch.setattr(desks, "POLL", 0.0)


@pytest.fixture
def file(tmp_path) -> Path:
    return coco(tmp_path)


def page(file: Path) -> TestClient:
    """A server of its own, as a second `jumok label` would be."""
    room = LabelRoom.open(OpenedLabels("pets", CocoStore(file)), file.parent / "runs")
    return TestClient(label_application(room, {HOST}), base_url=f"http://{HOST}", headers=OWN)


def item(client, key: str) -> dict:
    answer = client.get("/api/item", params={"key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()


def put(client, key: str, version: str, objects: list):
    sent = {"version": version, "marks": {"objects": objects}}
    return client.put("/api/item", params={"key": key}, json=sent)


def classes_in(client, key: str) -> list[str]:
    return sorted(one["class"] for one in item(client, key)["marks"]["objects"])


def test_another_program_is_noticed_and_not_clobbered(file):
    with page(file) as client:
        first, other = item(client, "a.png"), item(client, "night/b.png")
        document = json.loads(file.read_text())
        document["annotations"].append({"id": 77, "image_id": 7, "category_id": 3, "bbox": [1, 1, 5, 5]})
        document["info"] = {"by": "another program"}
        file.write_text(json.dumps(document))
        told = client.get("/api/changes?since=0").json()
        assert "a.png" in told["keys"] and told["states"]["a.png"] == "L"
        answer = put(client, "a.png", first["version"], [box("dog", 1, 1, 9, 9)])
        assert answer.status_code == 409
        assert [one["id"] for one in answer.json()["current"]["marks"]["objects"]] == ["77"]
        moved = [{**other["marks"]["objects"][0], "box": [2, 3, 12, 22]}, *other["marks"]["objects"][1:]]
        assert put(client, "night/b.png", other["version"], moved).status_code == 200
        now = json.loads(file.read_text())
        assert now["info"] == {"by": "another program"} and 77 in [one["id"] for one in now["annotations"]]


def test_two_servers_of_one_file_lose_nothing(file):
    """Each adds boxes to the same image in turn and at the same time; after a conflict it adds to what stands there."""
    with page(file) as one, page(file) as two:

        def add(client, name: str) -> None:
            for number in range(15):
                while True:
                    now = item(client, "a.png")
                    objects = [*now["marks"]["objects"], box(name, number, 0, number + 2, 5)]
                    answer = put(client, "a.png", now["version"], objects)
                    assert answer.status_code in (200, 409)
                    if answer.status_code == 200:
                        break

        with ThreadPoolExecutor(2) as both:
            list(both.map(add, (one, two), ("cat", "dog")))
        assert classes_in(one, "a.png") == classes_in(two, "a.png") == ["cat"] * 15 + ["dog"] * 15


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 507), (errno.EROFS, 423)])
def test_a_disk_that_refuses_leaves_the_file_as_it_is(file, monkeypatch, number, status):
    before = file.read_bytes()

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    with page(file) as client:
        version = item(client, "a.png")["version"]
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", refuse)
            answer = put(client, "a.png", version, [box("cat")])
            assert answer.status_code == status, answer.text
            assert os.strerror(number) in answer.json()["error"]["en"]
        assert file.read_bytes() == before and item(client, "a.png")["state"] == "E"
        assert put(client, "a.png", version, [box("cat")]).status_code == 200


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everything")
def test_a_write_protected_file_is_told(file):
    file.chmod(0o444)
    with page(file) as client:
        answer = put(client, "a.png", item(client, "a.png")["version"], [box("cat")])
        assert answer.status_code == 423 and "write-protected" in answer.json()["error"]["en"]


def test_a_damaged_file_is_told_and_found_again(file):
    with page(file) as client:
        good = file.read_bytes()
        file.write_bytes(good[:100])
        answer = client.get("/api/item", params={"key": "a.png"})
        assert answer.status_code == 400 and file.name in answer.json()["error"]["en"]
        assert client.get("/api/changes?since=0").status_code == 400
        file.write_bytes(good)
        assert classes_in(client, "night/b.png") == ["cat", "dog"]


def test_ten_thousand_images_are_listed_without_a_wait(tmp_path):
    """Items are answered from memory, whatever else is read: the list takes less time than one look at all files."""
    images = [{"id": n, "file_name": f"{n:05}.png", "width": 64, "height": 48} for n in range(10_000)]
    objects = [{"id": n, "image_id": n, "category_id": n % 2, "bbox": [1, 2, 9, 9]} for n in range(9_000)]
    categories = [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}]
    file = tmp_path / "many.json"
    file.write_text(json.dumps({"images": images, "annotations": objects, "categories": categories}))
    with page(file) as client:
        file.unlink()  # the list needs no disk
        listed = client.get("/api/items").json()
        assert len(listed["keys"]) == 10_000 and listed["states"].count("E") == 1_000
        assert listed["classes"][:3] == [[0], [1], [0]]
