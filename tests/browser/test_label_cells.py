"""Sixty photographs of blood cells are labelled on the page, first by hand, then with the help of what was trained.

It takes minutes, and data that are not here, so it runs only where it is asked for:

    JUMOK_DATA=data pytest -s tests/browser/test_label_cells.py

The folder holds `bccd` (BCCD_Dataset as it is published) and `weights` (see recipes/README.md). What is measured is
printed as lines of JSON.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from annotator import Annotator, Thing, unchanged, waited
from label_parts import saved

DATA = os.environ.get("JUMOK_DATA")
pytestmark = pytest.mark.skipif(DATA is None, reason="JUMOK_DATA names no folder of data")
IMAGES, ROUND, CLASSES = 60, 15, ("RBC", "WBC", "Platelets")
ORDERED = "() => jumok.page.items.filter.order === 'both' && jumok.page.items.ready === 1"
LONGEST = 3600  # seconds of a training beside other work
EXPERIMENT = """\
inputs:
  photo:
    kind: image
    size: 256
    encoder: {{backbone: tf_efficientnet_lite0, weights: {weights}, neck: fpn}}
    augment: {{flip: both, scale: [0.8, 1.3]}}
outputs:
  cells: {{kind: boxes, head: {{kind: dense}}}}
data:
  train: {{coco: photos.json, images: photos}}
  test: {{voc: {bccd}, split: test}}
  split: {{valid: 0.2}}
  on_bad_rows: skip
model: {{width: 96}}
training:
  {{steps: 500, batch_size: 8, learning_rate: 1e-3, warmup: 50, ema_decay: 0.98, evaluate_every: 500, baselines: false}}
"""


class CellPhotos:
    """Photographs without marks in a folder, the command that opens them, and what is truly on them."""

    def __init__(self, folder: Path, data: Path) -> None:
        bccd = data / "bccd"
        listed = (bccd / "ImageSets" / "Main" / "train.txt").read_text().split()
        stems = sorted(listed[row] for row in np.random.default_rng(1).permutation(len(listed))[:IMAGES])
        (folder / "photos").mkdir()
        for stem in stems:
            shutil.copy(bccd / "JPEGImages" / f"{stem}.jpg", folder / "photos")
        self.truth = {f"{stem}.jpg": things(bccd / "Annotations" / f"{stem}.xml") for stem in stems}
        categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES, start=1)]
        empty = {"images": [], "annotations": [], "categories": categories}
        (folder / "photos.json").write_text(json.dumps(empty))
        weights = data / "weights" / "tf_efficientnet_lite0_imagenet1k.safetensors"
        (folder / "cells.yaml").write_text(EXPERIMENT.format(weights=weights, bccd=bccd))
        self.folder = folder
        command = [sys.executable, "-m", "jumok", "label", "cells.yaml", "--port", "0", "--no-browser"]
        self.log = (folder / "log").open("w")
        self.server = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=self.log)
        self.address = self.listening()

    def listening(self) -> str:
        """The address, as soon as the server tells it."""
        while self.server.poll() is None:
            told = (self.folder / "log").read_text()
            if "http://" in told:
                return "http://" + told.split("http://")[1].split()[0]
            time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def ask(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.address}api/{what}") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def scores(self, number: int) -> dict[str, float]:
        """How good a model is on photographs that nobody labels here."""
        evaluation = json.loads((self.folder / f"runs/cells-label/{number:04}/evaluation.json").read_text())
        assert evaluation["split"] == "test"
        return {name: round(evaluation["metrics"][name]["value"], 4) for name in ("AP50", "AP")}

    def written(self) -> Counter[str]:
        """The objects in the file, by class."""
        found = json.loads((self.folder / "photos.json").read_text())
        names = {one["id"]: one["name"] for one in found["categories"]}
        return Counter(names[one["category_id"]] for one in found["annotations"])

    def close(self) -> None:
        self.server.send_signal(signal.SIGINT)
        self.server.wait(60)
        self.log.close()


def things(file: Path) -> list[Thing]:
    """What is on a photograph, without boxes that are points."""
    found = []
    for one in ElementTree.parse(file).getroot().iter("object"):
        box = [float(one.findtext(f"bndbox/{side}") or 0) for side in ("xmin", "ymin", "xmax", "ymax")]
        if box[2] > box[0] and box[3] > box[1]:
            found.append(Thing(one.findtext("name") or "", box))
    return found


@pytest.fixture
def photos(tmp_path):
    here = CellPhotos(tmp_path, Path(DATA).absolute())
    yield here
    here.close()


def train(page, photos: CellPhotos, number: int) -> dict[str, float]:
    """Press the button, see progress, and wait until the page has the new model."""
    page.get_by_role("button", name="Train", exact=False).first.click()
    bar = page.locator(".training-card progress")
    page.wait_for_function("() => jumok.page.training.state === 'running'")
    step = "() => { const { value } = jumok.page.training.bar; return value > 0 && value < 1; }"
    told = {
        "until a step is shown": waited(page, step, LONGEST),
        "training": waited(page, "() => jumok.page.training.state !== 'running'", LONGEST),
    }
    assert page.locator(".told-training.wrong").count() == 0, page.locator(".told-training").inner_text()
    assert bar.is_hidden()
    page.wait_for_function("name => jumok.page.session.model?.name === name", arg=f"cells-label/{number:04}")
    told["until proposals are there"] = waited(
        page, "() => jumok.page.desk.proposals.has(jumok.page.desk.key)", LONGEST
    )
    return {name: round(seconds, 1) for name, seconds in told.items()}


def label(annotator: Annotator, count: int, help: bool) -> dict[str, float]:
    """Label so many images, and tell what it took."""
    page, told = annotator.page, Counter()
    annotator.counts.clear()
    for number in range(count):
        truth = annotator.truth[annotator.key]
        if help:
            page.wait_for_function("() => jumok.page.desk.proposals.has(jumok.page.desk.key)")
            page.wait_for_function("() => jumok.page.desk.editor.stage.known")
            seen = annotator.look()
            told.update(proposals=len(seen.proposals), unchanged=unchanged(seen.proposals, truth))
            if number == 0:
                annotator.walk()
            annotator.repair(by_corners=number == 0)
        annotator.finish()
        told.update(images=1, boxes=len(truth))
        annotator.next_unlabelled()
    saved(page)
    told.update(annotator.counts)
    actions = sum(annotator.counts.values())
    return {**told, "actions": actions, "actions per box": round(actions / told["boxes"], 2)}


def test_sixty_photographs_are_labelled_with_the_help_of_models(photos, open_page):
    page = open_page(photos.address)
    page.wait_for_function("() => window.jumok?.page?.desk?.record && jumok.page.timer")
    annotator = Annotator(page, photos.truth)
    page.keyboard.press("b")
    report = Report()
    report.tell("by hand", label(annotator, ROUND, help=False))
    for number in (1, 2):
        report.tell(f"training {number}", train(page, photos, number))
        report.tell(f"model {number}", photos.scores(number))
        page.get_by_label("Order").select_option("both")
        report.tell(f"order {number}", {"seconds": round(waited(page, ORDERED, LONGEST), 1)})
        annotator.next_unlabelled()
        report.tell(f"with model {number}", label(annotator, ROUND, help=True))
    done = labelled(photos)
    assert len(done) == 3 * ROUND
    assert photos.written() == Counter(one.name for name in done for one in photos.truth[name])
    assert [one["labelled"] for one in photos.ask("train")["history"]] == [ROUND, 2 * ROUND]
    assert report["model 2"]["AP50"] > report["model 1"]["AP50"]
    for number in (1, 2):
        helped = report[f"with model {number}"]
        assert helped["drags"] / helped["boxes"] < report["by hand"]["drags"] / report["by hand"]["boxes"] / 2


class Report(dict[str, dict[str, float]]):
    """What is measured, printed as it comes."""

    def tell(self, name: str, told: dict[str, float]) -> None:
        self[name] = told
        print(json.dumps({name: told}), flush=True)


def labelled(photos: CellPhotos) -> set[str]:
    """The names of the items that are labelled."""
    told = photos.ask("items")
    return {Path(key).name for key, state in zip(told["keys"], told["states"], strict=True) if state != "U"}
