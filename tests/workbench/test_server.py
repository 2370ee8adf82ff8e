"""The server of the workbench: it answers its page, quickly, and nobody else."""

import io
import json
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from threading import Event

import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from jumok.errors import DataError
from jumok.inspection.inspect import summarize_model
from jumok.kinds.text.codec import MAX_POSTED_CHARACTERS
from jumok.predictor import Predictor
from jumok.web import uploads
from jumok.web.uploads import decode_upload
from jumok.workbench.examples import different_first, given_example
from jumok.workbench.server import application
from jumok.workbench.workbench import KEPT, LoadedRun, Workbench
from made_predictors import SENTENCE, made, made_predictor, random_image, transformer

HOST = "127.0.0.1:8765"
TEXT, PHOTO, MANY = 0, 1, 2  # runs


def opened(name: str, predictor: Predictor, examples=()) -> LoadedRun:
    return LoadedRun(name, predictor, summarize_model(predictor), list(examples))


@cache
def bench() -> Workbench:
    runs = [opened(name, made(name)) for name in ("transformer", "queries", "several")]
    return Workbench(runs)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(
        application(bench(), {HOST}), base_url=f"http://{HOST}", raise_server_exceptions=False
    ) as client:
        yield client


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def look(client, text=SENTENCE) -> dict:
    answer = client.post("/api/look", json={"run": TEXT, "inputs": {"text": text}})
    assert answer.status_code == 200
    return answer.json()


def look_at_image(client, data: bytes, name: str = "street.png"):
    return client.post("/api/look", data={"run": "1"}, files={"photo": (name, data, "image/png")})


def refusal(answer, status: int = 400) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error.keys() == {"en", "ko"}
    return error["en"]


def ask(client, name: str, document: dict, **query):
    return client.get(f"/api/{name}", params={"look": document["id"], "answer": 0, **query})


def test_the_session_tells_of_the_runs(client):
    session = client.get("/api/session").json()
    assert [run["name"] for run in session["runs"]] == ["transformer", "queries", "several"]
    assert session["runs"][PHOTO]["inputs"] == [{"name": "photo", "kind": "image"}]
    assert session["version"]


def test_a_text_is_looked_at(client):
    document = look(client)
    assert document["id"] and document["version"] == 1
    assert bench().find(document["id"]).to_json() == document


def test_every_detail_is_answered(client):
    document = look(client)
    cross = {"attention": "said.cross"}
    row = ask(client, "row", document, **cross, query=1).json()["weights"]
    assert torch.tensor(row).shape == (3, 2, 6)
    column = ask(client, "column", document, **cross, key=2, layer=1, head=1).json()["weights"]
    assert column[1] == pytest.approx(row[1][1][2])
    whole = ask(client, "map", document, **cross, layer=1, head=1).json()
    assert whole["columns"] == 6 and whole["weights"][6:12] == pytest.approx(row[1][1])
    assert len(ask(client, "heads", document, **cross).json()["heads"]) == 6
    mean = ask(client, "derived", document, **cross, view="mean", query=1).json()
    assert mean["label"]["en"].startswith("Derived") and sum(mean["weights"]) == pytest.approx(1)
    assert ask(client, "derived", document, **cross, view="alignment", shift=1).json()["shift"] == 1
    assert ask(client, "check", document).json()["holds"]
    best = document["outputs"][0]["answers"][0]["tokens"]
    steps = ask(client, "steps", document).json()["steps"]
    for number, step in enumerate(steps[: len(best)], start=1):
        chosen = [beam for beam in step["beams"] if beam["chosen"]]
        assert [beam["tokens"] for beam in chosen] == [best[:number]]
        assert len(step["beams"]) <= 2 * 3 and all(beam["score"] <= 0 for beam in step["beams"])


def test_a_row_can_come_as_plain_numbers(client):
    query = {"look": look(client)["id"], "attention": "said.cross", "query": 1}
    json_row = client.get("/api/row", params=query).json()["weights"]
    answer = client.get("/api/row", params=query, headers={"Accept": "application/octet-stream"})
    shape = [int(one) for one in answer.headers["x-shape"].split(",")]
    assert torch.frombuffer(bytearray(answer.content), dtype=torch.float32).view(shape).tolist() == json_row
    refused = client.get(
        "/api/row", params={**query, "query": 99}, headers={"Accept": "application/octet-stream"}
    )
    assert "there is no query 99" in refusal(refused)


def test_whether_it_matters_is_answered(client):
    document = look(client)
    query = {"look": document["id"], "answer": 0, "attention": "said.cross", "query": 1}
    verdict = client.post("/api/test", params={**query, "layer": 0, "head": 0, "k": 2}).json()
    assert verdict["matters"] in ("yes", "no", "unclear") and verdict["head_off"]
    assert client.post("/api/test", params=query).json()["head_off"] is None
    assert "k is how many" in refusal(client.post("/api/test", params={**query, "k": 0}))


def test_an_image_is_looked_at(client):
    document = look_at_image(client, png(random_image())).json()
    (photo,) = document["inputs"]
    assert (photo["width"], photo["height"]) == (150, 100)
    row = ask(client, "row", document, attention="said.cross", query=0).json()["weights"]
    axis = document["attentions"][1]["keys"]
    assert len(row[0][0]) == axis["rows"] * axis["columns"]


def test_texts_of_a_form_are_read(client):
    given = {"run": str(MANY), "one": SENTENCE, "two": "ein hund"}
    files = {"nothing": ("", b"")}
    answer = client.post("/api/look", data=given, files=files)
    assert "no input 'nothing'" in refusal(answer)
    answer = client.post("/api/look", json={"run": MANY, "inputs": {"one": SENTENCE, "two": "ein hund"}})
    assert [one["name"] for one in answer.json()["inputs"]] == ["one", "two"]


def test_a_form_has_its_other_inputs_as_json(client):
    given = {"run": str(MANY), "inputs": json.dumps({"one": SENTENCE, "two": "ein hund"})}
    files = {"nothing": ("", b"")}
    assert "no input 'nothing'" in refusal(client.post("/api/look", data=given, files=files))
    wrong = {"run": str(MANY), "inputs": "[1]"}
    assert "an object by name" in refusal(client.post("/api/look", data=wrong, files=files))


def animation(count: int, size: tuple[int, int] = (40, 30)) -> bytes:
    frames = [Image.new("RGB", size, (80 * number, 0, 0)) for number in range(count)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def test_an_animation_that_is_sent_is_its_frames(monkeypatch):
    frames = decode_upload(animation(3), "a.gif")
    assert [(frame.mode, frame.size) for frame in frames] == [("RGB", (40, 30))] * 3
    assert len(decode_upload(animation(1), "a.gif")) == 1
    with pytest.raises(DataError, match=r"a.gif: cannot be decoded \(.+\); save it again"):
        decode_upload(animation(3)[:40], "folder/a.gif")
    monkeypatch.setattr(uploads, "FRAME_PIXELS", 3 * 40 * 30 - 1)
    with pytest.raises(DataError, match="a.gif has 3 frames of 40 × 30 pixels"):
        decode_upload(animation(3), "a.gif")


def test_an_animation_is_refused_where_an_image_is_asked_for(client):
    files = {"photo": ("a.gif", animation(3), "image/gif")}
    said = client.post("/api/look", data={"run": str(PHOTO)}, files=files)
    assert "photo is one image; got a GIF of 3 frames" in refusal(said)


def test_examples_are_asked_for_by_number(tmp_path):
    random_image().save(tmp_path / "one.png")
    predictor = made("queries")
    example = given_example({"photo": tmp_path / "one.png"}, predictor.inputs)
    application_ = application(Workbench([opened("queries", predictor, [example])]), {HOST})
    with TestClient(application_, base_url=f"http://{HOST}") as client:
        (told,) = client.get("/api/session").json()["runs"][0]["examples"]
        assert told["label"] == "one.png" and str(tmp_path) not in json.dumps(told)
        assert told["inputs"]["photo"]["thumbnail"].startswith("data:image/")
        asked = {"photo": {"example": told["inputs"]["photo"]["example"]}}
        document = client.post("/api/look", json={"run": 0, "inputs": asked}).json()
        assert document["inputs"][0]["width"] == 150
        assert "no example 7" in refusal(client.post("/api/look", json={"inputs": {"photo": {"example": 7}}}))


class PathPage:
    """The page of a made-up kind whose values are paths, without a thumbnail."""

    def parse_posted(self, value: object) -> object:
        raise DataError("send the number of an example")

    def label(self, value: object) -> str:
        return "a clip"


def test_a_path_is_never_told_even_without_a_thumbnail():
    bare = {"clip": replace(made("queries").inputs["photo"], thumbnail=None, page=PathPage())}
    told = given_example({"clip": "/secret/one.gif"}, bare).to_json(3)
    assert told["inputs"] == {"clip": {"example": 3, "label": "a clip"}}


def test_examples_of_different_answers_come_first():
    rows = [({"text": str(i)}, {"said": [right]}) for i, right in enumerate(["a", "a", "b", "a", "c", "b"])]
    assert [row["text"] for row, _ in different_first(rows)] == ["0", "2", "4", "1", "3", "5"]


@pytest.mark.parametrize(
    "path",
    ["/", "/index.html", "/app.js", "/style.css", "/words.js"],
)
def test_the_page_is_served_with_a_strict_policy(client, path):
    answer = client.get(path)
    assert answer.status_code == 200 and len(answer.content) > 500
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/server.py",
        "/../server.py",
        "/%2e%2e/server.py",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/page/app.js",
        "/api/nosuch",
        "/__pycache__",
        "/app.js/",
        "/etc/passwd",
    ],
)
def test_nothing_else_is_served(client, path):
    assert refusal(client.get(path), 404) == "there is nothing at this address"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "testserver", ""]
)
def test_other_hosts_are_refused(client, host):
    for path in ("/", "/api/session"):
        assert "own address" in refusal(client.get(path, headers={"Host": host}), 403)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://127.0.0.1:8765", "http://127.0.0.1:9999", "null"]
)
def test_other_origins_are_refused(client, origin):
    asked = {"json": {"run": 0, "inputs": {"text": "ein"}}, "headers": {"Origin": origin}}
    assert "another origin" in refusal(client.post("/api/look", **asked), 403)
    assert "another origin" in refusal(client.get("/api/session", headers={"Origin": origin}), 403)
    site = {"Sec-Fetch-Site": "cross-site"}
    assert "another site" in refusal(client.get("/api/session", headers=site), 403)
    assert client.get("/", headers=site).status_code == 200  # a link to the page


def test_the_own_origin_is_answered(client):
    headers = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}
    assert client.get("/api/session", headers=headers).status_code == 200


def test_sockets_are_refused(client):
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/api/session"):
        pass
    assert refused.value.code == 1008


def test_large_bodies_are_refused_whether_they_say_so_or_not():
    with TestClient(application(bench(), {HOST}, 1000), base_url=f"http://{HOST}") as client:
        assert "too large" in refusal(look_at_image(client, bytes(2000)), 413)

        def parts() -> Iterator[bytes]:
            for _ in range(20):
                yield b"x" * 100

        for kind in ("application/json", "multipart/form-data; boundary=x"):
            answer = client.post("/api/look", content=parts(), headers={"Content-Type": kind})
            assert "at most 0.001 MB" in refusal(answer, 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_bodies_are_refused(client, kind):
    """A page of another origin may send these without asking first."""
    answer = client.post("/api/look", content=b"{}", headers={"Content-Type": kind})
    assert "a body must be application/json or multipart/form-data" in refusal(answer, 415)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[]", "must be an object"),
        (b"{}", "the inputs must be an object"),
        (b'{"run": 9, "inputs": {}}', "there is no run 9"),
        (b'{"run": true, "inputs": {}}', "there is no run True"),
        (b'{"run": "x", "inputs": {}}', "there is no run 'x'"),
        (b'{"inputs": {}}', "an input has no 'text'"),
        (b'{"inputs": {"text": 3}}', "text is a text; got int"),
        (b'{"inputs": {"text": null}}', "text is a text"),
        (b'{"inputs": {"txt": "ein"}}', "no input 'txt'"),
        (b'{"inputs": {"text": "  "}}', "the input is empty"),
        (b'{"inputs": {"text": {"example": 0}}}', "no example 0"),
        (b'{"run": 1, "inputs": {"photo": "/etc/passwd"}}', "photo is an image; send it as a file"),
        (b'{"run": 1, "inputs": {"photo": "http://example.org/x.png"}}', "photo is an image"),
    ],
)
def test_wrong_json_is_told(client, body, sentence):
    answer = client.post("/api/look", content=body, headers={"Content-Type": "application/json"})
    assert sentence in refusal(answer)


def test_long_texts_are_refused(client):
    asked = {"inputs": {"text": "ein " * MAX_POSTED_CHARACTERS}}
    assert "shorten it" in refusal(client.post("/api/look", json=asked))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (bomb(60_000, 60_000), "million pixels, at most 100 million are read"),
        (b"no image", "expected one of JPEG, PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is SVG"),
        (b"", "empty"),
        (png(random_image())[:300], "cannot be decoded"),
    ],
)
def test_images_that_are_none_are_refused(client, data, sentence):
    said = refusal(look_at_image(client, data, "../../street.png"))
    assert sentence in said and said.startswith("street.png") and "/tmp" not in said


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"attention": "nosuch", "query": 0}, "there is no attention 'nosuch'"),
        ({"attention": "said.cross"}, "query is missing"),
        ({"attention": "said.cross", "query": "one"}, "must be a whole number"),
        ({"attention": "said.cross", "query": -1}, "must be a whole number"),
        ({"attention": "said.cross", "query": "9" * 30}, "must be a whole number"),
        ({"attention": "said.cross", "query": 999}, "there is no query 999"),
        ({"attention": "said.cross", "query": 0, "answer": 9}, "there is no answer 9"),
    ],
)
def test_wrong_questions_are_told(client, query, sentence):
    assert sentence in refusal(ask(client, "row", look(client), **query))


def test_a_look_that_is_not_kept_is_told(client):
    first = look(client)
    for _ in range(KEPT):
        look(client)
    assert len(bench().looks) == KEPT
    assert "look again" in refusal(ask(client, "row", first, attention="said.cross", query=0), 404)
    assert "look again" in refusal(client.get("/api/check?look=nosuch"), 404)


def test_ways_of_asking_are_kept_apart(client):
    assert client.get("/api/look").status_code == 405
    assert client.post("/api/session").status_code == 405


def test_what_fails_is_told_without_details(client, monkeypatch):
    def broken(self):
        raise RuntimeError("secret")

    monkeypatch.setattr(Workbench, "session", broken)
    said = refusal(client.get("/api/session"), 500)
    assert "RuntimeError" in said and "secret" not in said


def test_hovering_is_answered_while_a_model_is_at_work(monkeypatch):
    """benchmarks/hovering.py says how fast; here a model that never comes to its end holds nobody up."""
    read = {"text": {"encoder": transformer(2)}}
    predictor = made_predictor(read, {"decoder": transformer(1)}, width=16, heads=2)
    app = application(Workbench([opened("large", predictor)]), {HOST})
    at_work, may_end = Event(), Event()

    def working(*arguments, **named):
        at_work.set()
        may_end.wait()
        return encode(*arguments, **named)

    with TestClient(app, base_url=f"http://{HOST}") as client, ThreadPoolExecutor(1) as other:
        document = client.post("/api/look", json={"inputs": {"text": SENTENCE}}).json()
        encode = predictor.model.encode
        monkeypatch.setattr(predictor.model, "encode", working)
        busy = other.submit(client.post, "/api/look", json={"inputs": {"text": f"{SENTENCE} {SENTENCE}"}})
        at_work.wait()
        try:
            for query in range(5):
                answer = ask(client, "row", document, attention="text.encoder", query=query)
                assert torch.tensor(answer.json()["weights"]).shape[:2] == (2, 2)
            assert not busy.done()
        finally:
            may_end.set()
        assert busy.result().status_code == 200
