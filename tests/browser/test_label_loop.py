"""The loop of labelling with a model, in a browser: label, train, accept what it proposes, train again."""

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import uvicorn
from label_parts import opened, saved
from starlette.testclient import TestClient

import small_images
from jumok.geometry import iou
from jumok.labelling.opening import open_experiment
from jumok.workbench.labelling.api import LabelRoom, label_application

OWN = {"X-Jumok": "label"}
MISSES_ONE_COLOUR, ACCEPTED, LABELLED = 8, 3, 20  # scenes


class Labelling:
    """Drawn scenes behind the real server of the label page, none of them labelled."""

    def __init__(self, folder: Path) -> None:
        small_images.write_images(folder)
        file = folder / "train.json"
        document = json.loads(file.read_text())
        names = [image["file_name"] for image in document["images"]]
        self.truth = {name: small_images.draw(number) for number, name in enumerate(names)}
        file.write_text(json.dumps({**document, "images": [], "annotations": []}))
        experiment = small_images.write_image_experiment(folder, "boxes")
        skipping = experiment.read_text().replace("data:\n", "data:\n  on_bad_rows: skip\n")
        experiment.write_text(skipping)  # at first nothing is marked as blue
        self.room = LabelRoom.open(open_experiment(experiment), folder / "runs")
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{bound.getsockname()[1]}"
        application = label_application(self.room, {self.host})
        config = uvicorn.Config(application, log_level="error", ws="none", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [bound]}, daemon=True)
        self.thread.start()
        self.client = TestClient(application, base_url=f"http://{self.host}", headers=OWN)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(5)
        self.room.close()

    def unlabelled(self) -> list[str]:
        told = self.client.get("/api/items").json()
        return [key for key, state in zip(told["keys"], told["states"], strict=True) if state == "U"]

    def label(self, key: str) -> None:
        """Mark all that is on a scene, as a person would."""
        marks = {"objects": [{"id": None, "class": name, "box": box} for name, box in self.blocks(key)]}
        version = self.client.get("/api/item", params={"key": key}).json()["version"]
        sent = {"version": version, "marks": marks}
        assert self.client.put("/api/item", params={"key": key}, json=sent).status_code == 200

    def blocks(self, key: str) -> list[tuple[str, list[int]]]:
        drawn = self.truth[Path(key).name]
        return [(small_images.NAMES[n], list(box)) for n, box in zip(drawn.labels, drawn.boxes, strict=True)]

    def proposals(self, keys: list[str]) -> dict[str, list[dict[str, Any]]]:
        told = self.client.post("/api/proposals", json={"keys": keys}).json()["proposals"]
        return {key: one["marks"]["objects"] for key, one in told.items()}

    def f1(self, keys: list[str]) -> float:
        """Of what is proposed on scenes."""
        found = self.proposals(keys)
        right = sum(agreeing(found[key], self.blocks(key)) for key in keys)
        return 2 * right / sum(len(found[key]) + len(self.blocks(key)) for key in keys)


def agreeing(objects: list[dict[str, Any]], blocks: list[tuple[str, list[int]]]) -> int:
    """How many blocks are found, each once, with its class and an overlap of one half."""
    left, right = list(blocks), 0
    for one in objects:
        fits = [block for block in left if block[0] == one["class"] and overlap(block[1], one["box"]) >= 0.5]
        for block in fits[:1]:
            left.remove(block)
            right += 1
    return right


def overlap(one: list[float], other: list[float]) -> float:
    return float(iou(torch.tensor([one], dtype=torch.double), torch.tensor([other], dtype=torch.double)))


@pytest.fixture
def labelling(tmp_path, quick_processes):
    here = Labelling(tmp_path)
    yield here
    here.close()


def train_by_button(page, here: Labelling, times: int) -> None:
    """Press the button, and wait for the model that proposes then."""
    page.get_by_role("button", name="Train", exact=False).first.click()
    end = time.monotonic() + 300
    while True:
        told = here.client.get("/api/train").json()
        assert told["state"] != "failed", told["sentence"]
        model = here.client.get("/api/session").json()["model"]
        if (
            told["state"] == "done"
            and len(told["history"]) == times
            and model
            and model["name"].endswith(str(times))
        ):
            break
        assert time.monotonic() < end
        time.sleep(0.1)
    page.wait_for_function("name => jumok.page.session.model?.name === name", arg=model["name"])


def test_the_model_helps_more_the_more_is_labelled(labelling, open_page):
    here = labelling
    keys = here.unlabelled()
    assert len(keys) == small_images.COUNTS["train"]
    red = [key for key in keys if {name for name, _ in here.blocks(key)} == {"red"}]
    for key in red[:MISSES_ONE_COLOUR]:
        here.label(key)
    mixed = [key for key in keys if key not in red]
    accepted, kept = red[MISSES_ONE_COLOUR:][:ACCEPTED], mixed[LABELLED:]
    page = open_page(f"http://{here.host}/")
    page.wait_for_function("() => window.jumok?.page?.desk?.record && jumok.page.timer")
    train_by_button(page, here, 1)
    before = here.f1(kept)

    for key in accepted:  # what the model knows already is a matter of one key
        page.evaluate("key => jumok.page.open(key)", key)
        opened(page, key)
        count = len(here.proposals([key])[key])
        assert count == len(here.blocks(key))
        page.wait_for_function(
            "n => jumok.page.desk.editor.list().filter((one) => one.proposal).length === n", arg=count
        )
        page.keyboard.press("Shift+Enter")
        page.wait_for_function(
            "n => jumok.page.desk.editor.list().filter((one) => !one.proposal).length === n", arg=count
        )
        saved(page)
        written = here.client.get("/api/item", params={"key": key}).json()
        assert written["state"] == "L"
        assert agreeing(written["marks"]["objects"], here.blocks(key)) == count
    for key in mixed[: LABELLED - MISSES_ONE_COLOUR - ACCEPTED]:
        here.label(key)
    assert len(keys) - len(here.unlabelled()) == LABELLED

    train_by_button(page, here, 2)
    after = here.f1(kept)
    assert after > before + 0.1, (before, after)
    history = here.client.get("/api/train").json()["history"]
    assert [one["labelled"] for one in history] == [MISSES_ONE_COLOUR, LABELLED]
    assert history[1]["score"] > history[0]["score"]
    assert page.locator(".curve circle").count() == 2
