"""A server that is killed while a script labels loses nothing that it has acknowledged, and touches nothing else."""

import json
import multiprocessing
import os
import random
from pathlib import Path
from threading import Timer
from typing import Any

import httpx

from image_sets import save_image
from jumok.cli.local_page import bind_socket, serve_locally
from jumok.labelling.coco.store import CocoStore
from jumok.labelling.opening import OpenedLabels
from jumok.workbench.labelling.api import LabelRoom, label_application
from label_stores import box

KILLS = int(os.environ.get("JUMOK_KILLS", "5"))
HEADERS = {"X-Jumok": "label"}


def write_data(folder: Path, labelled: int = 6, others: int = 40) -> Path:
    """A COCO file whose first images are labelled here; of the others no byte may change."""
    images, objects = [], []
    for number in range(labelled + others):
        images.append({"id": number, "file_name": f"{number:03}.png", "width": 64, "height": 48})
        objects.append(
            {"id": number, "image_id": number, "category_id": 1, "bbox": [1, 2, 3 + number, 9], "x": 1.50}
        )
        save_image(folder / f"{number:03}.png", seed=number)
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    lists = {"info": [], "images": images, "annotations": objects, "categories": categories}
    parts = (f'"{name}": [\n' + ",\n".join(map(json.dumps, one)) + "\n]" for name, one in lists.items())
    file = folder / "train.json"
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    return file


def serve(file: Path, bound: Any) -> None:
    room = LabelRoom.open(OpenedLabels("killed", CocoStore(file)), file.parent / "runs")
    serve_locally(lambda hosts: label_application(room, hosts), bound, "labelling", browser=False)


def began(file: Path) -> tuple[multiprocessing.Process, httpx.Client]:
    """A server in a process of its own, and a client."""
    bound = bind_socket("127.0.0.1", 0, 0)
    process = multiprocessing.get_context("fork").Process(target=serve, args=(file, bound), daemon=True)
    process.start()
    address = f"http://127.0.0.1:{bound.getsockname()[1]}"
    bound.close()
    return process, httpx.Client(base_url=address, headers=HEADERS, trust_env=False, timeout=60)


def objects_of(answer: httpx.Response) -> list[tuple[str, list[float]]]:
    return [(one["class"], one["box"]) for one in answer.json()["marks"]["objects"]]


class Person:
    """Draws and deletes boxes, and remembers what was acknowledged."""

    def __init__(self, keys: list[str], seed: int) -> None:
        self.random, self.keys = random.Random(seed), keys
        self.known: dict[str, list] = {}  # acknowledged
        self.begun: dict[str, list] = {}  # perhaps written
        self.acknowledged = 0

    def label_until_it_is_gone(self, client: httpx.Client) -> None:
        while True:
            key = self.random.choice(self.keys)
            try:
                now = client.get("/api/item", params={"key": key}).json()
                self.label(client, key, now)
            except httpx.TransportError:
                return

    def label(self, client: httpx.Client, key: str, now: dict) -> None:
        objects = now["marks"]["objects"]
        if objects and self.random.random() < 0.4:
            objects = objects[1:]
        else:
            x, y = self.random.randint(0, 40), self.random.randint(0, 30)
            objects = [*objects, box(self.random.choice(["cat", "dog"]), x, y, x + 9.5, y + 8)]
        self.begun[key] = [(one["class"], one["box"]) for one in objects]
        sent = {"version": now["version"], "marks": {"objects": objects}}
        answer = client.put("/api/item", params={"key": key}, json=sent)
        assert answer.status_code == 200, answer.text
        self.known[key] = objects_of(answer)
        self.acknowledged += 1
        del self.begun[key]

    def check(self, client: httpx.Client) -> None:
        """What was acknowledged stands there; what was begun when the server died, whole or not at all."""
        for key, objects in self.known.items():
            there = sorted(objects_of(client.get("/api/item", params={"key": key})))
            assert there in (sorted(objects), sorted(self.begun.get(key, objects))), key
        self.known |= {key: objects_of(client.get("/api/item", params={"key": key})) for key in self.begun}
        self.begun = {}


def test_a_killed_server_loses_nothing(tmp_path):
    file = write_data(tmp_path)
    before = set(file.read_text().splitlines())
    person, chance = Person([f"{number:03}.png" for number in range(6)], 0), random.Random(1)
    for kill in range(KILLS + 1):
        process, client = began(file)
        with client:
            person.check(client)
            if kill < KILLS:
                Timer(chance.uniform(0.02, 0.4), process.kill).start()
                person.label_until_it_is_gone(client)
        process.kill()
        process.join()
    assert person.acknowledged > KILLS
    others = {line for line in before if '"image_id"' not in line or owner(line) >= 6}
    assert {line.strip(",") for line in others} <= {line.strip(",") for line in file.read_text().splitlines()}
    assert [one.name for one in tmp_path.iterdir() if one.suffix != ".png"] == ["train.json"]


def owner(line: str) -> int:
    return json.loads(line.strip(","))["image_id"]
