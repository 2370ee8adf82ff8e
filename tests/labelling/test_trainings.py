"""Trainings beside the label page: on what was labelled when they began, in a process that dies with its server."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest
from huggingface_hub import constants

from image_runs import IDS, write_image_experiment, write_scenes
from jumok.encoders import pretrained
from jumok.encoders.pretrained import HubWeights
from jumok.errors import DataError
from jumok.experiment import read_experiment
from jumok.experiment.options import SplitOptions
from jumok.files import is_running, write_json
from jumok.labelling.opening import OpenedLabels
from jumok.labelling.trainings import process as training_process
from jumok.labelling.trainings.files import TrainingFiles
from jumok.labelling.trainings.label_trainings import LabelTrainings
from jumok.labelling.trainings.snapshot import trained_on, write_trained
from jumok.predictor import load
from jumok.runs.layout import LOCK, RunLayout
from jumok.runs.ownership import owned
from label_stores import MemoryStore, box

QUICK = ["training.steps=6", "training.evaluate_every=3", "training.baselines=false"]
LONG = ["training.steps=100000", "training.evaluate_every=2", "training.baselines=false"]


pytestmark = pytest.mark.usefixtures("quick_processes")


def labelled(folder: Path, changes: list[str] = QUICK, number: int = 12) -> OpenedLabels:
    """Scenes of which the first are labelled."""
    write_scenes(folder)
    experiment = read_experiment(write_image_experiment(folder, "boxes"), changes)
    document = json.loads((folder / "train.json").read_text())
    images = {one["id"]: (one["file_name"], folder / one["file_name"]) for one in document["images"]}
    store = MemoryStore(dict(images.values()), list(IDS))
    names = {number: name for name, number in IDS.items()}
    for key, (name, _) in list(images.items())[:number]:
        found = [one for one in document["annotations"] if one["image_id"] == key]
        edges = [(one["category_id"], one["bbox"]) for one in found]
        store.write(
            name,
            "0",
            {"objects": [box(names[c], x, y, x + w, y + h) for c, (x, y, w, h) in edges]},
        )
    return OpenedLabels("scenes", store, "train", "seen", experiment)


def until(reached: Callable[[], bool], seconds: float = 900) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.05)


def at_rest(trainings: LabelTrainings) -> dict:
    until(lambda: trainings.state()["state"] != "running")
    return trainings.state()


def test_a_training_gives_a_model_and_its_score_outlives_it(tmp_path):
    opened, models = labelled(tmp_path), []
    trainings = LabelTrainings(opened, tmp_path / "label", models.append)
    assert trainings.state()["state"] == "idle" and not trainings.resume()
    trainings.start()
    with pytest.raises(DataError, match="running already"):
        trainings.start()
    opened.store.write("images/000001.png", "1", {"objects": []})  # which does not disturb it
    state = at_rest(trainings)
    assert state["state"] == "done", state
    assert state["step"] == state["steps"] == 6 and state["examples"] == 12
    (first,) = state["history"]
    assert first["labelled"] == 12 and first["metric"] == "AP" and 0 <= first["score"] <= 1
    until(lambda: bool(models))
    assert models == [tmp_path / "label" / "0001"] == [trainings.newest()]
    assert set(load(models[0]).outputs) == {"seen"}
    trainings.start()
    assert [one["labelled"] for one in at_rest(trainings)["history"]] == [12, 12]
    until(lambda: len(models) == 2)
    assert [one.name for one in sorted((tmp_path / "label").iterdir()) if one.is_dir()] == ["0002"]
    again = LabelTrainings(opened, tmp_path / "label", models.append)
    assert again.state() == trainings.state() and again.newest() == models[1] and not again.resume()


def test_a_training_that_cannot_begin_says_why(tmp_path):
    trainings = LabelTrainings(labelled(tmp_path, number=2), tmp_path / "label", print)
    trainings.start()
    state = at_rest(trainings)
    assert state["state"] == "failed" and "2 labelled items are too few" in state["sentence"]["en"]
    assert trainings.newest() is None and not list((tmp_path / "label").glob("0*"))


def test_a_training_that_fails_says_why(tmp_path):
    opened = labelled(tmp_path)
    (tmp_path / "valid.json").unlink()
    trainings = LabelTrainings(opened, tmp_path / "label", print)
    trainings.start()
    state = at_rest(trainings)
    assert state["state"] == "failed" and "valid.json" in state["sentence"]["en"]


def test_a_killed_training_is_told_as_failed(tmp_path):
    trainings = LabelTrainings(labelled(tmp_path, LONG), tmp_path / "label", print)
    trainings.start()
    until(lambda: trainings.state()["step"] > 0)
    os.kill(owner(tmp_path), signal.SIGKILL)
    state = at_rest(trainings)
    assert state["state"] == "failed" and "ended without a word" in state["sentence"]["en"]


def owner(folder: Path) -> int:
    return int((RunLayout(folder / "label" / "0001").path / ".lock").read_text())


def test_a_stopped_training_stays_stopped_and_only_one_server_trains(tmp_path):
    trainings = LabelTrainings(labelled(tmp_path, LONG), tmp_path / "label", print)
    trainings.start()
    until(lambda: trainings.state()["step"] > 0)
    other = LabelTrainings(trainings.opened, tmp_path / "label", print)
    assert not other.resume()
    state = other.state()
    assert state["state"] == "running" and state["elsewhere"] and state["step"] > 0
    assert "another jumok label trains on these data: step" in state["sentence"]["en"]
    other.stop()  # which is not its own
    assert trainings.state()["state"] == "running" and not trainings.state()["elsewhere"]
    with pytest.raises(DataError, match="another jumok label trains"):
        other.start()
    process = owner(tmp_path)
    trainings.stop()
    for one in (trainings, other):
        state = at_rest(one)
        assert state["state"] == "idle" and "stopped at step" in state["sentence"]["en"]
    until(lambda: not is_running(process))
    assert not LabelTrainings(trainings.opened, tmp_path / "label", print).resume()


SERVER = """
import sys, time
from pathlib import Path
from test_trainings import LONG, labelled
from jumok.labelling.trainings.label_trainings import LabelTrainings
folder = Path(sys.argv[1])
LabelTrainings(labelled(folder, LONG), folder / "label", print).start()
time.sleep(3600)
"""


def test_a_training_of_a_killed_server_is_taken_over_and_none_runs_on(tmp_path, python):
    """At once, by whoever is there, though the process of the killed server is still about to save."""
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    server = subprocess.Popen([*python, "-c", SERVER, tmp_path], env={**os.environ, "PYTHONPATH": paths})
    progress = tmp_path / "label" / "0001.progress.json"
    until(lambda: progress.exists() and json.loads(progress.read_text()).get("step", 0) > 2)
    trainings = LabelTrainings(labelled(tmp_path, LONG), tmp_path / "label", print)
    assert trainings.state()["elsewhere"]
    process = owner(tmp_path)
    server.kill()
    server.wait()
    try:
        until(lambda: not trainings.state()["elsewhere"])
        until(lambda: not is_running(process), 60)
        before = json.loads(progress.read_text())["step"]
        until(lambda: trainings.state()["step"] > before)
        assert "step" in trainings.state()["sentence"]["en"] and owner(tmp_path) != process
    finally:
        trainings.close()
    assert not trainings.resume()  # a server that ends begins nothing
    until(lambda: not is_running(owner(tmp_path)))
    assert [one.name for one in (tmp_path / "label").iterdir() if one.is_dir()] == ["0001"]


def test_a_training_waits_for_the_one_before_it_and_keeps_how_that_ended(tmp_path, monkeypatch):
    run, done = tmp_path / "label" / "0001", {"state": "done", "labelled": 12, "metric": "AP", "score": 0.5}
    monkeypatch.setattr(sys, "argv", ["", str(run)])
    monkeypatch.setattr(os, "nice", lambda by: 0)
    monkeypatch.setattr(training_process, "end_with_server", lambda: None)
    with owned(run / LOCK, DataError) as held:

        def end() -> None:
            write_json(TrainingFiles(run).result, done)
            held.close()

        Timer(0.3, end).start()
        training_process.train_beside_page()
    assert json.loads(TrainingFiles(run).result.read_text()) == done


@pytest.mark.parametrize(
    ("split", "count", "expected"),
    [
        ({"valid": 0.1, "test": 0.1}, 20, {"valid": 0.2}),
        ({"valid": 0.1, "test": 0.1, "seed": 3}, 200, {"valid": 0.1, "test": 0.1, "seed": 3}),
        ({"valid": 1000, "seed": 3}, 40, {"valid": 0.2, "seed": 3}),
        ({"valid": 10}, 60, {"valid": 10}),
    ],
)
def test_of_few_examples_a_fifth_chooses_the_model(tmp_path, split, count, expected):
    write_scenes(tmp_path)
    experiment = read_experiment(write_image_experiment(tmp_path, "boxes"))
    given = experiment.model_dump(mode="json")
    source = given["data"]["train"]
    given["data"] = {"train": source, "split": split}
    made = trained_on(given, source, count).data
    assert made.split is not None and made.valid is None
    assert made.split == SplitOptions(**expected)


@pytest.fixture
def no_hub(monkeypatch, tmp_path) -> None:
    """Nobody answers, and nothing was fetched before."""
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def hub(monkeypatch, tmp_path) -> None:
    """The weights of any network are on this machine."""
    found = HubWeights(tmp_path / "w.safetensors", "w.safetensors", "somewhere", None)
    monkeypatch.setattr(pretrained, "hub_weights", lambda name: found)


def test_of_a_folder_an_experiment_is_made_that_may_be_changed(tmp_path, hub):
    """As `jumok new` would write it; the next training uses it as the user has left it."""
    made = labelled(tmp_path)
    opened = OpenedLabels("photos", made.store)
    run = tmp_path / "label" / "0001"
    assert write_trained(opened, run) == (12, None)
    file = RunLayout(run.parent).experiment
    first = read_experiment(RunLayout(run).experiment)
    assert first.outputs.keys() == {"objects"} and first.inputs["image"].part.backbone == "resnet18"
    assert first.data.train.coco == RunLayout(run).data / "annotations.json"
    assert read_experiment(file).data.train == first.data.train
    changed = file.read_text().replace("resnet18 ", "convolutional ") + "training: {steps: 6}  # mine\n"
    file.write_text(changed)
    again = run.with_name("0002")
    write_trained(opened, again)
    second = read_experiment(RunLayout(again).experiment)
    assert second.inputs["image"].part.backbone == "convolutional" and second.training.steps == 6
    assert second.data.train.coco == RunLayout(again).data / "annotations.json"
    assert file.read_text() == changed.replace("0001/data", "0002/data")


@pytest.mark.parametrize(
    ("written", "then"),
    [
        ("  train: {coco: OLD, images: /}   # mine", "  train: {coco: NEW, images: /}   # mine"),
        (
            "  train:\n    coco: OLD\n    images: /  # mine",
            "  train:\n    {coco: NEW, images: /}  # mine",
        ),
        ("  train: {coco: ../train.json}  # mine", "  train: {coco: ../train.json}  # mine"),
    ],
)
def test_the_file_of_a_folder_names_the_newest_snapshot(tmp_path, no_hub, written, then):
    """Whatever the user made of the line; data of the user's own stay."""
    made = labelled(tmp_path)
    write_trained(OpenedLabels("photos", made.store), tmp_path / "label" / "0001")
    file = RunLayout(tmp_path / "label").experiment
    text = file.read_text()
    (line,) = re.findall("^  train: .*$", text, re.MULTILINE)
    root = os.path.relpath("/", tmp_path / "label")

    def with_line(new: str) -> str:
        for name, value in (("OLD", "0001"), ("NEW", "0002")):
            new = new.replace(name, f"{value}/data/annotations.json")
        return text.replace(line, new.replace("images: /", f"images: {root}"))

    assert text == with_line("  train: {coco: OLD, images: /}")
    file.write_text(with_line(written))
    write_trained(OpenedLabels("photos", made.store), tmp_path / "label" / "0002")
    assert file.read_text() == with_line(then)


def test_without_a_connection_a_folder_is_learned_from_the_start(tmp_path, no_hub, jumok):
    """The page and the file say so, and `jumok train` takes the file after any number of trainings."""
    folder = tmp_path / "label"
    layout = RunLayout(folder)
    trainings = LabelTrainings(OpenedLabels("photos", labelled(tmp_path).store), folder, lambda run: None)
    folder.mkdir()
    trainings.start()
    until(lambda: layout.experiment.exists())
    until(lambda: trainings.state()["steps"] > 0)
    note = trainings.state()["note"]
    assert "resnet18 cannot be downloaded" in note["en"] and "resnet18" in note["ko"]
    trainings.stop()
    at_rest(trainings)
    text = layout.experiment.read_text()
    assert "weights of resnet18 could not be downloaded" in text and "\nmodel: {width: 64} " in text
    made = read_experiment(layout.experiment).inputs["image"].part
    assert made.backbone == "convolutional" and made.channels == (8, 16, 32, 64, 64)
    layout.experiment.write_text(text.replace("size: 320", "size: 64").replace("steps: 200", "steps: 4"))
    for _ in range(2):
        trainings.start()
        assert at_rest(trainings)["state"] == "done" and trainings.state()["note"] is None
    assert [one.name for one in folder.iterdir() if one.is_dir()] == ["0003"]
    ended = jumok(
        "train", layout.experiment, "--run", tmp_path / "again", "--set", "training.baselines=false"
    )
    assert ended.status == 0, ended.talk
