"""The server of the label page: marks are read and written, told apart from those of others, and nobody else may."""

import errno
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from image_sets import save_image
from jumok.data.images.reading import load_image
from jumok.errors import RunError
from jumok.labelling.opening import OpenedLabels
from jumok.workbench.labelling import desk as desks
from jumok.workbench.labelling.api import LabelRoom, label_application
from label_stores import MemoryStore, box

HOST = "127.0.0.1:8766"
OWN = {"X-Jumok": "label"}


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch):
    monkeypatch.setattr(desks, "POLL", 0.0)


@pytest.fixture
def store(tmp_path) -> MemoryStore:
    return MemoryStore({name: save_image(tmp_path / f"{name}.png", seed=n) for n, name in enumerate("abc")})


@pytest.fixture
def client(store) -> Iterator[TestClient]:
    with opened(store) as client:
        yield client


def opened(store: MemoryStore, **more) -> TestClient:
    room = LabelRoom.open(OpenedLabels("shapes", store, **more), Path("nowhere"))
    app = label_application(room, {HOST})
    return TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False)


def item(client, key="a") -> dict:
    answer = client.get("/api/item", params={"key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()


def put(client, key="a", version="0", objects=(), headers=OWN, **more):
    body = {"version": version, "marks": {"objects": list(objects)}, **more}
    return client.put("/api/item", params={"key": key}, json=body, headers=headers)


def refusal(answer, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error.keys() == {"en", "ko"} and all(error.values())
    return error["en"]


def test_the_session_tells_what_is_labelled(client):
    session = client.get("/api/session").json()
    assert session["name"] == "shapes" and session["kind"] == "objects" and session["count"] == 3
    assert [one["name"] for one in session["classes"]] == ["cat", "dog"]
    assert all(len(one["color"]) == 7 for one in session["classes"]) and session["fields"] == []


def test_what_is_written_is_read_again_and_listed(client):
    assert client.get("/api/items").json() == {
        "keys": ["a", "b", "c"],
        "names": ["a.png", "b.png", "c.png"],
        "states": "UUU",
        "classes": [[], [], []],
        "changed": 0,
    }
    first = item(client)
    assert first["size"] == [64, 48] and first["state"] == "U" and first["text"] is None
    written = put(client, "a", first["version"], [box("dog"), box("cat")]).json()
    assert written["state"] == "L" and {**item(client), **written} == item(client)
    assert put(client, "b", "0").json()["state"] == "E"
    listed = client.get("/api/items").json()
    assert (listed["states"], listed["classes"], listed["changed"]) == ("LEU", [[1, 0], [], []], 2)


def test_texts_beside_an_image_are_told(client, store):
    store.texts = {"question": "what is red?", "hint": ""}
    assert item(client)["text"] == {"question": "what is red?"}


def test_a_change_of_an_older_version_is_a_conflict_that_tells_what_stands_there(client):
    first = item(client)["version"]
    assert put(client, "a", first, [box("cat")]).status_code == 200
    answer = put(client, "a", first, [box("dog")])
    assert "somebody else" in refusal(answer, 409)
    assert answer.json()["current"] == {key: item(client)[key] for key in ("version", "marks", "state")}
    assert [one["class"] for one in item(client)["marks"]["objects"]] == ["cat"]


def test_of_two_clients_each_change_wins_once_and_none_is_lost(store):
    """Both add an object at a time, again after each conflict, and in the end all objects are there."""
    with opened(store) as client:

        def add(name: str) -> int:
            refused = 0
            for number in range(20):
                while True:
                    now = item(client)
                    objects = [*now["marks"]["objects"], box(name, number, 0, number + 1, 1)]
                    answer = put(client, "a", now["version"], objects)
                    if answer.status_code == 200:
                        break
                    assert answer.status_code == 409
                    refused += 1
            return refused

        with ThreadPoolExecutor(2) as two:
            list(two.map(add, ["cat", "dog"]))
        found = [(one["class"], one["box"][0]) for one in item(client)["marks"]["objects"]]
        assert sorted(found) == [(name, number) for name in ("cat", "dog") for number in range(20)]


def test_changes_are_told_to_all_that_ask(client, store):
    assert client.get("/api/changes?since=0").json() == {"changed": 0, "keys": [], "states": {}}
    put(client, "b", "0", [box()])
    store.others_write("c", [])
    told = client.get("/api/changes?since=0").json()
    assert told == {"changed": 2, "keys": ["b", "c"], "states": {"b": "L", "c": "E"}}
    assert client.get("/api/changes?since=2").json() == {"changed": 2, "keys": [], "states": {}}
    assert client.get("/api/items").json()["states"] == "ULE"
    earlier_server = client.get("/api/changes?since=9").json()
    assert earlier_server["keys"] == ["a", "b", "c"] and len(earlier_server["classes"]) == 2


def test_a_class_is_added_and_told(client):
    answer = client.post("/api/class", json={"name": " bird "}, headers=OWN)
    assert [one["name"] for one in answer.json()["classes"]] == ["cat", "dog", "bird"]
    assert [one["name"] for one in client.get("/api/changes?since=0").json()["classes"]][-1] == "bird"
    assert "already" in refusal(client.post("/api/class", json={"name": "bird"}, headers=OWN))
    for wrong in ({"name": " "}, {"name": 3}, {}):
        assert "needs a name" in refusal(client.post("/api/class", json=wrong, headers=OWN))


@pytest.mark.parametrize(
    ("number", "status", "sentence"),
    [
        (errno.ENOSPC, 507, "free some space"),
        (errno.EIO, 507, "nothing was changed"),
        (errno.EROFS, 423, "cannot be written here"),
        (errno.EACCES, 423, "correct the permissions"),
    ],
)
def test_a_disk_that_refuses_is_told_and_changes_nothing(client, store, number, status, sentence):
    store.fault = RunError("could not be written")
    store.fault.__cause__ = OSError(number, "as it is")
    assert sentence in refusal(put(client, "a", "0", [box()]), status)
    assert item(client)["state"] == "U" and client.get("/api/items").json()["changed"] == 0
    store.fault = None
    assert put(client, "a", "0", [box()]).status_code == 200


def test_images_of_other_splits_are_not_here(store, tmp_path):
    with opened(store, elsewhere=frozenset({tmp_path / "b.png"})) as client:
        assert client.get("/api/items").json()["keys"] == ["a", "c"]
        for path in ("item", "image", "thumb"):
            assert "no item 'b'" in refusal(client.get(f"/api/{path}", params={"key": "b"}), 404)
        assert "no item 'b'" in refusal(put(client, "b", "0", [box()]), 404)


@pytest.mark.parametrize(
    "key", ["../a", "/etc/passwd", "a.png", "..%2fa", "", "a\x00", "file:///etc/passwd", "a" * 10_000]
)
def test_no_path_of_a_request_is_ever_opened(client, key):
    for path in ("item", "image", "thumb"):
        assert "there is no item" in refusal(client.get(f"/api/{path}", params={"key": key}), 404)
    assert "there is no item" in refusal(put(client, key, "0"), 404)


@pytest.mark.parametrize("headers", [{}, {"X-Jumok": "look"}, {"X-Jumok": ""}])
def test_changes_need_the_header_of_the_page(client, headers):
    assert "needs the header X-Jumok" in refusal(put(client, headers=headers), 403)
    answer = client.post("/api/class", json={"name": "bird"}, headers=headers)
    assert "needs the header X-Jumok" in refusal(answer, 403)
    assert client.get("/api/items").json()["changed"] == 0


def test_others_are_refused_even_with_the_header(client):
    for foreign in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
        assert "this server answers only" in refusal(put(client, headers={**OWN, **foreign}), 403)
        assert "this server answers only" in refusal(client.get("/api/items", headers=foreign), 403)
    site = {"Sec-Fetch-Site": "cross-site"}
    assert "another site" in refusal(client.get("/api/image?key=a", headers=site), 403)


@pytest.mark.parametrize(
    ("body", "kind", "status", "sentence"),
    [
        (b"{", "application/json", 400, "no JSON"),
        (b"[]", "application/json", 400, "must be an object"),
        (b'{"version": "0"}', "application/json", 400, "must be an object"),
        (b'{"marks": {"objects": []}}', "application/json", 400, "version is missing"),
        (b'{"marks": {"objects": []}, "version": "0"}', "text/plain", 415, "a body must be"),
    ],
)
def test_wrong_requests_are_told(client, body, kind, status, sentence):
    headers = {**OWN, "Content-Type": kind}
    answer = client.put("/api/item", params={"key": "a"}, content=body, headers=headers)
    assert sentence in refusal(answer, status)


def test_the_page_and_what_it_shares_are_served(client):
    assert b"<!doctype html>" in client.get("/").content.lower()
    assert client.get("/page/style.css").headers["content-type"].startswith("text/css")
    for path in (
        "/page/../server.py",
        "/page/%2e%2e/server.py",
        "/style.css/",
        "/page/",
        "/labelling/api.py",
    ):
        assert "nothing at this address" in refusal(client.get(path), 404)


def seen(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))


def strange_images(folder: Path) -> dict[str, Path]:
    """Images that a browser does not show as jumok reads them."""
    random = np.random.default_rng(0)
    smooth = np.kron(random.integers(0, 255, (3, 5, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
    plain = Image.fromarray(smooth)
    turned = Image.Exif()
    turned[0x0112] = 6
    plain.save(folder / "turned.jpg", exif=turned, quality=95)
    plain.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    plain.save(folder / "plain.tif")
    Image.fromarray(random.integers(0, 4095, (48, 80), np.uint16)).save(folder / "deep.png")
    plain.putalpha(128)
    plain.save(folder / "clear.png")
    return {path.stem: path for path in sorted(folder.glob("*.*"))}


def test_strange_images_are_shown_as_they_are_read(tmp_path):
    images = strange_images(tmp_path)
    with opened(MemoryStore(images)) as client:
        for key, path in images.items():
            read = np.asarray(load_image(path)).astype(int)
            answer = client.get("/api/image", params={"key": key})
            shown = seen(answer).astype(int)
            assert shown.shape == read.shape and np.abs(shown - read).mean() < 2, key
            assert item(client, key)["size"] == [read.shape[1], read.shape[0]]
            assert answer.headers["content-type"] in ("image/png", "image/jpeg")
            small = seen(client.get("/api/thumb", params={"key": key}))
            assert max(small.shape) <= 160 and (small.shape[0] > small.shape[1]) == (key == "turned")


def test_plain_images_are_sent_as_they_are(client, tmp_path):
    answer = client.get("/api/image?key=a")
    assert answer.content == (tmp_path / "a.png").read_bytes()
    assert answer.headers["content-type"] == "image/png" and answer.headers["x-content-type-options"]


def test_a_thumbnail_outlives_the_server_but_not_its_image(store, tmp_path):
    with opened(store) as client:
        first = client.get("/api/thumb?key=a").content
    (kept,) = Path(os.environ["JUMOK_CACHE"]).glob("thumbnails/*/*.jpg")
    assert kept.read_bytes() == first
    save_image(tmp_path / "a.png", 50, 90, seed=9)
    with opened(store) as client:
        assert seen(client.get("/api/thumb?key=a")).shape[:2] == (90, 50)


@pytest.mark.parametrize("content", [b"", b"no image", b"GIF89a", None])
def test_broken_images_are_told_and_the_marks_stay_readable(store, tmp_path, content):
    (tmp_path / "a.png").unlink() if content is None else (tmp_path / "a.png").write_bytes(content)
    with opened(store) as client:
        for path in ("image", "thumb"):
            assert "a.png" in refusal(client.get(f"/api/{path}?key=a"))
        told = item(client)
        assert told["size"] is None and "a.png" in told["problems"][-1] and told["state"] == "U"


def test_a_file_that_is_no_image_is_not_sent_even_if_annotations_name_it(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a password")
    with opened(MemoryStore({"a": secret})) as client:
        answer = client.get("/api/image?key=a")
        assert answer.status_code == 400 and "password" not in answer.text
